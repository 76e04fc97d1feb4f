/* SPDX-License-Identifier: MIT */
/*
 * Data of files: blocks are read into the registry, several at a time, and
 * copied from and to the window; new ones are put there by whoever writes them
 * first.
 */
#include <string.h>

#include "lib/disk/volume_part.h"
#include "lib/exo/exo.h"
#include "lib/fs/format.h"

/* The entry of a node that owns data. */
static int64_t
owner_entry(struct disk_volume *v, uint64_t parent)
{
    uint32_t e = volume_search(v, parent);

    return e == VOLUME_NONE ? -ENOENT : (int64_t)e;
}

/* Begins to read those of `count` blocks, at most VOLUME_READS, that are not
   there, and waits for them. The first `wanted` must be there; the others are
   read ahead. */
static int64_t
data_fetch(struct disk_volume *v, uint64_t parent, uint64_t block,
           uint64_t wanted, uint64_t count)
{
    struct volume_read read[VOLUME_READS];
    uint64_t of[VOLUME_READS];
    int64_t owner = owner_entry(v, parent);
    int64_t error = owner < 0 ? owner : 0;
    unsigned under_way = 0;
    unsigned i;

    for (i = 0; i < count && error == 0; i++) {
        int64_t frame;

        if (volume_find(v, block + i) != VOLUME_NONE) {
            continue;
        }
        if ((v->fs.table[block + i] & BLOCK_STATE) == BLOCK_UNINITIALISED &&
            volume_search(v, block + i) == VOLUME_NONE) {
            error = i < wanted ? -ENODATA : 0;
            break;
        }
        frame = volume_frame(v);
        error = frame < 0 ? frame
                          : volume_read_begin(v, (uint64_t)owner, block + i, 0,
                                              frame, &read[under_way]);
        if (error >= 0) {
            of[under_way++] = block + i;
            error = 0;
            v->count.read++;
        }
    }
    for (i = 0; i < under_way; i++) {
        int64_t e = volume_read_end(v, &read[i]);

        if (e >= 0) {
            volume_note(v, of[i], (uint32_t)e);
        } else if (of[i] - block < wanted) {
            error = e;
        }
    }
    return error;
}

/* An entry for a block that was never written, whose bytes are the last of
   `from`, which may be NULL, and zero around them. */
static int64_t
data_insert(struct disk_volume *v, uint64_t owner, uint64_t block,
            uint64_t offset, uint64_t count, const void *from)
{
    int64_t frame = volume_frame(v);
    uint8_t *page;
    bool copied;

    if (frame < 0) {
        return frame;
    }
    page = exo_map_borrow(v->disk.frame_cap, (uint64_t)frame);
    if (page == NULL) {
        volume_frame_free(frame);
        return -ENOMEM;
    }
    memset(page, 0, offset);
    memset(page + offset + count, 0, FRAME_SIZE - offset - count);
    copied = volume_copy(page + offset, from, count);
    exo_map_return();
    if (!copied) {
        volume_frame_free(frame);
        return -ESTALE;
    }
    return volume_get(v, owner, block,
                      REGISTRY_READ_INSERT | REGISTRY_READ_WRITE, frame);
}

/* The kernel looks again who may see a block that is in the registry. */
static int64_t
data_ask(struct disk_volume *v, uint64_t parent, uint64_t block, uint64_t flags)
{
    int64_t owner = owner_entry(v, parent);
    int64_t e =
        owner < 0 ? owner : volume_get(v, (uint64_t)owner, block, flags, 0);

    return e < 0 ? e : 0;
}

/* The entry of a block, seen in the window and to be written if that is asked
   for. What has moved to another node may be nobody's to map until it was asked
   for. */
static int64_t
data_entry(struct disk_volume *v, uint64_t parent, uint64_t block, bool write)
{
    uint32_t e = volume_find(v, block);
    bool asked = write;
    int64_t error = 0;
    unsigned i;

    for (i = 0; i < VOLUME_TRIES; i++) {
        if (e != VOLUME_NONE && volume_is_mapped(v, e, write)) {
            return e;
        }
        error = 0;
        if (e == VOLUME_NONE) {
            error = data_fetch(v, parent, block, 1, 1);
            e = volume_find(v, block);
        }
        if (error == 0 && write && e != VOLUME_NONE) {
            error = data_ask(v, parent, block, REGISTRY_READ_WRITE);
        }
        if (error == 0 && e != VOLUME_NONE) {
            error = volume_map(v, e, write);
        }
        if (error == -EPERM && !asked) {
            asked = true;
            error = data_ask(v, parent, block, 0);
            e = volume_find(v, block);
        }
        if (error < 0 && error != -ESTALE) {
            return error;
        }
    }
    return -EIO;
}

void *
volume_data_page(struct fs_volume *fs, uint64_t parent, uint64_t block,
                 bool write)
{
    struct disk_volume *v = volume_of(fs);
    int64_t e = data_entry(v, parent, block, write);

    if (e < 0) {
        return NULL;
    }
    if (write) {
        volume_change_note(v, (uint32_t)e);
    }
    return volume_address(v, (uint32_t)e);
}

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How many blocks to read at a time: more than are wanted, if the first of them
   is missing and others will be. */
static uint64_t
fetch_count(struct disk_volume *v, uint64_t block, uint64_t wanted)
{
    uint64_t behind = v->fs.ahead > block ? v->fs.ahead - block : 0;

    return behind > wanted && volume_find(v, block) == VOLUME_NONE
               ? smaller(behind, VOLUME_READS)
               : wanted;
}

static int64_t
data_read(struct disk_volume *v, uint64_t parent, uint64_t block,
          uint64_t offset, uint64_t count, void *bytes)
{
    uint64_t end = block + (offset + count + FS_BLOCK - 1) / FS_BLOCK;
    uint64_t ahead = block;
    uint8_t *to = bytes;

    while (count > 0) {
        uint64_t part = smaller(FS_BLOCK - offset, count);
        int64_t e;

        if (block == ahead) {
            uint64_t wanted = smaller(end - block, VOLUME_READS);
            uint64_t n = fetch_count(v, block, wanted);

            e = n > 1 ? data_fetch(v, parent, block, wanted, n) : 0;
            if (e < 0) {
                return e;
            }
            ahead += n;
        }
        e = data_entry(v, parent, block, false);
        if (e < 0) {
            return e;
        }
        if (volume_copy(to, volume_address(v, (uint32_t)e) + offset, part)) {
            to += part;
            count -= part;
            offset = 0;
            block++;
        }
    }
    return 0;
}

int64_t
volume_data_read(struct fs_volume *fs, uint64_t parent, uint64_t block,
                 uint64_t offset, uint64_t count, void *bytes)
{
    struct disk_volume *v = volume_of(fs);
    uint32_t e;

    /* Within one block that is there, it is only copied. */
    if (offset + count <= FS_BLOCK) {
        e = volume_find(v, block);
        if (e != VOLUME_NONE && volume_is_mapped(v, e, false) &&
            volume_copy(bytes, volume_address(v, e) + offset, count)) {
            return 0;
        }
    }
    return data_read(v, parent, block, offset, count, bytes);
}

int64_t
volume_data_write(struct fs_volume *fs, uint64_t parent, uint64_t block,
                  uint64_t offset, uint64_t count, const void *bytes)
{
    struct disk_volume *v = volume_of(fs);
    const uint8_t *from = bytes;

    while (count > 0) {
        uint64_t part = smaller(FS_BLOCK - offset, count);
        unsigned state = v->fs.table[block] & BLOCK_STATE;
        int64_t e = volume_find(v, block);
        bool done;

        if (e == VOLUME_NONE &&
            (part == FS_BLOCK || state == BLOCK_UNINITIALISED)) {
            e = owner_entry(v, parent);
            if (e >= 0) {
                e = data_insert(v, (uint64_t)e, block, offset, part, from);
            }
            done = e >= 0;
            if (e == -EBUSY || e == -ESTALE) { /* it is there */
                e = data_fetch(v, parent, block, 1, 1);
            }
            if (e < 0) {
                return e;
            }
            if (done) {
                volume_change_note(v, (uint32_t)e);
            }
        } else {
            e = data_entry(v, parent, block, true);
            if (e < 0) {
                return e;
            }
            volume_change_note(v, (uint32_t)e);
            done = volume_copy(volume_address(v, (uint32_t)e) + offset, from,
                               part);
        }
        if (done) {
            from += part;
            count -= part;
            offset = 0;
            block++;
        }
    }
    return 0;
}

int64_t
volume_data_settle(struct fs_volume *fs, uint64_t parent, uint64_t block,
                   uint64_t count)
{
    return volume_write_data(volume_of(fs), parent, block, count);
}

int64_t
volume_data_flush(struct fs_volume *fs)
{
    struct disk_volume *v = volume_of(fs);

    return v->unflushed ? volume_flush(v) : 0;
}
