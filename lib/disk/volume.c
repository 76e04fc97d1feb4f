/* SPDX-License-Identifier: MIT */
#include "lib/disk/volume.h"

#include <string.h>

#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/disk/completion.h"
#include "lib/disk/format.h"
#include "lib/disk/volume_part.h"
#include "lib/exo/exo.h"
#include "lib/fs/format.h"

#define CHANGE_WORDS (2 + 3 * DISK_CHANGE_BLOCKS)
#define SECOND 1000000000
#define PATIENCE 10 /* seconds */

static uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

bool
volume_waits(uint64_t *until)
{
    const struct information *i = (const void *)INFORMATION_BOOT;
    uint64_t now = time_now();

    if (*until == 0) {
        *until = now + PATIENCE * i->time_frequency;
    }
    return now < *until;
}

/*
 * Nodes.
 */
/* The entry of a metadata block that `parent` owns, made if it is missing;
   with `ask` the kernel looks again who may see it. */
static int64_t
node_entry(struct disk_volume *v, uint64_t parent, uint64_t block, bool ask)
{
    uint32_t e = volume_find(v, block);
    uint64_t up = DISK_WHOLE | v->disk.number;
    bool fresh = (v->fs.table[block] & BLOCK_STATE) == BLOCK_UNINITIALISED;

    if (block != DISK_CATALOGUE_BLOCK) {
        up = parent == DISK_CATALOGUE_BLOCK
                 ? (uint64_t)node_entry(v, parent, parent, false)
                 : volume_search(v, parent);
        if (up >= VOLUME_ENTRIES) {
            return -ENOENT;
        }
    }
    if (!ask && e != VOLUME_NONE && volume_row(v, e)->parent == parent) {
        return e;
    }
    return volume_get(v, up, block, fresh ? REGISTRY_READ_CREATE : 0, 0);
}

/* Whether these are the newest bytes, and there are any. */
static bool
is_version(const struct disk_volume *v, uint32_t e, uint64_t parent,
           uint64_t version)
{
    const volatile struct registry_entry *row = volume_row(v, e);

    return row->version == version && row->parent == parent &&
           (row->flags & REGISTRY_EMPTY) == 0;
}

/* The frame of an image is not written while it is the newest; so what was
   copied is right if it is so afterwards. The first image of a new block is
   nobody's to map until it has been asked for. */
static int64_t
node_read(struct fs_volume *fs, uint64_t parent, uint64_t block, void *image,
          uint64_t *version)
{
    struct disk_volume *v = volume_of(fs);
    uint32_t known = volume_find(v, block);
    struct registry_entry seen;
    bool asked = false;
    int64_t error;
    int64_t e;
    unsigned i;

    if (known != VOLUME_NONE && is_version(v, known, parent, *version)) {
        return 0;
    }
    e = node_entry(v, parent, block, false);
    for (i = 0; i < VOLUME_TRIES && e >= 0; i++) {
        const volatile struct registry_entry *row = volume_row(v, (uint32_t)e);

        if (row->version == *version && row->block == block) {
            return (row->flags & REGISTRY_EMPTY) != 0 ? -ENODATA : 0;
        }
        seen = volume_look(v, (uint32_t)e);
        if (seen.block != block || seen.state <= REGISTRY_READING) {
            e = node_entry(v, parent, block, false);
            continue;
        }
        if ((seen.flags & REGISTRY_EMPTY) != 0) {
            *version = seen.version;
            return -ENODATA;
        }
        error = volume_map(v, (uint32_t)e, false);
        if (error == -EPERM && !asked) {
            asked = true;
            e = node_entry(v, parent, block, true);
            continue;
        }
        if (error == 0 &&
            volume_copy(image, volume_address(v, (uint32_t)e), FS_BLOCK) &&
            volume_look(v, (uint32_t)e).version == seen.version) {
            *version = seen.version;
            return 1;
        }
        if (error < 0 && error != -ESTALE) {
            return error;
        }
    }
    return e < 0 ? e : -EIO;
}

/* The frame of a page in which an image lies. */
static int64_t
page_frame(const struct disk_volume *v, const void *image)
{
    uint64_t page = ((uint64_t)image - (uint64_t)v->pages) / FRAME_SIZE;
    const volatile struct frame *f;

    if (page >= v->page_count) {
        return -EINVAL;
    }
    f = (const volatile struct frame *)INFORMATION_FRAMES + v->page_frame[page];
    return f->owner == v->page_owner ? (int64_t)v->page_frame[page] : -EPERM;
}

/* Whether an entry probably has a spare frame: the kernel does not say. */
static bool
has_spare(const struct registry_entry *seen)
{
    return seen->pages > (seen->state == REGISTRY_CLEAN ? 1 : 2);
}

/* The words of a proposal. In offered[] the frames for those entries that have
   none to spare, or with `all` for each. */
/* NOLINTBEGIN(readability-function-size): three of them are arrays. */
static int64_t
change_words(struct disk_volume *v, const struct fs_edit *edit, unsigned edits,
             bool all, uint32_t *entry, int64_t *offered, uint64_t *word)
{
    unsigned i;

    for (i = 0; i < edits; i++) {
        int64_t e = node_entry(v, edit[i].parent, edit[i].block, false);
        int64_t from = page_frame(v, edit[i].image);
        struct registry_entry seen;

        if (e < 0 || from < 0) {
            return e < 0 ? e : from;
        }
        entry[i] = (uint32_t)e;
        seen = volume_look(v, entry[i]);
        if (all || !has_spare(&seen)) {
            offered[i] = volume_frame(v);
            if (offered[i] < 0) {
                return offered[i];
            }
        }
        *word++ = (v->first + entry[i]) | (uint64_t)from << 32;
        *word++ = (uint64_t)offered[i];
        *word++ = edit[i].version;
    }
    return 0;
}
/* NOLINTEND(readability-function-size) */

static int64_t
change_propose(struct disk_volume *v, const uint64_t *word, unsigned edits)
{
    struct completion c;
    int64_t result;
    uint64_t until = 0;

    if (!completion_begin(&c)) {
        return -EBUSY;
    }
    for (;;) {
        memcpy(exo_uarea->batch, word,
               (2 + 3 * (size_t)edits) * sizeof(word[0]));
        result = sys_disk_change(v->disk.cap, v->disk.number, edits, c.cookie);
        if (result != -EAGAIN || !volume_waits(&until)) {
            break;
        }
        (void)disk_retry(result);
    }
    if (result < 0) {
        completion_cancel(&c);
        return result == -EAGAIN ? -EIO : result;
    }
    return completion_wait(&c);
}

static int64_t
node_change_try(struct disk_volume *v, struct fs_edit *edit, unsigned edits,
                uint64_t claimed, uint64_t given, bool all)
{
    uint64_t word[CHANGE_WORDS] = {claimed, given};
    int64_t offered[FS_EDITS_MAX] = {0};
    uint32_t entry[FS_EDITS_MAX];
    int64_t error = change_words(v, edit, edits, all, entry, offered, word + 2);
    unsigned i;

    if (error == 0) {
        error = change_propose(v, word, edits);
    }
    for (i = 0; i < edits; i++) {
        volume_frame_free(offered[i]);
        if (error == 0) {
            edit[i].version = volume_look(v, entry[i]).version;
        }
    }
    return error;
}

static int64_t
node_change_all(struct fs_volume *fs, struct fs_edit *edit, unsigned edits,
                uint64_t claimed, uint64_t given)
{
    struct disk_volume *v = volume_of(fs);
    int64_t error = node_change_try(v, edit, edits, claimed, given, false);

    if (error == -EINVAL) { /* perhaps there was no spare frame */
        error = node_change_try(v, edit, edits, claimed, given, true);
    }
    v->count.changes += error == 0;
    return error;
}

static int64_t
node_put(struct fs_volume *fs, uint64_t block)
{
    struct disk_volume *v = volume_of(fs);
    uint32_t e = volume_search(v, block);
    int64_t error;

    if (e == VOLUME_NONE) {
        return 0; /* dirty ones stay */
    }
    error = volume_write_data(v, block, 0, UINT64_MAX);
    if (error == 0) {
        bool dirty = volume_row(v, e)->state != REGISTRY_CLEAN;

        error = volume_write_entry(v, e);
        if (error == 0 && dirty) {
            v->unflushed = 0; /* the kernel flushes before and after */
            v->count.nodes++;
        }
    }
    return error;
}

static int64_t
node_attached(struct fs_volume *fs, uint64_t block)
{
    struct disk_volume *v = volume_of(fs);
    uint32_t e = volume_search(v, block);

    return e != VOLUME_NONE &&
           (volume_row(v, e)->flags & REGISTRY_DETACHED) == 0;
}

static void
volume_recover(struct fs_volume *fs)
{
    struct disk_volume *v = volume_of(fs);
    uint32_t e;

    memset(v->memo, 0, sizeof(v->memo));
    memset(v->changed, 0, sizeof(v->changed));
    v->dirty_count = 0;
    v->unflushed = 1;
    v->hand %= v->entries;
    for (e = 0; e < v->entries; e++) {
        struct registry_entry seen = volume_look(v, e);
        uint64_t until = 0;

        /* What it proposed is made, or refused, before others look. */
        while ((seen.flags & REGISTRY_CHANGING) != 0 && volume_waits(&until)) {
            (void)disk_retry(-EAGAIN);
            seen = volume_look(v, e);
        }
        if (seen.state <= REGISTRY_READING) {
            continue;
        }
        volume_note(v, seen.block, e);
        if (seen.state != REGISTRY_CLEAN && (seen.flags & REGISTRY_META) == 0) {
            volume_change_note(v, e);
        }
    }
}

/*
 * The world.
 */
static uint64_t
volume_now(struct fs_volume *fs)
{
    const struct information *i = (const void *)INFORMATION_BOOT;
    uint64_t ticks = time_now() - i->clock_time;

    (void)fs;
    return i->clock + ticks / i->time_frequency * SECOND +
           ticks % i->time_frequency * SECOND / i->time_frequency;
}

static uint64_t
volume_random(struct fs_volume *fs)
{
    const struct information *i = (const void *)INFORMATION_BOOT;
    uint64_t word;

    (void)fs;
    memcpy(&word, i->entropy, sizeof(word));
    return (word ^ time_now()) * 0x9e3779b97f4a7c15;
}

static const struct fs_volume_functions functions = {
    .read = node_read,
    .change = node_change_all,
    .write = node_put,
    .attached = node_attached,
    .data_read = volume_data_read,
    .data_write = volume_data_write,
    .data_page = volume_data_page,
    .data_settle = volume_data_settle,
    .flush = volume_data_flush,
    .recover = volume_recover,
    .now = volume_now,
    .random = volume_random};

/*
 * Beginning.
 */
/* Of a disk that is ready: what the kernel shows of it. */
static int64_t
volume_begin(struct disk_volume *v)
{
    const volatile struct disk_row *row = disk_row(&v->disk);

    v->first = row->registry_first;
    v->entries = row->registry_count;
    v->fs.f = &functions;
    v->fs.table = v->disk.space.table;
    v->fs.blocks = v->disk.space.blocks;
    v->fs.twice = row->doubles;
    return v->entries <= VOLUME_ENTRIES ? 0 : -EINVAL;
}

int64_t
volume_open(struct disk_volume *v, uint64_t number, uint64_t control,
            uint64_t cap)
{
    int64_t error;

    memset(v, 0, sizeof(*v));
    error = disk_open(&v->disk, number, control, cap);
    if (error == 0) {
        error = disk_recover(&v->disk);
        v->disk.cap = cap;
    }
    return error != 0 ? error : volume_begin(v);
}

int64_t
volume_join(struct disk_volume *v, uint64_t number, uint64_t cap)
{
    int64_t error;

    memset(v, 0, sizeof(*v));
    error = disk_open(&v->disk, number, cap, cap);
    if (error == 0 && disk_row(&v->disk)->state != DISK_READY) {
        error = -ENODEV;
    }
    if (error != 0) {
        return error;
    }
    v->disk.space.table =
        (const volatile uint8_t *)(INFORMATION_BLOCKS +
                                   number * INFORMATION_BLOCKS_SIZE);
    v->disk.space.blocks = disk_row(&v->disk)->table_blocks;
    return volume_begin(v);
}

/* Makes a table by having a page in it for a moment. */
static int64_t
table_make(const struct disk_volume *v, const struct exo_map *map,
           uint64_t address)
{
    struct exo_range range = {address, 1, 0};
    int64_t frame = exo_frame_alloc(v->disk.frame_cap, 0);
    uint64_t page = (uint64_t)frame;
    int64_t error = frame < 0 ? frame
                              : exo_map_insert(map, &range, v->disk.frame_cap,
                                               &page, EXO_R);

    if (error == 0) {
        error = exo_map_remove(map, address, FRAME_SIZE);
    }
    if (frame > 0) {
        (void)exo_frame_free(page);
    }
    return error < 0 ? error : exo_map_table(map, address);
}

int64_t
volume_window(struct disk_volume *v, const struct exo_map *map,
              uint64_t address)
{
    struct exo_range range = {address + (uint64_t)VOLUME_ENTRIES * FRAME_SIZE,
                              VOLUME_TABLES, 0};
    unsigned i;

    if (address % (512 * FRAME_SIZE) != 0) {
        return -EINVAL;
    }
    v->window = address;
    for (i = 0; i < VOLUME_TABLES; i++) {
        int64_t table =
            table_make(v, map, address + (uint64_t)i * 512 * FRAME_SIZE);

        if (table <= 0) {
            return table < 0 ? table : -EINVAL;
        }
        v->table[i] = (uint64_t)table;
    }
    return exo_map_insert(map, &range, v->disk.cap, v->table, EXO_R);
}

int64_t
volume_pages(struct disk_volume *v, const void *pages, unsigned count)
{
    unsigned i;

    if (count > VOLUME_PAGES || (uint64_t)pages % FRAME_SIZE != 0) {
        return -EINVAL;
    }
    for (i = 0; i < count; i++) {
        int64_t piece =
            disk_page_piece((const uint8_t *)pages + (size_t)i * FRAME_SIZE);

        if (piece < 0) {
            return piece;
        }
        v->page_frame[i] = (uint32_t)piece;
    }
    v->page_owner =
        ((const volatile struct frame *)INFORMATION_FRAMES)[v->page_frame[0]]
            .owner;
    v->pages = pages;
    v->page_count = count;
    return 0;
}

int64_t
volume_tree(struct disk_volume *v, uint64_t control, const char *name)
{
    static _Alignas(FRAME_SIZE) uint8_t page[FRAME_SIZE];
    struct disk disk = v->disk;
    struct code_error error;
    const struct disk_tree *tree;
    uint64_t version = 0;
    int64_t result =
        disk_format_type(page, FS_TYPE_NAME, fs_owns, fs_access, &error);

    disk.cap = control;
    if (result == 0) {
        result = disk_type(&disk, page);
    }
    if (result < 0) {
        return result;
    }
    v->fs.type = (uint32_t)result;
    result = node_read(&v->fs, DISK_CATALOGUE_BLOCK, DISK_CATALOGUE_BLOCK, page,
                       &version);
    if (result < 0) {
        return result;
    }
    tree = disk_format_tree_find(page, name);
    if (tree == NULL) {
        return -ENOENT;
    }
    v->fs.root = tree->first;
    return tree->type == v->fs.type ? 0 : -EINVAL;
}

bool
volume_fault(const struct disk_volume *v, struct uarea *uarea)
{
    extern const char volume_copy_failed[];
    struct level *save = &uarea->level[LEVEL_EXCEPTION];

    if (save->pc < (uint64_t)volume_copy ||
        save->pc >= (uint64_t)volume_copy_failed ||
        save->value - v->window >= VOLUME_WINDOW_SIZE) {
        return false;
    }
    save->pc = (uint64_t)volume_copy_failed;
    return true;
}
