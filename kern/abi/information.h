/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_INFORMATION_H
#define CHITIN_ABI_INFORMATION_H
/*
 * What the kernel tells every env, in pages that all can read.
 */

#include "kern/abi/types.h"

/* Slots in the time vector of a hart. */
#define SLOTS 1024

/* Envs that there can be; index 0 is not used. */
#define ENVS_MAX 256

enum env_state {
    ENV_NONE, /* there is none; the row tells of the last that was */
    ENV_LIVE,
    ENV_DYING
};

/* Why an env ended. */
enum env_cause {
    CAUSE_NONE,
    CAUSE_DESTROYED, /* by who had control over it */
    CAUSE_FAULT,     /* in its double-fault handler */
    CAUSE_EXCESS     /* its epilogues overran too often */
};

/* A row of the table of envs, by the index in their ids. A reader takes
   `sequence`, then what it wants, then sequence again: if that was odd or has
   changed, once more. */
struct env_row {
    uint32_t sequence;
    uint32_t id;
    uint32_t creator; /* or its nearest ancestor that lives */
    uint32_t account;
    uint32_t state;  /* enum env_state */
    uint32_t cause;  /* enum env_cause */
    uint32_t harts;  /* on which it can run: a bit for each */
    uint32_t record; /* page numbers: its record, */
    uint32_t list;   /* its capability list, which it can map to read, */
    uint32_t root;   /* and its root page table */
    uint32_t zero[6];
};

#endif
