/* SPDX-License-Identifier: MIT */
/*
 * Blocks are written in the order of their numbers, each once. Invariants:
 *   - what is durable of the root has segments that were zeroed, or have blocks
 *     of this log: no older contents can be read as blocks
 *   - the numbers of the segments follow on each other without a gap, so that
 *     the place of each block is known, and whether there is one
 *   - the index has, for each key, the newest record that log_append has taken
 */
#include "lib/log/log.h"

#include <string.h>

#include "kern/abi/error.h"

#define HEAD_BYTES ((uint32_t)offsetof(struct log_block, records))

uint32_t
log_record_size(uint32_t bytes)
{
    return (uint32_t)sizeof(struct log_record) + ((bytes + 7) & ~7u);
}

/* Against torn and stale blocks, not against forgers. */
uint64_t
log_checksum(const struct log_block *block)
{
    const uint64_t *word = (const void *)block;
    uint64_t sum = 0x9e3779b97f4a7c15;
    size_t i;

    for (i = 0; i < LOG_BLOCK / 8; i++) {
        if (i != offsetof(struct log_block, checksum) / 8) {
            sum = (sum ^ word[i]) * 0xff51afd7ed558ccd;
            sum ^= sum >> 32;
        }
    }
    return sum;
}

void
log_root_make(struct log_root *root, const struct cap_name *guard)
{
    memset(root, 0, sizeof(*root));
    root->magic = LOG_MAGIC;
    root->guard = *guard;
}

/* The block of the disk that a number has, or 0. */
static uint64_t
place(const struct log *log, uint64_t sequence)
{
    uint32_t i;

    for (i = 0; i < log->root.segments; i++) {
        const struct log_segment *s = &log->root.segment[i];

        if (sequence >= s->from && sequence - s->from < s->count) {
            return s->first + (sequence - s->from);
        }
    }
    return 0;
}

uint64_t
log_oldest(const struct log *log)
{
    uint64_t oldest = UINT64_MAX;
    uint32_t i;

    for (i = 0; i < log->root.segments; i++) {
        if (log->root.segment[i].from < oldest) {
            oldest = log->root.segment[i].from;
        }
    }
    return log->root.segments > 0 ? oldest : log->next;
}

/* The entry of a key, or the free one where it would be. There is a free one.
 */
static struct log_place *
slot(const struct log *log, uint64_t key)
{
    uint64_t at = key * 0x9e3779b97f4a7c15 >> 32;

    for (;; at++) {
        struct log_place *p = &log->index[at & (log->index_size - 1)];

        if (p->sequence == 0 || p->key == key) {
            return p;
        }
    }
}

const struct log_place *
log_find(const struct log *log, uint64_t key)
{
    const struct log_place *p = slot(log, key);

    return p->sequence != 0 && p->offset != 0 ? p : NULL;
}

static int64_t
index_set(struct log *log, uint64_t sequence, uint32_t offset,
          const struct log_record *record)
{
    struct log_place *p = slot(log, record->key);

    if (p->sequence == 0) {
        if (log->index_used + 1 >= log->index_size) {
            return -ENOSPC;
        }
        log->index_used++;
    }
    p->key = record->key;
    p->sequence = sequence;
    p->offset = record->flags & LOG_RECORD_REMOVED ? 0 : offset;
    p->bytes = record->bytes;
    return 0;
}

const struct log_record *
log_record_at(const struct log_block *block, uint32_t offset)
{
    const struct log_record *record =
        (const void *)((const uint8_t *)block + offset);

    if (offset + sizeof(*record) > block->used ||
        log_record_size(record->bytes) > block->used - offset) {
        return NULL;
    }
    return record;
}

static bool
block_is_good(const struct log_block *block, uint64_t sequence)
{
    return block->magic == LOG_BLOCK_MAGIC && block->sequence == sequence &&
           block->used >= HEAD_BYTES && block->used <= LOG_BLOCK &&
           block->checksum == log_checksum(block);
}

const struct log_block *
log_look(struct log *log, uint64_t sequence, int64_t *error)
{
    uint64_t block = place(log, sequence);

    *error = 0;
    if (sequence == log->next) {
        return &log->head;
    }
    if (log->other_sequence == sequence) {
        return &log->other;
    }
    log->other_sequence = 0;
    *error = block == 0
                 ? -EINVAL
                 : log->disk->read(log->disk->context, block, &log->other);
    if (*error == 0 && !block_is_good(&log->other, sequence)) {
        *error = -EINVAL;
    }
    if (*error != 0) {
        return NULL;
    }
    log->other_sequence = sequence;
    return &log->other;
}

static int64_t
block_index(struct log *log, const struct log_block *block)
{
    uint32_t offset = HEAD_BYTES;
    const struct log_record *record;

    while ((record = log_record_at(block, offset)) != NULL) {
        int64_t error = index_set(log, block->sequence, offset, record);

        if (error != 0) {
            return error;
        }
        offset += log_record_size(record->bytes);
    }
    return 0;
}

static bool
root_is_good(const struct log_root *root)
{
    uint32_t i;

    if (root->magic != LOG_MAGIC || root->segments > LOG_SEGMENTS_MAX) {
        return false;
    }
    for (i = 0; i < root->segments; i++) {
        const struct log_segment *s = &root->segment[i];

        if (s->count == 0 || s->from == 0 || s->from > UINT64_MAX / 2) {
            return false;
        }
    }
    return true;
}

static void
head_begin(struct log *log)
{
    memset(&log->head, 0, sizeof(log->head));
    log->head.magic = LOG_BLOCK_MAGIC;
    log->head.used = HEAD_BYTES;
    log->head.sequence = log->next;
    log->head.before = log->before;
}

int64_t
log_open(struct log *log, const struct log_disk *disk,
         const struct log_root *root, uint32_t segment_blocks,
         struct log_place *index, uint32_t index_size)
{
    const struct log_block *block;
    int64_t error;

    memset(log, 0, sizeof(*log));
    memset(index, 0, index_size * sizeof(*index));
    if (segment_blocks == 0 || index_size < 2 ||
        (index_size & (index_size - 1)) != 0 || !root_is_good(root)) {
        return -EINVAL;
    }
    log->disk = disk;
    log->root = *root;
    log->segment_blocks = segment_blocks;
    log->index = index;
    log->index_size = index_size;
    log->next = 1;
    log->next = log_oldest(log);
    for (bool first = true; place(log, log->next) != 0; first = false) {
        uint64_t sequence = log->next++; /* so that it is no head */

        block = log_look(log, sequence, &error);
        if (block == NULL && error != -EINVAL) {
            return error;
        }
        if (block == NULL || (!first && block->before != log->before)) {
            log->next = sequence;
            break;
        }
        error = block_index(log, block);
        if (error != 0) {
            return error;
        }
        log->before = block->checksum;
    }
    head_begin(log);
    log->other_sequence = 0;
    return 0;
}

/* Puts a segment into the root, in the order of blocks. */
static void
segment_insert(struct log_root *root, const struct log_segment *new)
{
    uint32_t at = root->segments;

    while (at > 0 && root->segment[at - 1].first > new->first) {
        root->segment[at] = root->segment[at - 1];
        at--;
    }
    root->segment[at] = *new;
    root->segments++;
}

/* One past the last number that has a place. */
static uint64_t
end(const struct log *log)
{
    uint64_t last = log->next;
    uint32_t i;

    for (i = 0; i < log->root.segments; i++) {
        const struct log_segment *s = &log->root.segment[i];

        if (s->from + s->count > last) {
            last = s->from + s->count;
        }
    }
    return last;
}

/* A segment for the blocks from the end on. It is zeroed before the root that
   names it is written. */
static int64_t
segment_claim(struct log *log)
{
    const struct log_disk *disk = log->disk;
    struct log_segment new = {.count = log->segment_blocks, .from = end(log)};
    struct log_root *root = (void *)&log->other;
    int64_t error;
    uint32_t i;

    if (log->root.segments == LOG_SEGMENTS_MAX) {
        return -ENOSPC;
    }
    log->other_sequence = 0;
    do {
        error = disk->find(disk->context, new.count);
        if (error < 0) {
            return error;
        }
        new.first = (uint64_t)error;
        *root = log->root;
        segment_insert(root, &new);
        error = disk->change(disk->context, root, new.count, 0);
    } while (error == -EAGAIN);
    if (error != 0) {
        return error;
    }
    log->root = *root;
    log->failed = true; /* unless all of this is done */
    memset(&log->other, 0, sizeof(log->other));
    for (i = 0; i < new.count &&error == 0; i++) {
        error = disk->write(disk->context, new.first + i, &log->other);
    }
    if (error == 0) {
        error = disk->commit(disk->context);
    }
    log->failed = error != 0;
    return error;
}

/* Writes the head block, and begins the next one. Segments are claimed so that
   LOG_RESERVE of this log are left behind it, unless it is for reclaiming,
   which that is for. */
static int64_t
head_write(struct log *log)
{
    uint64_t left = log->reclaiming ? 1 : 1 + LOG_RESERVE(log);
    int64_t error;

    while (!log->failed && end(log) - log->next < left) {
        error = segment_claim(log);
        if (error != 0) {
            return error;
        }
    }
    if (log->failed) {
        return -EIO;
    }
    log->head.checksum = log_checksum(&log->head);
    error =
        log->disk->write(log->disk->context, place(log, log->next), &log->head);
    if (error != 0) {
        return error;
    }
    log->before = log->head.checksum;
    log->next++;
    head_begin(log);
    return 0;
}

static int64_t
record_append(struct log *log, const struct log_record *record,
              const void *value)
{
    uint32_t size = log_record_size(record->bytes);
    uint8_t *to;
    int64_t error;

    if (size > LOG_BLOCK - log->head.used) {
        error = head_write(log);
        if (error != 0) {
            return error;
        }
    }
    error = index_set(log, log->next, log->head.used, record);
    if (error != 0) {
        return error;
    }
    to = (uint8_t *)&log->head + log->head.used;
    memcpy(to, record, sizeof(*record));
    if (record->bytes > 0) {
        memcpy(to + sizeof(*record), value, record->bytes);
    }
    log->head.used += size;
    return 0;
}

int64_t
log_append(struct log *log, uint64_t key, const void *value, uint32_t bytes)
{
    struct log_record record = {.key = key, .bytes = (uint16_t)bytes};

    if (bytes > LOG_VALUE_MAX) {
        return -EINVAL;
    }
    return record_append(log, &record, value);
}

int64_t
log_remove(struct log *log, uint64_t key)
{
    struct log_record record = {.key = key, .flags = LOG_RECORD_REMOVED};

    if (log_find(log, key) == NULL) {
        return -ENOENT;
    }
    return record_append(log, &record, "");
}

int64_t
log_sync(struct log *log)
{
    if (log->head.used > HEAD_BYTES) {
        int64_t error = head_write(log);

        if (error != 0) {
            return error;
        }
    }
    return log->disk->flush(log->disk->context);
}

int64_t
log_get(struct log *log, uint64_t key, void *value, uint32_t room)
{
    const struct log_place *p = log_find(log, key);
    const struct log_block *block;
    int64_t error;

    if (p == NULL) {
        return -ENOENT;
    }
    block = log_look(log, p->sequence, &error);
    if (block == NULL) {
        return error;
    }
    memcpy(value,
           (const uint8_t *)block + p->offset + sizeof(struct log_record),
           p->bytes < room ? p->bytes : room);
    return p->bytes;
}
