/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_DISK_ACTOR_H
#define CHITIN_TEST_USER_DISK_ACTOR_H
/*
 * Two envs that have a tree each on one disk, of types that know nothing of
 * each other, and wish each other no good. An actor is a child without data of
 * its parent's: it changes its tree at random, in ways that are right and
 * wrong, and tries to get at the other's.
 */
#include "test/user/disk_format.h"

#define ACTORS 2
#define AREA 224       /* blocks of the disk below this one are played for */
#define ACTOR_NODES 5  /* of a tree; number 0 is its root */
#define NODE_EXTENTS 8 /* of a node, as the actors make them */
#define EXTENTS_READ 32

/* Types of nodes. One has a counted list, and its guard at 8; the other a word
   for each extent from 64 on, up to a zero, and its guard at the end. */
#define TYPE_WIDE 2
#define TYPE_PACKED 3
#define WIDE_GUARD 8
#define WIDE_EXTENTS 32
#define PACKED_EXTENTS 64
#define PACKED_GUARD 4080

struct extents {
    uint32_t count;
    struct disk_extent extent[EXTENTS_READ];
};

/* What a node's bytes say; false if they say too much. And the bytes that say
   it. By text alone: for children, too. */
bool node_decode(const void *page, unsigned type, struct extents *set);
void node_encode(void *page, unsigned type, const struct extents *set,
                 const struct cap_name *guard);

/* Word 0 of a block of data says whose it is, and which. */
#define STAMP(who, block) ((uint64_t)((who) + 1) << 32 | (block))

struct actor_row {
    uint64_t id;
    uint64_t leaf; /* its page table at SHARED */
    struct cap_name guard;
    volatile uint64_t done;  /* the round that it has played */
    volatile uint64_t waits; /* it has nothing to do just now */
    volatile uint32_t entry[ACTOR_NODES];
    volatile uint64_t accepted; /* its changes */
    volatile uint64_t refused;
    volatile uint64_t moved;
    volatile uint64_t claims;  /* accepted, of metadata */
    volatile uint64_t written; /* blocks of data */
    volatile uint64_t cached;
    volatile uint64_t attacks;
    volatile uint64_t broken; /* attacks that succeeded, and the last */
    volatile uint64_t attack;
    volatile uint64_t foreign; /* blocks read that were not its own bytes */
    volatile uint64_t stuck;   /* what should have been done was not; and the
                                  line of the last */
    volatile uint64_t line;
};

struct arena {
    uint64_t parent;
    uint64_t catalogue;
    uint64_t seed;
    uint64_t steps; /* of each actor in a round */
    volatile uint64_t round;
    volatile uint64_t settle; /* it is to write all that it has */
    struct actor_row row[ACTORS];
};
#define ARENA ((volatile struct arena *)SHARED)

/* What a child runs; own[25] of its U-area is its number. */
void actor_main(struct uarea *uarea);

#endif
