/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_DISK_VOLUME_PART_H
#define CHITIN_LIB_DISK_VOLUME_PART_H
/*
 * What the parts of the volume ask of each other. Entries are numbered from 0
 * on within the disk; NONE is none.
 */
#include "kern/abi/layout.h"
#include "lib/disk/completion.h"
#include "lib/disk/volume.h"

#define VOLUME_NONE UINT32_MAX

/* A wait that is not for the device is over after so many tries, or it never
   is. */
#define VOLUME_TRIES 100000

_Static_assert(offsetof(struct disk_volume, fs) == 0, "one is the other");

static inline struct disk_volume *
volume_of(struct fs_volume *fs)
{
    return (struct disk_volume *)fs;
}

/* Whether to go on waiting for the kernel or another env; *until is 0 at first.
   A job of the kernel's takes a step in a slot, if the hart does not idle. */
bool volume_waits(uint64_t *until);

/*
 * volume_cache.c: entries, and where they are seen.
 */
static inline const volatile struct registry_entry *
volume_row(const struct disk_volume *v, uint32_t e)
{
    return (const volatile struct registry_entry *)INFORMATION_REGISTRY +
           v->first + e;
}

static inline uint8_t *
volume_address(const struct disk_volume *v, uint32_t e)
{
    return (uint8_t *)(v->window + (uint64_t)e * FRAME_SIZE);
}

/* The entry of a block, if it is known to be in the registry and to have bytes
   or to get its first; or NONE. */
uint32_t volume_find(struct disk_volume *v, uint64_t block);
/* The same, for which all are looked at. */
uint32_t volume_search(struct disk_volume *v, uint64_t block);
/* A block is in that entry. */
void volume_note(struct disk_volume *v, uint64_t block, uint32_t e);
/* What the kernel says of an entry, all of one moment. */
struct registry_entry volume_look(const struct disk_volume *v, uint32_t e);
/* Has the frame of an entry seen in the window: 0, or an error; -ESTALE if
   there is none any more. */
int64_t volume_map(struct disk_volume *v, uint32_t e, bool write);
/* Whether it is. */
bool volume_is_mapped(const struct disk_volume *v, uint32_t e, bool write);

/* Reads of blocks, several at a time. */
#define VOLUME_READS 16
struct volume_read {
    struct completion wait;
    uint32_t entry;
    int64_t frame;
};
/* Has a block in the registry that `parent`, an entry or DISK_WHOLE, owns: its
   entry. It may be on its way: then volume_read_end waits for it. */
int64_t volume_read_begin(struct disk_volume *v, uint64_t parent,
                          uint64_t block, uint64_t flags, int64_t frame,
                          struct volume_read *r);
int64_t volume_read_end(struct disk_volume *v, struct volume_read *r);
/* Both. */
int64_t volume_get(struct disk_volume *v, uint64_t parent, uint64_t block,
                   uint64_t flags, int64_t frame);
/* A frame for the registry; and what becomes of one that it did not take. */
int64_t volume_frame(struct disk_volume *v);
void volume_frame_free(int64_t frame);

/*
 * volume_write.c: what was changed.
 */
void volume_change_note(struct disk_volume *v, uint32_t e);
/* Has those of the changed entries written that are data of `parent` (0: of
   any) within `count` blocks from `block` on. */
int64_t volume_write_data(struct disk_volume *v, uint64_t parent,
                          uint64_t block, uint64_t count);
/* The same of these entries, as far as they are data that was changed. */
int64_t volume_write_some(struct disk_volume *v, const uint16_t *entry,
                          unsigned count);
/* Has one entry written, and waits. */
int64_t volume_write_entry(struct disk_volume *v, uint32_t e);
/* All data is on the disk. */
int64_t volume_flush(struct disk_volume *v);

/*
 * volume_data.c: functions of struct fs_volume.
 */
int64_t volume_data_read(struct fs_volume *fs, uint64_t parent, uint64_t block,
                         uint64_t offset, uint64_t count, void *bytes);
int64_t volume_data_write(struct fs_volume *fs, uint64_t parent, uint64_t block,
                          uint64_t offset, uint64_t count, const void *bytes);
void *volume_data_page(struct fs_volume *fs, uint64_t parent, uint64_t block,
                       bool write);
int64_t volume_data_settle(struct fs_volume *fs, uint64_t parent,
                           uint64_t block, uint64_t count);
int64_t volume_data_flush(struct fs_volume *fs);

/* volume_copy.S: copies, but false if a page of the window went away. */
bool volume_copy(void *to, const void *from, size_t bytes);

#endif
