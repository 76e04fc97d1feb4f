/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_FS_VOLUME_H
#define CHITIN_LIB_FS_VOLUME_H
/*
 * What the file system stands on: metadata blocks with the kernel's rules, data
 * blocks, and the table that says what is free. In the machine that is
 * lib/disk; on the host an image, with the kernel's own modules as the judge of
 * every change.
 *
 * Each function waits until it is done, and gives 0 or more, or the negative of
 * an error as the kernel said it (kern/disk/change.h). A block is named by its
 * number; that of a metadata block is known to the volume once it was read with
 * its parent, until the volume needs the room.
 */
#include "kern/abi/disk.h"

#define FS_EDITS_MAX DISK_CHANGE_BLOCKS

/* New bytes of a metadata block. */
struct fs_edit {
    uint64_t parent; /* who owns it */
    uint64_t block;
    uint64_t version; /* in: of the bytes that these were made from. Out: theirs
                       */
    const void *image;
};

struct fs_volume;

struct fs_volume_functions {
    /*
     * The newest bytes of a metadata block that `parent` owns, whose entry is
     * in the registry. 1: they are in `image`, and *version is theirs. 0: they
     * are those of *version still, and `image` is as it was. -ENODATA: it was
     * claimed and has none yet; *version is good for the first ones. -ENOENT:
     * the parent is not in the registry, or does not own it. -EINVAL: what is
     * on the disk is malformed.
     */
    int64_t (*read)(struct fs_volume *v, uint64_t parent, uint64_t block,
                    void *image, uint64_t *version);
    /* Gives up to FS_EDITS_MAX blocks new bytes at once. */
    int64_t (*change)(struct fs_volume *v, struct fs_edit *edit, unsigned edits,
                      uint64_t claimed, uint64_t given);
    /* The newest bytes of a metadata block are on the disk. -EBUSY: something
       must be written first. */
    int64_t (*write)(struct fs_volume *v, uint64_t block);
    /* 1 if the catalogue leads to the block on the disk; else 0. */
    int64_t (*attached)(struct fs_volume *v, uint64_t block);
    /* Data: `count` bytes from byte `offset` of a block on, of an extent that
       `parent` owns. -ENODATA: some of it was never written. What of a block
       was never written before is zero afterwards, if a part is. It may be
       written to the device later, but before the node that owns it is. */
    int64_t (*data_read)(struct fs_volume *v, uint64_t parent, uint64_t block,
                         uint64_t offset, uint64_t count, void *bytes);
    int64_t (*data_write)(struct fs_volume *v, uint64_t parent, uint64_t block,
                          uint64_t offset, uint64_t count, const void *bytes);
    /*
     * Of a volume with a cache; NULL in one without.
     *
     * Where the bytes of a block of data lie that has been written; with
     * `write` they may be changed there. NULL: nowhere. Valid until another
     * function of the volume is called.
     */
    void *(*data_page)(struct fs_volume *v, uint64_t parent, uint64_t block,
                       bool write);
    /* What was written of these blocks of a parent (0: of all) is with the
       device. */
    int64_t (*data_settle)(struct fs_volume *v, uint64_t parent, uint64_t block,
                           uint64_t count);
    /* A user of memory that several share died in the middle of a function. */
    void (*recover)(struct fs_volume *v);

    /* What is with the device is there for good. */
    int64_t (*flush)(struct fs_volume *v);
    /* Nanoseconds since 1970. */
    uint64_t (*now)(struct fs_volume *v);
    /* 64 bits that nobody guesses. */
    uint64_t (*random)(struct fs_volume *v);
};

struct fs_volume {
    const struct fs_volume_functions *f;
    const volatile uint8_t *table; /* a byte for each block (kern/abi/disk.h) */
    uint64_t blocks;
    uint32_t type;  /* of nodes, on this disk */
    uint64_t root;  /* the block of the tree that is the file system */
    uint64_t twice; /* extents that recovery found with two owners */
    /* Who reads one block after the other says by the time of data_read where
       the run ends: what lies before that may be read ahead. Else 0. */
    uint64_t ahead;
};

#endif
