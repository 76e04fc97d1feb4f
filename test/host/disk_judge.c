/* SPDX-License-Identifier: MIT */
/*
 * What a change may do, by the model. Each block of the disk is looked at by
 * itself, and who waits for whom is a matrix that is closed.
 */
#include "kern/abi/error.h"
#include "test/host/disk_machine.h"

static bool
disk_has(const struct model_block *m, uint64_t block)
{
    uint8_t type;

    return (m->disk_there && few_has(&m->disk, block, &type)) ||
           (m->perhaps_there && few_has(&m->perhaps, block, &type));
}

struct proposal {
    const struct change_block *block;
    uint32_t blocks;
    const struct cap *cap;
    uint64_t at[DISK_CHANGE_BLOCKS]; /* on the disk */
    struct owned_few after[DISK_CHANGE_BLOCKS];
    uint64_t claimed;
    uint64_t given;
    bool any_waits;
    bool waits[BLOCKS][BLOCKS];
};

static bool
name_allowed(const struct cap *cap, const struct cap_name *guard)
{
    return (cap->rights & CAP_WRITE) != 0 && cap_name_valid(guard) &&
           cap_name_dominates(&cap->name, guard);
}

/* The guard that the parent has for what begins at the extent of `block`. */
static bool
parent_allows(const struct proposal *p, uint64_t block)
{
    uint64_t parent = machine->view[block].newest;
    const struct model_block *m = &machine->model[parent];
    uint32_t e = registry_find(&machine->v.registry, parent);
    const struct disk_tree *tree;

    if (e == REGISTRY_NONE || machine->view[block].newest_owners == 0) {
        return false;
    }
    if (m->type != DISK_TYPE_CATALOGUE) {
        return name_allowed(p->cap, &m->write);
    }
    tree = (const struct disk_tree *)registry_page(machine->entry[e].frame);
    for (; tree->count != 0; tree++) {
        if (block >= tree->first && block - tree->first < tree->count) {
            return name_allowed(p->cap, &tree->guard);
        }
    }
    return false;
}

/* Whether one catalogue has the entry just as it is. */
static bool
tree_in(const struct disk_tree *tree, const struct disk_tree *others)
{
    for (unsigned i = 0; i < DISK_TREES; i++) {
        if (memcmp(tree, &others[i], sizeof(*tree)) == 0) {
            return true;
        }
    }
    return false;
}

static bool
trees_allowed(const struct proposal *p, const uint8_t *some,
              const uint8_t *others)
{
    const struct disk_tree *tree = (const struct disk_tree *)some;

    for (unsigned i = 0; i < DISK_TREES && tree[i].count != 0; i++) {
        if (!tree_in(&tree[i], (const struct disk_tree *)others) &&
            !name_allowed(p->cap, &tree[i].guard)) {
            return false;
        }
    }
    return true;
}

static bool
block_allowed(const struct proposal *p, uint32_t i)
{
    const struct registry_entry *entry = &machine->entry[p->block[i].entry];
    const uint8_t *image = registry_page(p->block[i].frame);
    const uint8_t *now;

    if ((entry->flags & REGISTRY_EMPTY) != 0) {
        return parent_allows(p, entry->block);
    }
    now = registry_page(entry->frame);
    if (entry->type == DISK_TYPE_CATALOGUE) {
        return trees_allowed(p, now, image) && trees_allowed(p, image, now);
    }
    return name_allowed(p->cap, &machine->model[entry->block].write);
}

/* Whether an image is well-formed, said anew. */
static bool
image_good(unsigned type, const uint8_t *image)
{
    static struct owned_set set;

    owned_begin(&set, BLOCKS, 1 | 1 << TREE_TYPE | 1 << LOG_TYPE);
    if (type == DISK_TYPE_CATALOGUE) {
        return catalogue_owns(image, &set) == 0;
    } else {
        uint64_t result = 0;
        bool ended = disk_owns_native(type, image, &set, &result);

        return ended && result == 0 && !set.malformed;
    }
}

/* What of the changed blocks has block b, as bits, and its type there. */
static unsigned
owners_before(const struct proposal *p, uint64_t b, uint8_t *type)
{
    unsigned bits = 0;

    for (uint32_t i = 0; i < p->blocks; i++) {
        const struct model_block *m = &machine->model[p->at[i]];
        bool has = m->newest_there && few_has(&m->newest, b, &type[i]);

        bits |= (unsigned)has << i;
    }
    return bits;
}

static unsigned
owners_after(const struct proposal *p, uint64_t b, uint8_t *type)
{
    unsigned bits = 0;

    for (uint32_t i = 0; i < p->blocks; i++) {
        bits |= (unsigned)few_has(&p->after[i], b, &type[i]) << i;
    }
    return bits;
}

static bool
child_allowed(const struct proposal *p, uint64_t b)
{
    const struct model_block *m = &machine->model[b];
    uint32_t e = registry_find(&machine->v.registry, b);

    for (uint32_t i = 0; i < p->blocks; i++) {
        if (p->at[i] == b) {
            return false;
        }
    }
    if (!m->newest_there) {
        return true;
    }
    /* What was written must be as it is on the disk, and own nothing. */
    return m->newest.count == 0 && !m->perhaps_there &&
           (!m->disk_there || (e != REGISTRY_NONE &&
                               machine->entry[e].state == REGISTRY_CLEAN)) &&
           (e == REGISTRY_NONE || machine->entry[e].state != REGISTRY_WRITING);
}

/* From D up to the catalogue nothing has two owners or moves. */
static bool
way_clean(const struct proposal *p, uint64_t d)
{
    for (unsigned i = 0; i < 63; i++) {
        uint8_t type[DISK_CHANGE_BLOCKS];
        unsigned before;

        if (d == DISK_CATALOGUE_BLOCK) {
            return true;
        }
        before = owners_before(p, d, type);
        if (machine->view[d].double_owned ||
            machine->view[d].newest_owners != 1 ||
            registry_find(&machine->v.registry, d) == REGISTRY_NONE ||
            (before & ~owners_after(p, d, type)) != 0) {
            return false;
        }
        d = machine->view[d].newest;
    }
    return false;
}

static bool
gone_allowed(struct proposal *p, uint64_t b, unsigned from, int to,
             uint8_t type)
{
    static bool reached[BLOCKS];
    const struct model_view *view = &machine->view[b];

    if (view->newest_owners > 1) {
        p->given += to < 0;
        return to < 0;
    }
    if (view->double_owned) {
        return false;
    }
    if (to < 0) {
        p->given++;
        return type == DISK_TYPE_DATA || child_allowed(p, b);
    }
    if (disk_has(&machine->model[p->at[from]], b)) {
        model_reach(true, reached);
        p->waits[p->at[from]][p->at[to]] = true;
        p->any_waits = true;
        return reached[p->at[to]] &&
               (type == DISK_TYPE_DATA || way_clean(p, p->at[to]));
    }
    return true;
}

static bool
one(unsigned bits)
{
    return (bits & (bits - 1)) == 0;
}

static bool
run_allowed(struct proposal *p, uint64_t b)
{
    uint8_t was[DISK_CHANGE_BLOCKS] = {0};
    uint8_t is[DISK_CHANGE_BLOCKS] = {0};
    unsigned before = owners_before(p, b, was);
    unsigned after = owners_after(p, b, is);
    unsigned gone = before & ~after;
    unsigned came = after & ~before;
    unsigned stay = before & after;

    if (!one(gone) || (!one(after) && (gone | came) != 0)) {
        return false;
    }
    for (unsigned i = 0; i < DISK_CHANGE_BLOCKS; i++) {
        if ((stay >> i & 1) != 0 && was[i] != is[i]) {
            return false;
        }
    }
    if (gone != 0) {
        unsigned from = (unsigned)__builtin_ctz(gone);

        if (stay != 0) {
            return machine->view[b].newest_owners > 1;
        }
        if (came != 0 && is[__builtin_ctz(came)] != was[from]) {
            return false;
        }
        return gone_allowed(p, b, from, came != 0 ? __builtin_ctz(came) : -1,
                            was[from]);
    }
    if (came != 0) {
        p->claimed++;
        return machine->view[b].newest_owners == 0 &&
               machine->view[b].disk_owners == 0;
    }
    return true;
}

/* Whether waiting goes round, or somebody waits for more than four. */
static bool
waits_badly(struct proposal *p)
{
    static bool closed[BLOCKS][BLOCKS];
    unsigned list[BLOCKS];
    unsigned count = 0;

    for (unsigned b = DISK_FIRST_BLOCK; b < BLOCKS; b++) {
        const struct model_view *view = &machine->view[b];

        if (view->double_owned && view->newest_owners == 1 &&
            !(machine->model[view->newest].disk_there &&
              few_has(&machine->model[view->newest].disk, b, &(uint8_t){0}))) {
            p->waits[view->disk][view->newest] = true;
            p->any_waits = true;
        }
    }
    for (unsigned b = DISK_CATALOGUE_BLOCK; b < BLOCKS; b++) {
        if (machine->model[b].newest_there) {
            list[count++] = b;
        }
    }
    if (!p->any_waits) {
        return false;
    }
    memcpy(closed, p->waits, sizeof(closed));
    for (unsigned k = 0; k < count; k++) {
        for (unsigned i = 0; i < count; i++) {
            for (unsigned j = 0; closed[list[i]][list[k]] && j < count; j++) {
                closed[list[i]][list[j]] |= closed[list[k]][list[j]];
            }
        }
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned waits = 0;

        for (unsigned j = 0; j < count; j++) {
            waits += p->waits[list[i]][list[j]];
        }
        if (closed[list[i]][list[i]] || waits > REGISTRY_DEPENDS) {
            return true;
        }
    }
    return false;
}

bool
model_allows(const struct change_block *block, uint32_t blocks,
             uint64_t claimed, uint64_t given, const struct cap *cap)
{
    static struct proposal p;

    if (p.any_waits) {
        memset(&p, 0, sizeof(p));
    }
    p.claimed = 0;
    p.given = 0;
    p.block = block;
    p.blocks = blocks;
    p.cap = cap;
    model_view();
    for (uint32_t i = 0; i < blocks; i++) {
        const struct registry_entry *entry = &machine->entry[block[i].entry];

        p.at[i] = entry->block;
        if (!image_good(entry->type, registry_page(block[i].frame))) {
            machine->why = "an image is malformed";
            return false;
        }
        model_owns(entry->type, registry_page(block[i].frame), &p.after[i]);
    }
    for (uint32_t i = 0; i < blocks; i++) {
        if (!block_allowed(&p, i)) {
            machine->why = "a block may not be changed";
            return false;
        }
    }
    for (uint64_t b = DISK_FIRST_BLOCK; b < BLOCKS; b++) {
        if (!run_allowed(&p, b)) {
            machine->why = "a block may not go there";
            machine->where = b;
            return false;
        }
    }
    machine->why = "other numbers";
    if (p.claimed != claimed || p.given != given) {
        return false;
    }
    machine->why = "the blocks would wait";
    if (waits_badly(&p)) {
        return false;
    }
    machine->why = "a change that the model allows";
    return true;
}
