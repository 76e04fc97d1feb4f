/* SPDX-License-Identifier: MIT */
#include "test/power-cut/trace.h"

#include <string.h>

#define MAGIC 0x6a736677736872u
#define VERSION 1
#define UNIT 512 /* the head counts in these */

/* Bits of an entry's flags. */
#define FLAG_FLUSH 1u
#define FLAG_FUA 2u
#define FLAG_DISCARD 4u
#define FLAG_MARK 8u

struct head {
    uint64_t magic;
    uint64_t version;
    uint64_t entries;
    uint32_t sector;
};

struct entry {
    uint64_t sector;
    uint64_t sectors;
    uint64_t flags;
    uint64_t data_bytes;
};

bool
trace_open(struct trace *trace, const void *log, size_t size)
{
    struct head head;

    memset(trace, 0, sizeof(*trace));
    if (size < sizeof(head)) {
        trace->fault = "it is too short for a log";
        return false;
    }
    memcpy(&head, log, sizeof(head));
    if (head.magic != MAGIC || head.version != VERSION || head.sector < UNIT ||
        head.sector > 65536 || head.sector % UNIT != 0) {
        trace->fault = "it is no log of blklogwrites";
        return false;
    }
    trace->log = log;
    trace->size = size;
    trace->sector = head.sector;
    trace->entries = head.entries;
    trace->at = head.sector;
    return true;
}

static bool
refuse(struct trace *trace, const char *fault)
{
    trace->fault = fault;
    return false;
}

bool
trace_next(struct trace *trace, struct trace_entry *next)
{
    struct entry entry;
    size_t room;

    memset(next, 0, sizeof(*next));
    if (trace->fault != NULL || trace->taken == trace->entries) {
        return false;
    }
    if (trace->at > trace->size || trace->size - trace->at < trace->sector) {
        return refuse(trace, "the log ends before its last entry");
    }
    memcpy(&entry, trace->log + trace->at, sizeof(entry));
    room = (trace->size - trace->at - trace->sector) / trace->sector;
    if (entry.flags > (FLAG_FLUSH | FLAG_FUA | FLAG_DISCARD | FLAG_MARK) ||
        entry.sector > UINT64_MAX / trace->sector - entry.sectors) {
        return refuse(trace, "an entry is damaged");
    }
    if ((entry.flags & FLAG_FLUSH) && !trace->flushed) {
        trace->flushed = true;
        next->kind = TRACE_FLUSH;
        if (entry.sectors > 0) {
            return true; /* what it writes is yet to come */
        }
    } else {
        next->kind = TRACE_WRITE;
        next->forced = entry.flags & FLAG_FUA;
        next->offset = entry.sector * trace->sector;
        next->bytes = entry.sectors * trace->sector;
        next->data = trace->log + trace->at + trace->sector;
        if (entry.flags & FLAG_DISCARD) {
            next->kind = TRACE_DISCARD;
            next->data = NULL;
            entry.sectors = 0;
        }
    }
    if (entry.sectors > room) {
        return refuse(trace, "the bytes of a write are missing");
    }
    trace->at += trace->sector * (1 + entry.sectors);
    trace->taken++;
    trace->flushed = false;
    return true;
}
