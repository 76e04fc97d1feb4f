/* SPDX-License-Identifier: MIT */
#include "user/exo/census.h"

#include <string.h>

/* The env that a record or a row names, or null. */
static struct census_env *
env_of(struct census *c, uint32_t id)
{
    unsigned index = id >> 20;

    return id != 0 && index < ENVS_MAX && c->env[index].row.id == id
               ? &c->env[index]
               : NULL;
}

/* There are places for many more records than there is RAM: where that is, is
   found out once. */
static void
ram_find(struct census *c, const struct machine *m)
{
    uint64_t seen = 0;

    for (uint64_t i = 0; i < m->frames_end && seen < m->boot->frames; i++) {
        if (m->frames[i].type != FRAME_ABSENT) {
            c->first = seen == 0 ? i : c->first;
            c->end = i + 1;
            seen++;
        }
    }
}

static void
frame_count(struct census *c, const volatile struct frame *record)
{
    uint64_t pages = (uint64_t)1 << record->order;
    struct census_env *e = env_of(c, record->owner);

    switch (record->type) {
    case FRAME_ABSENT:
    case FRAME_PART:
        return;
    case FRAME_RESERVED:
    case FRAME_KERNEL:
        c->kernel += pages;
        return;
    case FRAME_FREE:
        if (record->owner == FRAME_OWNER_DEVICE) {
            c->leaving += pages;
            return;
        }
        c->free += pages;
        c->clean += (record->flags & FRAME_CLEAN) != 0 ? pages : 0;
        return;
    case FRAME_REGISTRY:
        c->registry += pages;
        return;
    default:
        break;
    }
    if (e == NULL) {
        c->leaving += pages;
        return;
    }
    c->owned += pages;
    e->frames += pages;
    if (record->type == FRAME_DATA) {
        e->shared += record->maps > 1 ? pages : 0;
    } else if (record->type <= FRAME_SHADOW) {
        e->tables += pages;
    }
}

static void
frames_count(struct census *c, const struct machine *m)
{
    if (c->end == 0) {
        ram_find(c, m);
    }
    c->total = m->boot->frames;
    for (uint64_t i = c->first; i < c->end; i++) {
        frame_count(c, &m->frames[i]);
    }
}

static void
slots_count(struct census *c, const struct machine *m)
{
    for (unsigned i = 0; i < m->boot->hart_count * SLOTS; i++) {
        struct census_env *e = env_of(c, m->slots[i]);

        c->slots++;
        c->slots_free += m->slots[i] == 0;
        if (e != NULL) {
            e->slots++;
        }
    }
}

static void
registry_count(struct census *c, const struct machine *m)
{
    for (unsigned d = 0; d < m->boot->disk_count; d++) {
        const volatile struct disk_row *disk = &m->disks[d];

        for (uint32_t i = 0; i < disk->registry_count; i++) {
            const volatile struct registry_entry *entry =
                &m->registry[disk->registry_first + i];
            uint8_t state = entry->state;
            struct census_env *e = env_of(c, entry->holder);

            c->entries++;
            c->entries_used += state != REGISTRY_FREE;
            c->entries_dirty +=
                state == REGISTRY_DIRTY || state == REGISTRY_WRITING;
            if (state != REGISTRY_FREE && e != NULL) {
                e->entries++;
            }
        }
    }
}

void
census_take(struct census *c, const struct machine *m)
{
    uint64_t first = c->first;
    uint64_t end = c->end;

    memset(c, 0, sizeof(*c));
    c->first = first;
    c->end = end;
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        if (!machine_env(m, i, &c->env[i].row)) {
            c->env[i].row.id = 0;
        }
    }
    frames_count(c, m);
    slots_count(c, m);
    registry_count(c, m);
}

uint64_t
census_frames_of(struct census *c, const struct machine *m, uint32_t env)
{
    uint64_t pages = 0;

    if (c->end == 0) {
        ram_find(c, m);
    }
    for (uint64_t i = c->first; i < c->end; i++) {
        const volatile struct frame *record = &m->frames[i];

        if (record->type > FRAME_PART && record->type != FRAME_REGISTRY &&
            record->owner == env) {
            pages += (uint64_t)1 << record->order;
        }
    }
    return pages;
}
