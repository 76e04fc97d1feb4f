/* SPDX-License-Identifier: MIT */
/*
 * Who owns what: each env's frames, slots and blocks in the registry, counted
 * from the kernel's tables. They change meanwhile: a census is nearly right,
 * and no two rows of it need be of the same moment.
 */
#ifndef USER_EXO_CENSUS_H
#define USER_EXO_CENSUS_H

#include "user/exo/machine.h"

struct census_env {
    struct env_row row; /* id 0: there is no such env */
    uint64_t frames;    /* pages of all it owns; of these */
    uint64_t tables;    /* are page tables, with their shadows */
    uint64_t shared;    /* data that more than one page table maps */
    uint64_t slots;
    uint64_t entries; /* of the registry that it holds */
};

struct census {
    /* By the index in the id. */
    struct census_env env[ENVS_MAX];
    /* Pages. */
    uint64_t total;    /* that have records */
    uint64_t free;     /* nobody's; of these */
    uint64_t clean;    /* are zeroed already */
    uint64_t kernel;   /* the kernel's, and what is kept for firmware */
    uint64_t registry; /* blocks of disks */
    uint64_t leaving;  /* that devices may still touch */
    uint64_t owned;    /* some env's */
    uint64_t slots, slots_free;
    uint64_t entries, entries_used, entries_dirty;
    /* Where RAM was found, for the next time. */
    uint64_t first, end;
};

/* Counts; `c` is all zero before the first time, and then kept. */
void census_take(struct census *c, const struct machine *m);

/* What one env owns, in pages: without the rest. */
uint64_t census_frames_of(struct census *c, const struct machine *m,
                          uint32_t env);

#endif
