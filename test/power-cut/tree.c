/* SPDX-License-Identifier: MIT */
#include "test/power-cut/tree.h"

#include <string.h>

/* As the log's, but that each extent says which type it has. */
const char tree_owns[] = "       r6 = r1\n"
                         "       r7 = *(u32 *)(r6 + 8)\n"
                         "       if r7 > 168 goto bad\n"
                         "       r7 *= 24\n"
                         "       r7 += r6\n"
                         "next:  if r6 == r7 goto good\n"
                         "       r1 = *(u64 *)(r6 + 64)\n"
                         "       r2 = *(u32 *)(r6 + 72)\n"
                         "       r3 = *(u32 *)(r6 + 76)\n"
                         "       call 1\n"
                         "       r6 += 24\n"
                         "       goto next\n"
                         "good:  r0 = 0\n"
                         "       exit\n"
                         "bad:   r0 = 1\n"
                         "       exit\n";

const char tree_access[] = "r0 = 16\n"
                           "exit\n";

void
tree_node_make(struct tree_node *node, const struct cap_name *guard)
{
    memset(node, 0, sizeof(*node));
    node->magic = TREE_MAGIC;
    node->guard = *guard;
}

void
tree_node_add(struct tree_node *node, const struct tree_extent *extent)
{
    uint32_t at = node->count;

    while (at > 0 && node->extent[at - 1].first > extent->first) {
        node->extent[at] = node->extent[at - 1];
        at--;
    }
    node->extent[at] = *extent;
    node->count++;
}

bool
tree_node_take(struct tree_node *node, uint64_t number,
               struct tree_extent *extent)
{
    uint32_t at;

    for (at = 0; at < node->count; at++) {
        if (node->extent[at].number == number) {
            *extent = node->extent[at];
            node->count--;
            memmove(&node->extent[at], &node->extent[at + 1],
                    (node->count - at) * sizeof(node->extent[0]));
            memset(&node->extent[node->count], 0, sizeof(node->extent[0]));
            return true;
        }
    }
    return false;
}

static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
    x = (x ^ x >> 29) * 0xc4ceb9fe1a85ec53;
    return x ^ x >> 32;
}

void
tree_model_begin(struct tree_model *model, uint64_t seed)
{
    memset(model, 0, sizeof(*model));
    model->seed = seed;
}

static uint32_t
leaf_count(const struct tree_model *model, uint32_t leaf)
{
    uint32_t count = 0;
    uint32_t i;

    for (i = 0; i < model->live; i++) {
        count += model->extent[i].leaf == leaf;
    }
    return count;
}

struct tree_operation
tree_model_next(struct tree_model *model)
{
    uint64_t i = ++model->done;
    uint64_t random = mix(mix(model->seed) ^ i);
    uint32_t leaf = (uint32_t)(random % TREE_LEAVES);
    uint32_t at = (uint32_t)((random >> 8) % TREE_LIVE);
    struct tree_operation o = {TREE_ADD, i, 0, leaf, 0};

    if (at >= model->live && leaf_count(model, leaf) < TREE_EXTENTS) {
        o.count = 1 + (uint32_t)(random >> 32) % TREE_BLOCKS;
        at = model->live++;
        model->extent[at].number = i;
        model->extent[at].count = o.count;
        model->extent[at].leaf = leaf;
        return o;
    }
    at = at < model->live ? at : 0;
    o.number = model->extent[at].number;
    o.count = model->extent[at].count;
    o.from = model->extent[at].leaf;
    if ((random >> 40) % 2 == 0 && o.from != leaf &&
        leaf_count(model, leaf) < TREE_EXTENTS) {
        o.kind = TREE_MOVE;
        model->extent[at].leaf = leaf;
        return o;
    }
    o.kind = TREE_REMOVE;
    o.leaf = o.from;
    model->extent[at] = model->extent[--model->live];
    return o;
}

/* Words that follow from seed, number, index and place. */
static uint64_t
block_word(uint64_t seed, uint64_t number, uint64_t index, uint64_t word)
{
    return mix(mix(seed + number * TREE_BLOCKS + index) + word);
}

void
tree_block_fill(void *block, uint64_t seed, uint64_t number, uint64_t index)
{
    uint64_t *word = block;
    uint64_t i;

    for (i = 0; i < DISK_BLOCK_BYTES / 8; i++) {
        word[i] = block_word(seed, number, index, i);
    }
}

bool
tree_block_check(const void *block, uint64_t seed, uint64_t number,
                 uint64_t index)
{
    const uint64_t *word = block;
    uint64_t i;

    for (i = 0; i < DISK_BLOCK_BYTES / 8; i++) {
        if (word[i] != block_word(seed, number, index, i)) {
            return false;
        }
    }
    return true;
}

static bool
is_live(const struct tree_model *model, uint64_t number)
{
    uint32_t i;

    for (i = 0; i < model->live; i++) {
        if (model->extent[i].number == number) {
            return true;
        }
    }
    return false;
}

static bool
is_found(const struct tree_found *found, uint64_t number)
{
    uint32_t i;

    for (i = 0; i < found->count; i++) {
        if (found->number[i] == number) {
            return true;
        }
    }
    return false;
}

const char *
tree_found_check(const struct tree_found *found, uint64_t seed, uint64_t synced,
                 uint64_t ahead)
{
    struct tree_model model;
    struct tree_model then;
    bool allowed[TREE_FOUND_MAX] = {false};
    uint64_t step;
    uint32_t i;

    tree_model_begin(&model, seed);
    while (model.done < synced) {
        (void)tree_model_next(&model);
    }
    then = model;
    for (step = 0; step <= ahead; step++) {
        for (i = 0; i < found->count; i++) {
            allowed[i] |= is_live(&then, found->number[i]);
        }
        if (step < ahead) {
            (void)tree_model_next(&then);
        }
    }
    for (i = 0; i < found->count; i++) {
        if (!allowed[i]) {
            return "an extent is there that was not to be";
        }
    }
    for (i = 0; i < model.live; i++) {
        uint64_t number = model.extent[i].number;

        if (is_live(&then, number) && !is_found(found, number)) {
            return "an extent that was synced is not there";
        }
    }
    return NULL;
}
