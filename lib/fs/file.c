/* SPDX-License-Identifier: MIT */
/*
 * Bytes of files. Blocks that a file gets are claimed in one change with the
 * size, and then written: the kernel writes no node that owns what was never
 * written. Bytes of the last block behind the end mean nothing; whoever makes a
 * file longer clears them first.
 */
#include <string.h>

#include "lib/fs/part.h"

static const uint8_t zeroes[FS_BLOCK];

#define FILE_BYTES_MAX ((uint64_t)FS_FILE_BLOCKS * FS_BLOCK)

struct io_what {
    struct fs_file *file;
    uint64_t offset;
    uint8_t *bytes;
    const uint8_t *source;
    uint64_t count;
    uint64_t done;
};

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Notes where a block of a file is, and those behind it. */
static void
run_note(struct fs *fs, struct fs_file *file, uint64_t block,
         const struct fs_map *map)
{
    file->run =
        (struct fs_run){fs->stamp, map->way.node->block, map->first,
                        block,     map->count,           map->entry->size};
}

/* Whether bytes of a file are where was read or written last: their block. */
static inline uint64_t
run_find(const struct fs *fs, const struct fs_file *file, uint64_t offset,
         uint64_t count)
{
    const struct fs_run *r = &file->run;
    uint64_t skip = offset / FS_BLOCK - r->block;

    return r->stamp == fs->stamp && skip < r->count &&
                   offset % FS_BLOCK + count <= (r->count - skip) * FS_BLOCK
               ? r->first + skip
               : 0;
}

/* Reads from one run or hole. */
static int64_t
read_try(struct fs *fs, void *what)
{
    struct io_what *w = what;
    uint64_t at = w->offset + w->done;
    uint64_t within = at % FS_BLOCK;
    uint64_t bytes = w->count - w->done;
    struct fs_map map;
    int64_t error;

    error = fs_map(fs, w->file, (uint32_t)(at / FS_BLOCK), &map);
    if (error != 0) {
        return error;
    }
    if (at >= map.entry->size) {
        return 0;
    }
    if (w->count > map.entry->size - w->offset) {
        w->count = map.entry->size - w->offset;
        return -ESTALE; /* again, with the parts that are there */
    }
    bytes = smaller(bytes, map.count * FS_BLOCK - within);
    if (map.first != 0) {
        run_note(fs, w->file, at / FS_BLOCK, &map);
        error =
            fs->volume->f->data_read(fs->volume, map.way.node->block, map.first,
                                     within, bytes, w->bytes + w->done);
        if (error == -ENODATA && bytes > FS_BLOCK - within) {
            /* Block by block: not all of them were. */
            bytes = FS_BLOCK - within;
            error = fs->volume->f->data_read(fs->volume, map.way.node->block,
                                             map.first, within, bytes,
                                             w->bytes + w->done);
        }
    }
    if (map.first == 0 || error == -ENODATA) {
        memset(w->bytes + w->done, 0, bytes);
        error = 0;
    }
    w->done += error == 0 ? bytes : 0;
    return error != 0 ? error : w->done < w->count;
}

static int64_t
read_all(struct fs *fs, struct fs_file *file, uint64_t offset, void *bytes,
         uint64_t count)
{
    struct io_what w = {
        .file = file, .offset = offset, .bytes = bytes, .count = count};
    int64_t result = 1;

    if (offset >= FILE_BYTES_MAX) {
        return 0;
    }
    if (count > FILE_BYTES_MAX - offset) {
        w.count = FILE_BYTES_MAX - offset;
    }
    while (result == 1 && w.done < w.count) {
        result = fs_do(fs, read_try, &w);
    }
    return result < 0 ? result : (int64_t)w.done;
}

int64_t
fs_read(struct fs *fs, struct fs_file *file, uint64_t offset, void *bytes,
        uint64_t count)
{
    uint64_t size = file->run.size;

    if (offset < size) {
        uint64_t part = smaller(count, size - offset);
        uint64_t block = run_find(fs, file, offset, part);

        if (block != 0 &&
            fs->volume->f->data_read(fs->volume, file->run.parent, block,
                                     offset % FS_BLOCK, part, bytes) == 0) {
            return (int64_t)part;
        }
    }
    return read_all(fs, file, offset, bytes, count);
}

/* Clears what lies behind the end in its block, before the file gets longer. */
static int64_t
tail_try(struct fs *fs, void *what)
{
    struct io_what *w = what;
    struct fs_map map;
    uint64_t size;
    int64_t error = fs_map(fs, w->file, 0, &map);

    if (error != 0) {
        return error;
    }
    size = map.entry->size;
    if (size >= w->offset || size % FS_BLOCK == 0) {
        return 0;
    }
    error = fs_map(fs, w->file, (uint32_t)(size / FS_BLOCK), &map);
    if (error != 0 || map.first == 0) {
        return error;
    }
    error = fs->volume->f->data_write(fs->volume, map.way.node->block,
                                      map.first, size % FS_BLOCK,
                                      FS_BLOCK - size % FS_BLOCK, zeroes);
    return error;
}

/* Writes into blocks of a run. What of a block lies behind the end means
   nothing. */
static int64_t
run_write(struct fs *fs, struct io_what *w, const struct fs_map *map,
          uint64_t blocks)
{
    uint64_t at = (w->offset + w->done) % FS_BLOCK;
    uint64_t bytes = smaller(w->count - w->done, blocks * FS_BLOCK - at);
    int64_t error =
        fs->volume->f->data_write(fs->volume, map->way.node->block, map->first,
                                  at, bytes, w->source + w->done);

    w->done += error == 0 ? bytes : 0;
    return error;
}

/* Size and time of a file that has been written up to byte `end`. */
static void
entry_set(struct fs *fs, struct fs_entry *e, uint64_t end)
{
    e->size = end > e->size ? end : e->size;
    e->mtime = fs->volume->f->now(fs->volume);
}

/* The blocks that were claimed a moment ago cannot be written: they go again,
   for else the node that has them could never be written. */
static int64_t
claim_undo(struct fs *fs, const struct fs_map *map, uint64_t size)
{
    struct fs_node *n = store_edit(fs, map->way.node);
    struct fs_record *r = node_records_of(n);
    unsigned i = 0;
    uint64_t keep;

    while (record_first(&r[i]) + record_count(&r[i]) <
           map->first + map->count) {
        i++;
    }
    keep = record_count(&r[i]) - map->count;
    if (keep > 0) {
        r[i].place = record_place(record_first(&r[i]), keep);
    } else {
        node_record_remove(n, i);
    }
    store_entry(fs, map->place.way.node, map->entry)->size = size;
    return store_commit(fs, 0, map->count);
}

static int64_t
write_try(struct fs *fs, void *what)
{
    struct io_what *w = what;
    uint64_t at = w->offset + w->done;
    uint64_t end = w->offset + w->count;
    uint64_t blocks = (end + FS_BLOCK - 1) / FS_BLOCK - at / FS_BLOCK;
    struct fs_map map;
    struct fs_entry *entry;
    uint64_t size;
    int64_t error = fs_map(fs, w->file, (uint32_t)(at / FS_BLOCK), &map);

    if (error != 0) {
        return error;
    }
    blocks = blocks < map.count ? blocks : map.count;
    size = map.entry->size;
    if (map.first != 0) {
        run_note(fs, w->file, at / FS_BLOCK, &map);
        error = run_write(fs, w, &map, blocks);
        at = w->offset + w->done;
        if (error == 0 && at <= size) {
            w->file->mtime = fs->volume->f->now(fs->volume);
        } else if (error == 0) {
            w->file->mtime = 0;
            entry_set(fs, store_entry(fs, map.place.way.node, map.entry), at);
            error = store_commit(fs, 0, 0);
            /* The bytes are there; to write them again does no harm. */
            w->done = error == -ESTALE || error == -EBUSY ? 0 : w->done;
        }
    } else {
        error = fs_claim(fs, &map, (uint32_t)(at / FS_BLOCK), blocks, &entry);
        if (error != 0) {
            return error;
        }
        at = (at / FS_BLOCK + map.count) * FS_BLOCK;
        w->file->mtime = 0;
        entry_set(fs, entry, at < end ? at : end);
        fs->fresh =
            (struct fs_fresh){map.way.node->block, map.first, map.count};
        error = store_commit(fs, map.count, 0);
        if (error == 0) {
            error = run_write(fs, w, &map, map.count);
            if (error != 0) {
                (void)claim_undo(fs, &map, size);
            }
        }
        fs->fresh.count = 0;
    }
    return error != 0 ? error : w->done < w->count;
}

int64_t
fs_write(struct fs *fs, struct fs_file *file, uint64_t offset,
         const void *bytes, uint64_t count)
{
    struct io_what w = {
        .file = file, .offset = offset, .source = bytes, .count = count};
    int64_t result;

    if (offset > FILE_BYTES_MAX || count > FILE_BYTES_MAX - offset) {
        return -EFBIG;
    }
    result = fs_use(fs);
    if (result == 0 && count > 0 && offset + count <= file->run.size) {
        uint64_t block = run_find(fs, file, offset, count);

        /* What is written to later is said of the file then. */
        if (block != 0 &&
            fs->volume->f->data_write(fs->volume, file->run.parent, block,
                                      offset % FS_BLOCK, count, bytes) == 0) {
            file->mtime = fs->volume->f->now(fs->volume);
            return (int64_t)count;
        }
    }
    if (result == 0 && file == fs->made.file && offset == 0 && count > 0) {
        result = fs_made_write(fs, bytes, count);
        if (result < 0 || (uint64_t)result == count) {
            return result;
        }
        w.done = (uint64_t)result;
        result = 0;
    }
    if (result == 0) {
        result = fs_do(fs, tail_try, &w);
    }
    if (result == 0 && count > 0) {
        result = 1;
    }
    while (result == 1) {
        result = fs_do(fs, write_try, &w);
    }
    return result < 0 && w.done == 0 ? result : (int64_t)w.done;
}

static int64_t
size_try(struct fs *fs, void *what)
{
    struct io_what *w = what;
    struct fs_map map;
    struct fs_entry *e;
    int64_t error = fs_map(fs, w->file, 0, &map);

    if (error != 0) {
        return error;
    }
    w->done = map.entry->size;
    e = store_entry(fs, map.place.way.node, map.entry);
    w->file->mtime = 0;
    e->size = w->offset;
    e->mtime = fs->volume->f->now(fs->volume);
    return store_commit(fs, 0, 0);
}

int64_t
fs_truncate(struct fs *fs, struct fs_file *file, uint64_t size)
{
    struct io_what w = {.file = file, .offset = size};
    int64_t error;

    if (size > FILE_BYTES_MAX) {
        return -EFBIG;
    }
    error = fs_use(fs);
    if (error == 0) {
        error = fs_do(fs, tail_try, &w);
    }
    if (error == 0) {
        error = fs_do(fs, size_try, &w);
    }
    if (error == 0 && size < w.done) {
        error = fs_cut(fs, file, (uint32_t)((size + FS_BLOCK - 1) / FS_BLOCK));
    }
    return error;
}

/*
 * Onto the disk.
 */
int64_t
fs_sync(struct fs *fs)
{
    int64_t error = fs_made_settle(fs);

    if (error == 0) {
        error = fs_times_settle(fs);
    }
    if (error == 0) {
        error = store_settle(fs);
    }
    if (error == 0 && fs->volume->f->data_settle != NULL) {
        error = fs->volume->f->data_settle(fs->volume, 0, 0, UINT64_MAX);
    }
    return error != 0 ? error : fs->volume->f->flush(fs->volume);
}

struct where_what {
    struct fs_file *file;
    uint64_t leaf; /* 0: more than this one node may have to be written */
};

static int64_t
where_try(struct fs *fs, void *what)
{
    struct where_what *w = what;
    struct fs_place place;
    const struct fs_entry *e;
    int64_t error = fs_locate(fs, w->file, &place, &e);

    /* The index that leads to the leaf may not know it yet. */
    if (error == 0 && e->kind == FS_FILE && w->file->directory != fs->links &&
        (place.way.parent == NULL ||
         !store_is_dirty(fs, place.way.parent->block)) &&
        tree_top_of(place.way.node->node, e) == 0 &&
        fs->volume->f->attached(fs->volume, place.way.node->block) == 1) {
        w->leaf = place.way.node->block;
    }
    return error;
}

int64_t
fs_fsync(struct fs *fs, struct fs_file *file)
{
    struct where_what w = {file, 0};
    int64_t error = fs_time_settle(fs, file);

    if (error == 0) {
        error = fs_do(fs, where_try, &w);
    }

    if (error == 0) {
        error = w.leaf == 0 ? -EBUSY : store_write(fs, w.leaf);
    }
    if (error == -EBUSY) {
        return fs_sync(fs);
    }
    return error != 0 ? error : fs->volume->f->flush(fs->volume);
}
