/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_LOG_LOG_H
#define CHITIN_LIB_LOG_LOG_H
/*
 * A small store of records under keys of 64 bits. A record is appended to a
 * log; the newest of a key counts. After log_sync all that was appended before
 * survives any crash; of what came later a prefix may.
 *
 *     append -> head block -> written -> synced
 *
 * The index of all keys is in memory that the caller gives, and is made by
 * reading the log when it is opened. Where the blocks lie and how they are
 * moved is for the functions of struct log_disk; on the kernel's disks these
 * are in lib/log/log_disk.h. When to reclaim is the caller's to say.
 *
 * Functions give 0 or more, or the negative of an error (kern/abi/error.h). One
 * user at a time. When the disk has failed while the root was changed, the log
 * writes nothing more (-EIO): it must be opened again.
 */
#include "lib/log/format.h"

/* What the log stands on. Each waits until it is done. */
struct log_disk {
    void *context;
    int64_t (*read)(void *context, uint64_t block, void *page);
    int64_t (*write)(void *context, uint64_t block, const void *page);
    /* What was written before is durable. */
    int64_t (*flush)(void *context);
    /* A run of `count` free blocks: its first, or -ENOSPC. */
    int64_t (*find)(void *context, uint32_t count);
    /* Makes this the root, which claims and gives back so many blocks more than
       the one before; not yet on disk. -EAGAIN: somebody has the blocks. */
    int64_t (*change)(void *context, const struct log_root *root,
                      uint32_t claimed, uint32_t given);
    /* The root is durable, and what was written before. */
    int64_t (*commit)(void *context);
};

/* Where the newest record of a key is. */
struct log_place {
    uint64_t key;
    uint64_t sequence; /* 0: the entry is free, for no block has it */
    uint32_t offset;   /* of its head in the block; 0: the key was removed */
    uint32_t bytes;    /* of the value */
};

struct log {
    const struct log_disk *disk;
    struct log_root root;
    uint32_t segment_blocks;
    struct log_place *index;
    uint32_t index_size; /* entries: a power of two */
    uint32_t index_used;
    uint64_t next;   /* the number of the head block */
    uint64_t before; /* the checksum of the one before it */
    bool failed;     /* a change of the root was begun, and not done */
    bool reclaiming; /* the reserve may be used */
    struct log_block head;
    struct log_block other;  /* to look at another block */
    uint64_t other_sequence; /* which one that is; 0: none */
};

/* Blocks that are kept for reclaiming: what counts of a segment may need as
   many again, and the head block is not empty. */
#define LOG_RESERVE(log) ((log)->segment_blocks + 1)

/*
 * Opens the log with this root: reads it, up to its first block that is not
 * there. New segments will have `segment_blocks`. The index is the caller's, of
 * `index_size` entries (a power of two), more than there will be keys. -EINVAL
 * if it is no root; -ENOSPC if the index is too small; or an error of the disk.
 */
int64_t log_open(struct log *log, const struct log_disk *disk,
                 const struct log_root *root, uint32_t segment_blocks,
                 struct log_place *index, uint32_t index_size);

/* An empty root. */
void log_root_make(struct log_root *root, const struct cap_name *guard);

/* Appends a value of `bytes`, at most LOG_VALUE_MAX. -EINVAL; -ENOSPC if the
   disk, the root or the index is full; or an error of the disk. */
int64_t log_append(struct log *log, uint64_t key, const void *value,
                   uint32_t bytes);

/* The key has no value from now on; -ENOENT if it has none now. */
int64_t log_remove(struct log *log, uint64_t key);

/* Everything that was appended is durable. */
int64_t log_sync(struct log *log);

/* Copies the value of a key, at most `room` bytes of it; how many it has.
   -ENOENT; -EINVAL if its block is not what it was. */
int64_t log_get(struct log *log, uint64_t key, void *value, uint32_t room);

/* Calls `visit` for every key with its value, oldest first, until it returns an
   error. It must not append. */
int64_t log_each(struct log *log,
                 int64_t (*visit)(void *context, uint64_t key,
                                  const void *value, uint32_t bytes),
                 void *context);

/* Gives the oldest segment back, when what still counts of it has been appended
   anew and synced. Its blocks, or 0 if the log still writes to it, or before
   it. -ENOSPC if all of it counts so often that nothing is won: then values
   must be removed, or the disk must have room. */
int64_t log_reclaim(struct log *log);

/* For reclaim.c: the place of a key in the index, if it has one. */
const struct log_place *log_find(const struct log *log, uint64_t key);
/* Looks at a block of the log: good, or NULL with *error set. */
const struct log_block *log_look(struct log *log, uint64_t sequence,
                                 int64_t *error);
/* The record at `offset` of a block, or NULL at its end. */
const struct log_record *log_record_at(const struct log_block *block,
                                       uint32_t offset);
/* The bytes that a record with such a value takes. */
uint32_t log_record_size(uint32_t bytes);
/* The number of the oldest block. */
uint64_t log_oldest(const struct log *log);
/* The checksum of a block. */
uint64_t log_checksum(const struct log_block *block);

#endif
