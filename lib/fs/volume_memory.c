/* SPDX-License-Identifier: MIT */
/*
 * A change is noted whole before it is made, in steps that do no harm when they
 * are done twice: what the nodes owned leaves; they get their bytes, and what
 * these own stays; what has left is free.
 */
#include "lib/fs/volume_memory.h"

#include <stdatomic.h>
#include <string.h>

#include "kern/abi/error.h"

enum { STAGE_NONE, STAGE_LEAVE, STAGE_STAY, STAGE_FREE };

static struct volume_memory *
memory_of(struct fs_volume *v)
{
    return (struct volume_memory *)v;
}

static bool
has(const struct volume_memory *v, uint64_t block, uint64_t count)
{
    return block >= DISK_FIRST_BLOCK && block < v->fs.blocks &&
           count <= v->fs.blocks - block;
}

static uint8_t *
bytes_of(const struct volume_memory *v, uint64_t block)
{
    return v->memory + (block - DISK_FIRST_BLOCK) * FS_BLOCK;
}

static const struct fs_node *
node_at(const struct volume_memory *v, uint64_t block)
{
    return (const struct fs_node *)(const void *)bytes_of(v, block);
}

/* Sets the state of all that a node owns. */
static void
owned_set(struct volume_memory *v, const struct fs_node *n, bool stays)
{
    const struct fs_record *r = node_records(n);
    unsigned i;

    for (i = 0; i < n->head.records; i++) {
        uint64_t b = record_first(&r[i]);
        uint64_t end = b + record_count(&r[i]);

        for (; b < end && has(v, b, 1); b++) {
            bool fresh = r[i].type == DISK_TYPE_DATA &&
                         v->written[b - DISK_FIRST_BLOCK] == 0;

            v->table[b] = (uint8_t)(!stays  ? BLOCK_WILL_FREE
                                    : fresh ? BLOCK_UNINITIALISED
                                            : BLOCK_USED);
        }
    }
}

static void
stage_set(struct volume_memory *v, uint32_t stage)
{
    atomic_signal_fence(memory_order_seq_cst);
    v->stage = stage;
    atomic_signal_fence(memory_order_seq_cst);
}

/* Makes the change that is noted, or what is left of it. */
static void
change_finish(struct volume_memory *v)
{
    uint64_t b;
    unsigned i;

    if (v->stage == STAGE_LEAVE) {
        for (i = 0; i < v->edits; i++) {
            if (v->version[v->edited[i] - DISK_FIRST_BLOCK] != 0) {
                owned_set(v, node_at(v, v->edited[i]), false);
            }
        }
        stage_set(v, STAGE_STAY);
    }
    if (v->stage == STAGE_STAY) {
        for (i = 0; i < v->edits; i++) {
            memcpy(bytes_of(v, v->edited[i]), &v->image[i], FS_BLOCK);
            v->version[v->edited[i] - DISK_FIRST_BLOCK] = ++v->version_last;
            owned_set(v, &v->image[i], true);
        }
        stage_set(v, STAGE_FREE);
    }
    if (v->stage == STAGE_FREE) {
        for (b = DISK_FIRST_BLOCK; b < v->fs.blocks; b++) {
            if (v->table[b] == BLOCK_WILL_FREE) {
                v->version[b - DISK_FIRST_BLOCK] = 0;
                v->written[b - DISK_FIRST_BLOCK] = 0;
                v->table[b] = BLOCK_FREE;
            }
        }
        stage_set(v, STAGE_NONE);
    }
}

static int64_t
memory_read(struct fs_volume *fs, uint64_t parent, uint64_t block, void *image,
            uint64_t *version)
{
    struct volume_memory *v = memory_of(fs);
    uint64_t newest;

    (void)parent;
    change_finish(v);
    if (!has(v, block, 1) || v->table[block] == BLOCK_FREE) {
        return -ENOENT;
    }
    newest = v->version[block - DISK_FIRST_BLOCK];
    if (newest == 0) {
        *version = 0;
        return -ENODATA;
    }
    if (newest == *version) {
        return 0;
    }
    memcpy(image, bytes_of(v, block), FS_BLOCK);
    *version = newest;
    return 1;
}

static int64_t
memory_change(struct fs_volume *fs, struct fs_edit *edit, unsigned edits,
              uint64_t claimed, uint64_t given)
{
    struct volume_memory *v = memory_of(fs);
    unsigned i;

    (void)claimed;
    (void)given;
    change_finish(v);
    for (i = 0; i < edits; i++) {
        if (!has(v, edit[i].block, 1) ||
            v->table[edit[i].block] == BLOCK_FREE) {
            return -ENOENT;
        }
        if (v->version[edit[i].block - DISK_FIRST_BLOCK] != edit[i].version) {
            return -ESTALE;
        }
    }
    for (i = 0; i < edits; i++) {
        v->edited[i] = edit[i].block;
        memcpy(&v->image[i], edit[i].image, FS_BLOCK);
    }
    v->edits = edits;
    stage_set(v, STAGE_LEAVE);
    change_finish(v);
    for (i = 0; i < edits; i++) {
        edit[i].version = v->version[edit[i].block - DISK_FIRST_BLOCK];
    }
    return 0;
}

static int64_t
memory_write(struct fs_volume *fs, uint64_t block)
{
    (void)fs;
    (void)block;
    return 0;
}

static int64_t
memory_attached(struct fs_volume *fs, uint64_t block)
{
    (void)fs;
    (void)block;
    return 0; /* no crash leaves anything: there are no orders */
}

static bool
has_data(const struct volume_memory *v, uint64_t block, uint64_t offset,
         uint64_t count)
{
    return has(v, block, (offset + count + FS_BLOCK - 1) / FS_BLOCK);
}

static int64_t
memory_data_read(struct fs_volume *fs, uint64_t parent, uint64_t block,
                 uint64_t offset, uint64_t count, void *bytes)
{
    struct volume_memory *v = memory_of(fs);
    uint64_t i;

    (void)parent;
    change_finish(v);
    if (!has_data(v, block, offset, count)) {
        return -ENOENT;
    }
    for (i = offset / FS_BLOCK; i * FS_BLOCK < offset + count; i++) {
        if (v->table[block + i] != BLOCK_USED) {
            return -ENODATA;
        }
    }
    memcpy(bytes, bytes_of(v, block) + offset, count);
    return 0;
}

static int64_t
memory_data_write(struct fs_volume *fs, uint64_t parent, uint64_t block,
                  uint64_t offset, uint64_t count, const void *bytes)
{
    struct volume_memory *v = memory_of(fs);
    uint64_t i;

    (void)parent;
    change_finish(v);
    if (!has_data(v, block, offset, count)) {
        return -ENOENT;
    }
    for (i = offset / FS_BLOCK; i * FS_BLOCK < offset + count; i++) {
        if (v->written[block + i - DISK_FIRST_BLOCK] == 0) {
            memset(bytes_of(v, block + i), 0, FS_BLOCK);
            v->written[block + i - DISK_FIRST_BLOCK] = 1;
        }
        v->table[block + i] = BLOCK_USED;
    }
    memcpy(bytes_of(v, block) + offset, bytes, count);
    return 0;
}

static void *
memory_data_page(struct fs_volume *fs, uint64_t parent, uint64_t block,
                 bool write)
{
    struct volume_memory *v = memory_of(fs);

    (void)parent;
    (void)write;
    change_finish(v);
    return has(v, block, 1) && v->table[block] == BLOCK_USED
               ? bytes_of(v, block)
               : NULL;
}

static int64_t
memory_flush(struct fs_volume *fs)
{
    (void)fs;
    return 0;
}

void
volume_memory_init(struct volume_memory *v, void *memory, uint64_t blocks,
                   uint64_t (*now)(struct fs_volume *v),
                   uint64_t (*random)(struct fs_volume *v))
{
    uint64_t most =
        blocks < VOLUME_MEMORY_BLOCKS ? blocks : VOLUME_MEMORY_BLOCKS;

    memset(v, 0, sizeof(*v));
    v->memory = memory;
    v->functions = (struct fs_volume_functions){.read = memory_read,
                                                .change = memory_change,
                                                .write = memory_write,
                                                .attached = memory_attached,
                                                .data_read = memory_data_read,
                                                .data_write = memory_data_write,
                                                .data_page = memory_data_page,
                                                .flush = memory_flush,
                                                .now = now,
                                                .random = random};
    v->fs = (struct fs_volume){.f = &v->functions,
                               .table = v->table,
                               .blocks = DISK_FIRST_BLOCK + most,
                               .type = DISK_TYPE_FIRST,
                               .root = DISK_FIRST_BLOCK};
    v->table[DISK_FIRST_BLOCK] = BLOCK_USED;
}
