/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_OWNED_H
#define CHITIN_KERN_DISK_OWNED_H
/*
 * Sets of extents: what metadata blocks own. A set is what one run of `owns`
 * emitted: in ascending order, without overlap, within the disk, of known
 * types. Several are compared by sweeping over all at once, from run to run of
 * blocks over which nothing changes.
 *
 * Locks: none here; sets lie in memory of one disk, under its lock.
 */
#include "kern/abi/disk.h"

struct owned_set {
    uint64_t blocks;  /* of the disk, below 2^32: extents end there */
    uint64_t types;   /* bit t: type t is known */
    uint64_t missing; /* bit t: it is not, but was emitted */
    uint64_t after;   /* where the next extent can begin */
    uint32_t count;
    bool malformed;
    struct disk_extent extent[DISK_EXTENTS_MAX];
};

/* Makes it empty. */
void owned_begin(struct owned_set *set, uint64_t blocks, uint64_t types);

/* What CODE_EMIT does: adds an extent, or says that the set is malformed.
   Returns 0, or 1 if it is malformed. It takes CODE_PRICE_EMIT instructions of
   the machine at most, with who calls it for a program. */
uint64_t owned_emit(struct owned_set *set, uint64_t first, uint64_t count,
                    uint64_t type);

/* After `owns` ended: it must have returned 0, and not been stopped. A
   malformed set is made empty. Returns 0 or -EINVAL. */
int owned_end(struct owned_set *set, bool stopped, uint64_t result);

/* The extent that has this block, or NULL. */
const struct disk_extent *owned_find(const struct owned_set *set,
                                     uint64_t block);

/* A part of the disk, from `first` up to `end`. */
struct owned_range {
    uint64_t first;
    uint64_t end;
};

/* Widens a range until the two sets (NULL: an empty one) are the same outside
   of it. Some 10 instructions for each extent. */
void owned_differ(const struct owned_set *a, const struct owned_set *b,
                  struct owned_range *range);

#define OWNED_SWEEP_SETS 16

struct owned_run {
    uint64_t first;
    uint64_t count;
    uint32_t sets; /* bit i: set i has it */
};

struct owned_sweep {
    const struct owned_set *set[OWNED_SWEEP_SETS]; /* NULL: an empty set */
    uint32_t index[OWNED_SWEEP_SETS]; /* first extent that ends after `at` */
    uint64_t at;
    uint64_t end;
    uint8_t there[OWNED_SWEEP_SETS]; /* the sets that are not NULL */
    unsigned count;
};

/* Begins with a part of the disk, which may be empty. The sets are there. */
void owned_sweep_begin(struct owned_sweep *sweep,
                       const struct owned_range *range);

/* The next run that any set has. False at the end. Some 25 instructions for
   each set that is there. */
bool owned_sweep_next(struct owned_sweep *sweep, struct owned_run *run);

/* The type that the last run has in a set that has it. */
unsigned owned_sweep_type(const struct owned_sweep *sweep, unsigned set);

#endif
