/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_TREE_H
#define CHITIN_TEST_POWER_CUT_TREE_H
/*
 * A second type of metadata, that has nothing to do with the log and shares the
 * disk with it: a root, which owns TREE_LEAVES leaves, which own extents of
 * data. Extents are added, removed, and moved from leaf to leaf; each has a
 * number, and all of its blocks say which it is.
 *
 * The operations, counted from 1 on, follow from a seed. Operation i adds an
 * extent of number i to a leaf, or takes one away, or moves one. Leaves reach
 * the disk one by one, so after a crash there need be no moment that the tree
 * shows; but an extent that was there at the last sync, and was to stay, is
 * there; and none is that was not to be at some time since.
 */
#include "kern/abi/disk.h"

#define TREE_LEAVES 4
#define TREE_EXTENTS 24 /* of a leaf, at most */
#define TREE_BLOCKS 4   /* of an extent, at most */
#define TREE_LIVE 48    /* extents of all leaves, at most */
#define TREE_MAGIC 0x656572742d747365

struct tree_extent {
    uint64_t first;
    uint32_t count;
    uint32_t type; /* DISK_TYPE_DATA, or in the root the tree's own */
    uint64_t number;
};

#define TREE_EXTENTS_MAX 168
struct tree_node {
    uint64_t magic;
    uint32_t count;
    uint32_t zero;
    struct cap_name guard;
    uint64_t unused[4];
    struct tree_extent extent[TREE_EXTENTS_MAX]; /* ascending by `first` */
};

_Static_assert(sizeof(struct tree_node) == DISK_BLOCK_BYTES, "one block");

extern const char tree_owns[];
extern const char tree_access[];
#define TREE_TYPE_NAME "tree"

void tree_node_make(struct tree_node *node, const struct cap_name *guard);
/* Puts an extent in; there is room. */
void tree_node_add(struct tree_node *node, const struct tree_extent *extent);
/* Takes the extent of this number out, into *extent. False if it is not there.
 */
bool tree_node_take(struct tree_node *node, uint64_t number,
                    struct tree_extent *extent);

/* Which extents there are to be, and where. */
struct tree_model {
    uint64_t seed;
    uint64_t done; /* operations */
    uint32_t live;
    struct {
        uint64_t number;
        uint32_t count;
        uint32_t leaf;
    } extent[TREE_LIVE];
};

enum tree_kind { TREE_ADD, TREE_REMOVE, TREE_MOVE };

struct tree_operation {
    enum tree_kind kind;
    uint64_t number;
    uint32_t count;
    uint32_t leaf; /* to; of TREE_REMOVE, from */
    uint32_t from; /* of TREE_MOVE */
};

void tree_model_begin(struct tree_model *model, uint64_t seed);
/* The next operation, which the model has done then. */
struct tree_operation tree_model_next(struct tree_model *model);

/* What block `index` of an extent has. */
void tree_block_fill(void *block, uint64_t seed, uint64_t number,
                     uint64_t index);
bool tree_block_check(const void *block, uint64_t seed, uint64_t number,
                      uint64_t index);

/* Extents that were found after a crash. */
#define TREE_FOUND_MAX (TREE_LEAVES * TREE_EXTENTS)
struct tree_found {
    uint32_t count;
    uint64_t number[TREE_FOUND_MAX]; /* may have some twice */
};

/* Whether that may be what is left when `synced` operations were synced, and at
   most `ahead` more had been made. NULL, or why not. */
const char *tree_found_check(const struct tree_found *found, uint64_t seed,
                             uint64_t synced, uint64_t ahead);

#endif
