/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_REPLAY_H
#define CHITIN_TEST_POWER_CUT_REPLAY_H
/*
 * Power cuts: the disks that a machine may find again when its power went away
 * at any moment of a trace.
 *
 *     flush   w w w w w   flush   w w w   flush
 *     durable |  window  | durable
 *
 * Between two flushes lies a window. At a cut within it the disk has all that
 * was written before its first flush, and of its writes any subset: those that
 * the device had taken out of its cache. So every prefix of the trace is among
 * them, and every order that flushes permit. Writes to the same place are
 * applied in their order. A discarded block reads as REPLAY_DISCARDED.
 *
 * A window with few writes has all its subsets tried; one with many has each
 * prefix, each write alone, all but each, and some at random.
 *
 * A write of several blocks may be cut between any two of them. With `torn` it
 * may also be cut within a block, at sectors of 512 bytes.
 *
 * A mark is a write whose first bytes are REPLAY_MARK. It is the guest's word
 * on what was durable before it wrote this, and counts for its whole window: no
 * flush lies between.
 */
#include "test/power-cut/trace.h"

#define REPLAY_BLOCK ((uint64_t)4096)
#define REPLAY_SECTOR 512
#define REPLAY_DISCARDED 0xa5
#define REPLAY_MARK "chitin mark"

/* A moment at which the power goes away. */
struct replay_cut {
    uint64_t window;     /* counted from 0 on */
    uint64_t writes;     /* blocks written in it */
    uint64_t kept;       /* and how many of these the disk has */
    const uint8_t *mark; /* the last one, of REPLAY_BLOCK bytes, or NULL */
};

struct replay_options {
    uint64_t seed;
    uint64_t subsets; /* how many at most of one window */
    bool torn;
    uint64_t flush_lost; /* every so many flushes one does nothing; 0: none */
};

struct replay {
    const struct replay_options *options;
    /* Judges a disk. False: it is not as it should be, and replay ends. */
    bool (*check)(void *context, const uint8_t *image, uint64_t bytes,
                  const struct replay_cut *cut);
    void *context;
    /* Results. */
    uint64_t windows;
    uint64_t writes;
    uint64_t flushes;
    uint64_t images;       /* how many were judged */
    struct replay_cut cut; /* the last one */
    const char *fault;     /* of the trace */
};

/*
 * Judges the disks of a trace, which began with `image`, of `bytes` bytes; when
 * it is over that is the disk with everything written. False: a check failed or
 * the trace is damaged; then `image` is the disk that failed.
 */
bool replay_run(struct replay *replay, struct trace *trace, uint8_t *image,
                uint64_t bytes);

#endif
