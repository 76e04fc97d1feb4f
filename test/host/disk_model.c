/* SPDX-License-Identifier: MIT */
/*
 * The model of disk_machine.h. Everything is asked block by block of what the
 * images own; there is no table of states, no list of doubles and no order of
 * sets to get wrong.
 */
#include "kern/abi/error.h"
#include "test/host/disk_machine.h"

void
model_owns(unsigned type, const uint8_t *image, struct owned_few *few)
{
    static struct owned_set set;

    /* The kernel's set only takes it down here. */
    few->count = 0;
    owned_begin(&set, BLOCKS, 1 | 1 << TREE_TYPE | 1 << LOG_TYPE);
    if (type == DISK_TYPE_CATALOGUE) {
        const struct disk_tree *tree = (const struct disk_tree *)image;

        for (unsigned i = 0; i < DISK_TREES && tree[i].count != 0; i++) {
            (void)owned_emit(&set, tree[i].first, tree[i].count, tree[i].type);
        }
    } else {
        uint64_t result;

        CHECK(disk_owns_native(type, image, &set, &result) && result == 0);
    }
    CHECK(set.count <= EXTENTS_MAX + 1);
    few->count = set.count;
    memcpy(few->extent, set.extent, set.count * sizeof(set.extent[0]));
}

void
model_guard(struct model_block *m, const uint8_t *image)
{
    m->write = m->type == TREE_TYPE ? ((const struct tree_image *)image)->write
                                    : ((const struct log_image *)image)->guard;
}

bool
few_has(const struct owned_few *few, uint64_t block, uint8_t *type)
{
    for (uint32_t i = 0; i < few->count; i++) {
        const struct disk_extent *x = &few->extent[i];

        if (block >= x->first && block - x->first < x->count) {
            *type = (uint8_t)x->type;
            return true;
        }
    }
    return false;
}

static void
view_newest(const struct model_block *m, uint16_t owner)
{
    for (uint32_t i = 0; i < m->newest.count; i++) {
        const struct disk_extent *x = &m->newest.extent[i];

        for (uint64_t b = x->first; b < x->first + x->count; b++) {
            struct model_view *view = &machine->view[b];

            view->newest_owners++;
            view->newest = owner;
            view->type = (uint8_t)x->type;
        }
    }
}

static void
view_disk(const struct owned_few *few, uint16_t owner)
{
    for (uint32_t i = 0; i < few->count; i++) {
        const struct disk_extent *x = &few->extent[i];

        for (uint64_t b = x->first; b < x->first + x->count; b++) {
            struct model_view *view = &machine->view[b];

            if (view->disk_owners == 0 ||
                (owner != view->newest && view->disk != owner)) {
                view->disk = owner;
            }
            view->disk_owners++;
            view->double_owned |=
                view->newest_owners > 0 && view->newest != owner;
        }
    }
}

void
model_view(void)
{
    memset(machine->view, 0, sizeof(machine->view));
    for (unsigned b = DISK_CATALOGUE_BLOCK; b < BLOCKS; b++) {
        if (machine->model[b].newest_there) {
            view_newest(&machine->model[b], (uint16_t)b);
        }
    }
    for (unsigned b = DISK_CATALOGUE_BLOCK; b < BLOCKS; b++) {
        const struct model_block *m = &machine->model[b];

        if (m->disk_there) {
            view_disk(&m->disk, (uint16_t)b);
        }
        if (m->perhaps_there) {
            view_disk(&m->perhaps, (uint16_t)b);
        }
    }
}

static void
check_block(uint64_t b)
{
    const struct volume *v = &machine->v;
    const struct model_view *view = &machine->view[b];
    const struct disk_double *found;
    unsigned state = block_state(&v->blocks, b);
    uint32_t e = registry_find(&v->registry, b);

    (void)double_run(&v->doubles, b, 1, &found);
    CHECK(view->newest_owners < 2 || found->kind == DOUBLE_FROZEN);
    CHECK_EQUAL(found != NULL, view->double_owned);
    if (view->newest_owners > 0) {
        CHECK(state == BLOCK_USED || state == BLOCK_UNINITIALISED);
        CHECK_EQUAL(block_type(&v->blocks, b), view->type);
        CHECK(state == BLOCK_USED || view->disk_owners == 0);
    } else if (view->disk_owners > 0) {
        CHECK_EQUAL(state, BLOCK_WILL_FREE);
    } else {
        CHECK_EQUAL(state, BLOCK_FREE);
    }
    if (view->newest_owners == 0) {
        CHECK_EQUAL(e, REGISTRY_NONE);
    } else if (e != REGISTRY_NONE) {
        CHECK_EQUAL(machine->entry[e].type, view->type);
        CHECK(view->newest_owners == 2 ||
              machine->entry[e].parent == view->newest);
        CHECK_EQUAL((machine->entry[e].flags & REGISTRY_FROZEN) != 0,
                    view->newest_owners == 2 && view->type != DISK_TYPE_DATA);
    }
}

void
model_check(void)
{
    static bool reached[BLOCKS];

    model_view();
    /* In the midst of something it is neither the old nor the new. */
    if (machine->v.change.active || machine->v.settle.entry != REGISTRY_NONE) {
        return;
    }
    for (uint64_t b = DISK_FIRST_BLOCK; b < BLOCKS; b++) {
        check_block(b);
    }
    /* What is attached is found to be, once all that was written settled. */
    if (volume_busy(&machine->v)) {
        return;
    }
    model_reach(true, reached);
    for (unsigned e = 0; e < ENTRIES; e++) {
        const struct registry_entry *entry = &machine->entry[e];

        if (entry->state != REGISTRY_FREE &&
            (entry->flags & REGISTRY_META) != 0) {
            CHECK((entry->flags & REGISTRY_DETACHED) != 0 ||
                  reached[entry->block] ||
                  !machine->view[entry->block].newest_owners ||
                  model_lost(entry->block));
            CHECK((entry->flags & REGISTRY_DETACHED) == 0 ||
                  !reached[entry->block]);
        }
    }
}

bool
model_lost(uint64_t block)
{
    for (unsigned i = 0; i < BLOCKS && block != DISK_CATALOGUE_BLOCK; i++) {
        block = machine->view[block].newest;
    }
    return block != DISK_CATALOGUE_BLOCK;
}

/* What an image owns is reached; metadata among it is put on the stack. Returns
   how deep that is then. */
static unsigned
reach(const struct owned_few *few, bool *reached, uint64_t *stack,
      unsigned depth)
{
    for (uint32_t i = 0; i < few->count; i++) {
        const struct disk_extent *x = &few->extent[i];

        for (uint64_t b = x->first; b < x->first + x->count; b++) {
            if (!reached[b] && x->type != DISK_TYPE_DATA) {
                stack[depth++] = b;
            }
            reached[b] = true;
        }
    }
    return depth;
}

void
model_reach(bool disk, bool *reached)
{
    static uint64_t stack[BLOCKS];
    unsigned depth = 1;

    memset(reached, 0, BLOCKS * sizeof(*reached));
    reached[DISK_CATALOGUE_BLOCK] = true;
    stack[0] = DISK_CATALOGUE_BLOCK;
    while (depth > 0) {
        const struct model_block *m = &machine->model[stack[--depth]];

        if (disk ? m->disk_there : m->newest_there) {
            depth = reach(disk ? &m->disk : &m->newest, reached, stack, depth);
        }
    }
}

void
model_change(const struct change_block *block, uint32_t blocks)
{
    static struct model_view before[BLOCKS];

    model_view();
    memcpy(before, machine->view, sizeof(before));
    for (uint32_t i = 0; i < blocks; i++) {
        const struct registry_entry *entry = &machine->entry[block[i].entry];
        struct model_block *m = &machine->model[entry->block];

        m->newest_there = true;
        m->type = entry->type;
        model_owns(m->type, registry_page(entry->frame), &m->newest);
        model_guard(m, registry_page(entry->frame));
    }
    model_view();
    for (uint64_t b = DISK_FIRST_BLOCK; b < BLOCKS; b++) {
        const struct model_view *view = &machine->view[b];

        if (before[b].newest_owners == 0 && view->newest_owners > 0) {
            machine->generation[b]++;
            machine->flushed[b] = 0;
        }
        if (before[b].newest_owners > 0 && view->newest_owners == 0) {
            memset(&machine->model[b], 0, sizeof(machine->model[b]));
        }
    }
    model_view();
}
