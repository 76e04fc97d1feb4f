/* SPDX-License-Identifier: MIT */
/*
 * Walks over the log in its order. Reclaiming copies what counts of the oldest
 * segment to the head, and syncs that, before the root without the segment is
 * proposed: at any crash a value is in the one place or in the other. A record
 * that says that a key was removed is not copied: what it hid was older, and is
 * gone.
 */
#include <string.h>

#include "kern/abi/error.h"
#include "lib/log/log.h"

typedef int64_t visitor(void *context, uint64_t key, const void *value,
                        uint32_t bytes);

/* Visits those records of a block that count. The visitor may append: the block
   is looked at anew each time. */
static int64_t
block_visit(struct log *log, uint64_t sequence, visitor *visit, void *context)
{
    uint32_t offset = (uint32_t)offsetof(struct log_block, records);

    for (;;) {
        int64_t error;
        const struct log_block *block = log_look(log, sequence, &error);
        const struct log_record *record;
        const struct log_place *p;
        uint32_t size;

        if (block == NULL) {
            return error;
        }
        record = log_record_at(block, offset);
        if (record == NULL) {
            return 0;
        }
        size = log_record_size(record->bytes);
        p = log_find(log, record->key);
        if (p != NULL && p->sequence == sequence && p->offset == offset) {
            error = visit(context, record->key, record + 1, record->bytes);
            if (error != 0) {
                return error;
            }
        }
        offset += size;
    }
}

int64_t
log_each(struct log *log, visitor *visit, void *context)
{
    uint64_t sequence;

    for (sequence = log_oldest(log); sequence <= log->next; sequence++) {
        int64_t error = block_visit(log, sequence, visit, context);

        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static int64_t
append_anew(void *context, uint64_t key, const void *value, uint32_t bytes)
{
    uint8_t copy[LOG_VALUE_MAX];

    memcpy(copy, value, bytes); /* appending may look at another block */
    return log_append(context, key, copy, bytes);
}

int64_t
log_reclaim(struct log *log)
{
    uint64_t oldest = log_oldest(log);
    struct log_root *root = (void *)&log->other;
    struct log_segment gone = {0};
    int64_t error = 0;
    uint64_t i;

    for (i = 0; i < log->root.segments; i++) {
        if (log->root.segment[i].from == oldest) {
            gone = log->root.segment[i];
        }
    }
    if (gone.count == 0 || log->next < gone.from + gone.count) {
        return 0;
    }
    log->reclaiming = true;
    for (i = 0; i < gone.count && error == 0; i++) {
        error = block_visit(log, oldest + i, append_anew, log);
    }
    if (error == 0) {
        error = log_sync(log);
    }
    log->reclaiming = false;
    if (error != 0) {
        return error;
    }
    log->other_sequence = 0;
    *root = log->root;
    for (i = 0; root->segment[i].from != oldest; i++) {
    }
    root->segments--;
    memmove(&root->segment[i], &root->segment[i + 1],
            (root->segments - i) * sizeof(root->segment[0]));
    memset(&root->segment[root->segments], 0, sizeof(root->segment[0]));
    error = log->disk->change(log->disk->context, root, 0, gone.count);
    if (error != 0) {
        return error;
    }
    log->root = *root;
    log->failed = true; /* unless it is done */
    error = log->disk->commit(log->disk->context);
    log->failed = error != 0;
    return error == 0 ? gone.count : error;
}
