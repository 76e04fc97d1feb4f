/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_TYPE_RUN_H
#define CHITIN_TEST_POWER_CUT_TYPE_RUN_H
/* The programs of a type block, run by the interpreter. */
#include "kern/abi/disk.h"
#include "kern/code/verify.h"

struct type_run {
    bool good;
    _Alignas(8) uint8_t block[DISK_BLOCK_BYTES];
    struct code_note notes[2][DISK_BLOCK_BYTES / 8]; /* owns, access */
};

/* Learns a type block, unless it is the one that is known. Whether its
   programs can be run. */
bool type_run_learn(struct type_run *type, const void *block);

/* Runs `owns` over 4 KiB; each CODE_EMIT calls `emit` with its arguments. False
   if the program was stopped. */
bool type_run_owns(struct type_run *type, const uint8_t *image,
                   uint64_t (*emit)(void *context, uint32_t number,
                                    const uint64_t *arguments),
                   void *context, uint64_t *result);

/* Runs `access`, likewise. */
bool type_run_access(struct type_run *type, const uint8_t *image,
                     uint64_t first, uint64_t right, uint64_t *result);

#endif
