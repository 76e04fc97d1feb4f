/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_DISK_VOLUME_H
#define CHITIN_LIB_DISK_VOLUME_H
/*
 * What lib/fs stands on, in the machine: a volume over a disk of the kernel's.
 * Blocks that are in use are entries of the kernel's registry, and these are
 * the cache: entry e of the disk is seen at `window` + 4096 e, by all envs that
 * have the tables of the window in their own.
 *
 *     volume_open     once, by the env that has control over the disk
 *     volume_window   once, by the env whose tables they are
 *     volume_pages    once: where images of changes will lie
 *     volume_tree     finds the file system; then fs_mount(fs, &volume->fs)
 *
 * All of it is in the struct, which envs may share at one address, with a lock
 * around whatever they do. The truth is the kernel's: what is here of entries
 * is a guess, compared with its tables before it is used. So when a user died
 * in the middle of something, fs_recover puts it right.
 *
 * Data is written back by sync, and when room is needed; what was not used for
 * longest goes.
 */
#include "lib/disk/node.h"
#include "lib/exo/map.h"
#include "lib/fs/volume.h"

#define VOLUME_ENTRIES 2048 /* of one disk, at most */
#define VOLUME_MEMO 8192
#define VOLUME_TABLES (VOLUME_ENTRIES / 512)
#define VOLUME_PAGES 64
/* Bytes of the window: the entries, and behind them its tables, to read. */
#define VOLUME_WINDOW_SIZE ((uint64_t)VOLUME_ENTRIES * 4096 + 0x200000)

struct disk_volume {
    struct fs_volume fs;
    struct disk disk;
    uint64_t window;
    uint64_t table[VOLUME_TABLES]; /* page tables of the window */
    uint32_t first;                /* number of entry 0 in the registry */
    uint32_t entries;
    uint32_t hand;      /* where the search for room goes on */
    uint32_t unflushed; /* data was written after the last flush: its entry,
                           plus 1 */
    /* Where a block may be: its entry, plus 1. */
    uint16_t memo[VOLUME_MEMO];
    /* Entries with data that was changed and not written; a bit, and a list of
       them in which some may be that are clean, but none is missing. */
    uint64_t changed[VOLUME_ENTRIES / 64];
    uint16_t dirty[VOLUME_ENTRIES];
    uint32_t dirty_count;
    uint8_t used[VOLUME_ENTRIES]; /* since the hand came by */
    /* Pages that images may lie in, one after the other, and their frames. */
    const uint8_t *pages;
    uint32_t page_count;
    uint32_t page_owner;
    uint32_t page_frame[VOLUME_PAGES];
    struct {
        uint64_t read;    /* blocks, from the disk */
        uint64_t written; /* data */
        uint64_t nodes;   /* written */
        uint64_t changes;
        uint64_t evicted;
    } count;
};

/* Recovers the disk, or waits until it is, by `control`, a capability with
   control on the empty name. What is done later is done by `cap`, the same
   entry in all envs: it must dominate the guards of what is used, and frames of
   the cache are made under it. Clears the struct. */
int64_t volume_open(struct disk_volume *v, uint64_t number, uint64_t control,
                    uint64_t cap);

/* The same, by an env without that control, once the disk has been recovered:
   -ENODEV, it has not. */
int64_t volume_join(struct disk_volume *v, uint64_t number, uint64_t cap);

/* Makes the tables of the window, VOLUME_WINDOW_SIZE from `address` on, aligned
   to 2 MiB, if they are not there; the volume's capability must dominate their
   names. */
int64_t volume_window(struct disk_volume *v, const struct exo_map *map,
                      uint64_t address);

/* Says that images of changes will lie in these pages, at most VOLUME_PAGES,
   which the volume's capability may read and which stay mapped there. */
int64_t volume_pages(struct disk_volume *v, const void *pages, unsigned count);

/* Installs the type of file systems, and finds the tree of that name in the
   catalogue. -ENOENT, -EINVAL: it is of another type. */
int64_t volume_tree(struct disk_volume *v, uint64_t control, const char *name);

/* Finds the tree of that name and guard, whose type is the number `type`; or
   makes one, and then 1: it has a block without bytes, for fs_make. The guard
   is one that the volume's capability dominates, so nobody else can have made
   a tree that is taken for this one. In the struct `fs` that will be mounted
   lies the proposal. -ENOSPC: no block is free, or no tree can be added. */
struct fs;
int64_t volume_tree_own(struct disk_volume *v, struct fs *fs, const char *name,
                        const struct cap_name *guard, uint32_t type);

/* The frame that is seen at a page of the window, or 0. */
uint64_t volume_frame_at(const struct disk_volume *v, const void *page);

/* Writes and lets go of entries that were not used for longest, until `count`
   are free for the kernel to take; how many. */
unsigned volume_shrink(struct disk_volume *v, unsigned count);

/* For the handler of exceptions: true if the fault was a page of the window
   that went away while the volume copied from or to it; then `pc` has been set
   so that the copy fails, and is made again. */
struct uarea;
bool volume_fault(const struct disk_volume *v, struct uarea *uarea);

#endif
