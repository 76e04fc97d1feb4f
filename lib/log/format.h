/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_LOG_FORMAT_H
#define CHITIN_LIB_LOG_FORMAT_H
/*
 * A log on disk: one metadata block, the root, which names the segments, and
 * data blocks in these. Every block of the log has a sequence number, and its
 * place follows from that: a segment holds the blocks with the numbers from
 * `from` on. Numbers rise for ever; the oldest segment is given back, then the
 * next.
 *
 *     root      | head | segment | segment | ...      ascending by `first`
 *
 *     numbers      100 .. 115    116 .. 131   132 .. 147
 *                  oldest                     newest
 *
 *     block     | head | record | record | ...  | zero
 *     record    | head | value, to a multiple of 8 bytes
 *
 * A block has the checksum of the block before it, so that one which a crash
 * left over behind a gap is not taken for the next. A block that was synced is
 * not written again while it is in the log: what was durable is not at risk.
 */
#include "kern/abi/cap.h"
#include "kern/abi/types.h"

#define LOG_BLOCK 4096
#define LOG_MAGIC 0x676f6c2d6e746968 /* of the root; "hitn-log" */
#define LOG_BLOCK_MAGIC 0x6b636f6c   /* of a block */
#define LOG_SEGMENTS_MAX 168

struct log_segment {
    uint64_t first; /* block of the disk */
    uint32_t count;
    uint32_t zero;
    uint64_t from; /* the sequence number of its first block */
};

struct log_root {
    uint64_t magic;
    uint32_t segments;
    uint32_t zero;
    struct cap_name guard; /* who may read and write the log */
    uint64_t unused[4];
    struct log_segment segment[LOG_SEGMENTS_MAX];
};

struct log_block {
    uint32_t magic;
    uint32_t used; /* bytes, with this head */
    uint64_t sequence;
    uint64_t before;   /* the checksum of the block before */
    uint64_t checksum; /* of this block, with zero here */
    uint8_t records[LOG_BLOCK - 32];
};

#define LOG_RECORD_REMOVED 1 /* the key has no value from here on */

struct log_record {
    uint64_t key;
    uint16_t bytes; /* of the value that follows */
    uint16_t flags;
    uint32_t zero;
};

#define LOG_VALUE_MAX (LOG_BLOCK - 32 - 16)

_Static_assert(sizeof(struct log_root) == LOG_BLOCK &&
                   sizeof(struct log_block) == LOG_BLOCK &&
                   sizeof(struct log_segment) == 24 &&
                   sizeof(struct log_record) == 16 &&
                   offsetof(struct log_root, guard) == 16 &&
                   offsetof(struct log_root, segment) == 64,
               "as it is on disk");

/* The programs of the type, for code_assemble (lib/code/code.h): what a root
   owns, and that its guard is the one in its head. */
extern const char log_owns[];
extern const char log_access[];
#define LOG_TYPE_NAME "log"

#endif
