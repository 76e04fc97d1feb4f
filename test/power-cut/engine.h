/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_ENGINE_H
#define CHITIN_TEST_POWER_CUT_ENGINE_H
/*
 * What a program does to a disk while the power may go: it formats it, or finds
 * it as a crash left it and checks that; then it works on a log and on a tree,
 * whose types know nothing of each other, and says what is durable. The same in
 * the machine and on the host, on lib/disk or on what stands in for it.
 */
#include "lib/disk/node.h"
#include "lib/log/log_disk.h"
#include "test/power-cut/mark.h"
#include "test/power-cut/tree.h"
#include "test/power-cut/work.h"

#define ENGINE_SEGMENT 8 /* blocks */
#define ENGINE_SEGMENTS                                                        \
    10                     /* more than so many, and the oldest is reclaimed   \
                            */
#define ENGINE_LOG_STEP 8  /* operations on the log between two syncs */
#define ENGINE_TREE_STEP 4 /* and on the tree */

struct engine {
    struct disk whole;     /* for the catalogue: everything may be done */
    struct disk log_disk;  /* with what the log's guard asks for */
    struct disk tree_disk; /* and the tree's */
    struct cap_name log_guard;
    struct cap_name tree_guard;
    /* The rest is the engine's. */
    struct node catalogue;
    uint64_t types[2]; /* of log and tree */
    uint64_t marks;    /* a binding */
    struct log_on_disk log_on;
    struct log log;
    struct log_place index[WORK_INDEX];
    struct node leaf[TREE_LEAVES];
    struct node root;
    struct tree_model model;
    uint64_t log_done;
    const char *why; /* it does not go on */
    int64_t error;
    uint64_t frozen; /* extents with two owners that were found */
    bool new;        /* the disk was formatted */
};

/* The disks and guards are set. Recovers the disk, or formats a raw one, and
   makes what is missing. Then checks what is there against the mark that is
   there. False: e->why, and e->error if it is not 0. */
bool engine_open(struct engine *e);

/* Takes away all that the last seed's operations left, and begins with a new
   seed. What is said to be durable before is not true any more, and the
   caller has said so. */
bool engine_begin(struct engine *e, uint64_t seed);

/* Some operations, and a sync; then they are durable, and a mark is written. */
bool engine_step(struct engine *e);

#endif
