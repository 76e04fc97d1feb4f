/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_SURVEY_H
#define CHITIN_TEST_POWER_CUT_SURVEY_H
/*
 * Who owns what on a disk, found by walking over all trees from the catalogue,
 * with types run by the interpreter: a second opinion, that shares no code with
 * the kernel's recovery.
 */
#include "kern/abi/disk.h"

#define SURVEY_BLOCKS_MAX 8192

struct survey_block {
    uint8_t owners;     /* how many extents have it; at most 255 */
    uint8_t type;       /* in the first of them */
    bool malformed;     /* metadata that says nothing sensible */
    uint32_t parent[2]; /* the metadata blocks of the first two */
};

struct survey {
    const uint8_t *image;
    uint64_t blocks;
    struct survey_block block[SURVEY_BLOCKS_MAX];
    uint64_t used;      /* blocks with an owner, from DISK_FIRST_BLOCK on */
    uint64_t twice;     /* blocks with more than one */
    uint64_t malformed; /* metadata blocks */
};

/* Surveys an image of `bytes`. False if it has no label. */
bool survey_run(struct survey *survey, const uint8_t *image, uint64_t bytes);

/* Runs `owns` of a type that the disk of this survey has over an image of 4
   KiB: at most DISK_EXTENTS_MAX extents. How many; -1 if it is malformed, or
   there is no such type. */
int survey_owns(const struct survey *survey, uint32_t type,
                const uint8_t *image, struct disk_extent *extents);

#endif
