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
    file->run = (struct fs_run){
        fs->stamp,  map->way.node->block,      map->first,       block,
        map->count, fs_size(file, map->entry), map->entry->mtime};
}

/* A file has been written now. */
static inline void
time_note(const struct fs *fs, struct fs_file *file, uint64_t said)
{
    uint64_t now = fs_now(fs);

    file->mtime = now == said ? 0 : now;
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

/* Who goes on reading where the last read ended will want what is before `end`,
   where the run does. */
static inline void
ahead_note(struct fs *fs, const struct fs_file *file, uint64_t offset,
           uint64_t end)
{
    fs->volume->ahead = offset == file->next ? end : 0;
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
    uint64_t size;
    int64_t error;

    error = fs_map(fs, w->file, (uint32_t)(at / FS_BLOCK), &map);
    if (error != 0) {
        return error;
    }
    size = fs_size(w->file, map.entry);
    if (at >= size) {
        return 0;
    }
    if (w->count > size - w->offset) {
        w->count = size - w->offset;
        return -ESTALE; /* again, with the parts that are there */
    }
    bytes = smaller(bytes, map.count * FS_BLOCK - within);
    if (map.first != 0) {
        run_note(fs, w->file, at / FS_BLOCK, &map);
        ahead_note(fs, w->file, at, map.first + map.count);
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
    w->file->next = at + bytes;
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

        if (block != 0) {
            ahead_note(fs, file, offset, file->run.first + file->run.count);
            if (fs->volume->f->data_read(fs->volume, file->run.parent, block,
                                         offset % FS_BLOCK, part, bytes) == 0) {
                file->next = offset + part;
                return (int64_t)part;
            }
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
    size = fs_size(w->file, map.entry);
    if (size < w->offset && w->file->ahead) {
        /* What is claimed behind the end is not where a hole is to be. */
        error = fs_late_settle(fs, w->file, true);
        return error != 0 ? error : -ESTALE;
    }
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

/* Writes into blocks that the file has. */
static int64_t
write_over(struct fs *fs, struct io_what *w, const struct fs_map *map,
           uint64_t blocks)
{
    struct fs_file *file = w->file;
    int64_t error;

    run_note(fs, file, (w->offset + w->done) / FS_BLOCK, map);
    error = run_write(fs, w, map, blocks);
    if (error == 0) {
        if (w->offset + w->done > file->run.size) {
            file->end = w->offset + w->done;
            file->run.size = file->end;
        }
        time_note(fs, file, map->entry->mtime);
    }
    return error;
}

/* How many blocks to claim where `blocks` are to be written: at the end of a
   file that grows, more each time. */
static uint64_t
claim_count(struct fs_file *file, uint64_t blocks, bool grows)
{
    uint64_t count = grows && file->window > blocks ? file->window : blocks;

    file->window = !grows                     ? 0
                   : count < FS_AHEAD_MAX / 2 ? (uint32_t)count * 2
                                              : FS_AHEAD_MAX;
    return count;
}

/* Claims blocks for a hole, or behind the end, and writes the first of them. */
static int64_t
write_new(struct fs *fs, struct io_what *w, struct fs_map *map, uint64_t blocks)
{
    struct fs_file *file = w->file;
    uint64_t at = w->offset + w->done;
    uint64_t end = w->offset + w->count;
    uint64_t old = fs_size(file, map->entry);
    uint64_t size = old;
    uint32_t window = file->window;
    uint64_t now = fs_now(fs);
    uint64_t count =
        claim_count(file, blocks, at == size && at % FS_BLOCK == 0);
    struct fs_entry *entry;
    int64_t error = fs_claim(fs, map, (uint32_t)(at / FS_BLOCK),
                             smaller(count, map->count), &entry);

    if (error != 0) {
        file->window = window;
        return error;
    }
    blocks = smaller(blocks, map->count);
    end = smaller(end, (at / FS_BLOCK + blocks) * FS_BLOCK);
    size = end > size ? end : size;
    entry->size = size;
    entry->mtime = now;
    /* Noted before it is so, in case that somebody dies in between. */
    file->ahead = file->ahead || map->count > blocks;
    fs->fresh = (struct fs_fresh){map->way.node->block, map->first, blocks};
    error = store_commit(fs, map->count, 0);
    if (error == 0) {
        file->end = 0;
        file->mtime = 0;
        error = run_write(fs, w, map, blocks);
        if (error == 0) {
            file->run = (struct fs_run){fs->stamp,  map->way.node->block,
                                        map->first, at / FS_BLOCK,
                                        map->count, size,
                                        now};
        } else {
            (void)claim_undo(fs, map, old);
        }
    }
    fs->fresh.count = 0;
    return error;
}

static int64_t
write_try(struct fs *fs, void *what)
{
    struct io_what *w = what;
    uint64_t at = w->offset + w->done;
    uint64_t end = w->offset + w->count;
    uint64_t blocks = (end + FS_BLOCK - 1) / FS_BLOCK - at / FS_BLOCK;
    struct fs_map map;
    int64_t error = fs_map(fs, w->file, (uint32_t)(at / FS_BLOCK), &map);

    if (error != 0) {
        return error;
    }
    blocks = smaller(blocks, map.count);
    error = map.first != 0 ? write_over(fs, w, &map, blocks)
                           : write_new(fs, w, &map, blocks);
    return error != 0 ? error : w->done < w->count;
}

/* Writes where was read or written last, or goes on behind that: false if it
   lies elsewhere. What is written to is said of the file later. */
static bool
write_again(struct fs *fs, struct fs_file *file, uint64_t offset,
            const void *bytes, uint64_t count)
{
    struct fs_run *run = &file->run;
    uint64_t block =
        offset <= run->size ? run_find(fs, file, offset, count) : 0;

    if (block == 0 ||
        fs->volume->f->data_write(fs->volume, run->parent, block,
                                  offset % FS_BLOCK, count, bytes) != 0) {
        return false;
    }
    if (offset + count > run->size) {
        file->end = offset + count;
        run->size = file->end;
    }
    time_note(fs, file, run->mtime);
    return true;
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
    if (result == 0 && count > 0 &&
        write_again(fs, file, offset, bytes, count)) {
        return (int64_t)count;
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
    w->done = fs_size(w->file, map.entry);
    e = store_entry(fs, map.place.way.node, map.entry);
    e->size = w->offset;
    e->mtime = fs_now(fs);
    error = store_commit(fs, 0, 0);
    if (error == 0) {
        w->file->mtime = 0;
        w->file->end = 0;
        w->file->window = 0;
    }
    return error;
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

struct page_what {
    struct fs_file *file;
    uint64_t block;
    bool write;
    void *page;
};

static int64_t
page_try(struct fs *fs, void *what)
{
    struct page_what *w = what;
    struct fs_map map;
    int64_t error = fs_map(fs, w->file, (uint32_t)w->block, &map);

    if (error != 0) {
        return error;
    }
    w->page = map.first == 0
                  ? NULL
                  : fs->volume->f->data_page(fs->volume, map.way.node->block,
                                             map.first, w->write);
    if (w->page == NULL) {
        return -ENODATA;
    }
    if (w->write) {
        time_note(fs, w->file, map.entry->mtime);
    }
    return 0;
}

int64_t
fs_page(struct fs *fs, struct fs_file *file, uint64_t block, bool write,
        void **page)
{
    struct page_what w = {file, block, write, NULL};
    int64_t error = 0;

    if (block >= FS_FILE_BLOCKS || fs->volume->f->data_page == NULL) {
        return -EINVAL;
    }
    if (write) {
        error = fs_use(fs);
    }
    if (error == 0) {
        error = fs_do(fs, page_try, &w);
    }
    *page = w.page;
    return error;
}
