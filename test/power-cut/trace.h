/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_TRACE_H
#define CHITIN_TEST_POWER_CUT_TRACE_H
/*
 * What a disk was told to do, in order: the log of QEMU's blklogwrites, whose
 * format is that of Linux's dm-log-writes. A sector with the head of the log,
 * then for each request a sector with its head, and the bytes if it is a write.
 *
 * The log has requests in the order in which they came, not in which they were
 * done. A flush promises only what was done before it came; so a guest that
 * flushes while writes are under way is judged too well here. The kernel sends
 * a flush when no write is under way that it is for.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_kind { TRACE_WRITE, TRACE_DISCARD, TRACE_FLUSH };

struct trace_entry {
    enum trace_kind kind;
    bool forced;         /* a write that is durable when it is done */
    uint64_t offset;     /* in bytes, of the disk */
    uint64_t bytes;      /* a multiple of the sector; 0 for a flush */
    const uint8_t *data; /* in the log; NULL but for a write */
};

struct trace {
    const uint8_t *log;
    size_t size;
    size_t sector;
    uint64_t entries; /* what the head says there are */
    uint64_t taken;
    size_t at;
    bool flushed;      /* the flush of the entry at `at` was given out */
    const char *fault; /* why there is no next one, if that is an error */
};

/* Begins to read a log, which stays in memory meanwhile. False: it is none. */
bool trace_open(struct trace *trace, const void *log, size_t size);

/* The next entry. A request that asks for a flush before a write comes as two.
   False at the end, or where the log is damaged: then `fault` is set. */
bool trace_next(struct trace *trace, struct trace_entry *entry);

#endif
