/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_MARK_H
#define CHITIN_TEST_POWER_CUT_MARK_H
/*
 * What the machine says of itself, in the one block of the tree MARK_TREE:
 * which operations of which seed are durable. Written when they are, and not
 * flushed: whoever reads the trace takes it for a message.
 */
#include "kern/abi/types.h"

#define MARK_TREE "marks"
#define LOG_TREE "log"
#define TREE_TREE "tree"

/* How many operations there are beyond a mark, at most. */
#define MARK_AHEAD 16

struct mark {
    char magic[16]; /* REPLAY_MARK */
    uint64_t seed;  /* 0: nothing is said */
    uint64_t log;   /* operations */
    uint64_t tree;
};

#endif
