/* SPDX-License-Identifier: MIT */
/*
 * Who must be on the disk before whom: an entry from which extents moved that
 * its image on the disk owns, after those that have them now. Invariant: there
 * is no cycle. One could only be closed by what a change adds, so it is looked
 * for from there; a walk that becomes too long counts as one.
 *
 * A dependency ends when an image of that version, or a later one, is on the
 * disk; it is not taken out before its place is needed.
 */
#include "kern/disk/change.h"
#include "kern/panic.h"

#define WALK_MAX 64

bool
write_waits(const struct registry *r, uint32_t e, unsigned i)
{
    uint32_t to = r->twin[e].depends[i];

    /* An entry that has another block by now has a later version, too. */
    return to != REGISTRY_NONE &&
           r->twin[to].image_version < r->twin[e].depends_version[i];
}

/* The edges that the change adds to an entry, as bits. */
static unsigned
edges_of(const struct change *c, uint32_t e)
{
    for (unsigned i = 0; i < c->blocks; i++) {
        if (c->block[i].entry == e) {
            return c->edges[i];
        }
    }
    return 0;
}

/* Whether `from` waits for `to`, directly or not; or so it may be: the walk
   ends. */
static bool
waits_for(const struct volume *v, uint32_t from, uint32_t to)
{
    const struct change *c = &v->change;
    uint32_t stack[WALK_MAX];
    unsigned walked = 1;
    unsigned depth = 1;

    stack[0] = from;
    while (depth > 0) {
        uint32_t e = stack[--depth];
        unsigned edges = edges_of(c, e);

        for (unsigned i = 0; i < REGISTRY_DEPENDS + DISK_CHANGE_BLOCKS; i++) {
            uint32_t next;

            if (i < REGISTRY_DEPENDS && write_waits(&v->registry, e, i)) {
                next = v->registry.twin[e].depends[i];
            } else if (i >= REGISTRY_DEPENDS &&
                       (edges >> (i - REGISTRY_DEPENDS) & 1) != 0) {
                next = c->block[i - REGISTRY_DEPENDS].entry;
            } else {
                continue;
            }
            if (next == to || walked++ == WALK_MAX) {
                return true;
            }
            stack[depth++] = next;
        }
    }
    return false;
}

bool
depend_cycles(const struct volume *v, unsigned from, unsigned to)
{
    const struct change *c = &v->change;

    return waits_for(v, c->block[to].entry, c->block[from].entry);
}

bool
depend_fits(const struct volume *v, unsigned i)
{
    const struct change *c = &v->change;
    uint32_t e = c->block[i].entry;
    unsigned edges = c->edges[i];
    int used = __builtin_popcount(edges);

    for (unsigned k = 0; k < REGISTRY_DEPENDS; k++) {
        if (write_waits(&v->registry, e, k)) {
            used++;
            for (unsigned to = 0; to < c->blocks; to++) {
                used -= (edges >> to & 1) != 0 &&
                        c->block[to].entry == v->registry.twin[e].depends[k];
            }
        }
    }
    return used <= REGISTRY_DEPENDS;
}

void
depend_add(struct registry *r, uint32_t e, uint32_t to, uint64_t version)
{
    struct registry_twin *twin = &r->twin[e];
    unsigned place = REGISTRY_DEPENDS;

    for (unsigned i = 0; i < REGISTRY_DEPENDS; i++) {
        if (!write_waits(r, e, i)) {
            place = place == REGISTRY_DEPENDS ? i : place;
        } else if (twin->depends[i] == to) {
            place = i;
            break;
        }
    }
    ASSERT(place < REGISTRY_DEPENDS);
    twin->depends[place] = to;
    twin->depends_version[place] = version;
}
