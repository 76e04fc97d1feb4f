/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_JUDGE_H
#define CHITIN_TEST_POWER_CUT_JUDGE_H
/*
 * Whether a disk is as it may be after a power cut:
 *
 *   - the kernel's recovery ends, and its block table is what a walk over all
 *     trees finds (survey.h); blocks with two owners are on its list
 *   - the log has what was synced, and a prefix of what came then (work.h)
 *   - so has the tree (tree.h), and each of its blocks holds what was written
 *     there for it: nothing that was on the disk before, of nobody or of others
 *
 * A disk without a label, or without the trees, is right as long as nobody said
 * that anything was durable.
 */
#include "test/power-cut/mark.h"
#include "test/power-cut/survey.h"

/* What was there in free blocks at first, and may never be seen. */
#define JUDGE_SECRET 0x7465726365734c4f

struct judge_counts {
    uint64_t disks;
    uint64_t raw;   /* had no label */
    uint64_t empty; /* had not all trees */
    uint64_t twice; /* had blocks with two owners */
};

/* NULL, or what is wrong. `mark` is the last that was said, or NULL. */
const char *judge_disk(const uint8_t *image, uint64_t bytes,
                       const struct mark *mark, struct judge_counts *counts);

#endif
