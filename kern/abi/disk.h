/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_DISK_H
#define CHITIN_ABI_DISK_H
/*
 * Disks: what is on them, and the tables that every env can read. Numbers on
 * the disk are little-endian; a block is 4 KiB.
 *
 *   block 0       label
 *   block t       type t, for t from 2 to 63; block 1 is not used
 *   block 64      the root catalogue, which is of type 1
 *   from 65 on    what the trees own that the catalogue names
 *
 * A metadata block has a type. Its type's program `owns` says which extents it
 * owns, and of which type their blocks are: 0 is data, any other makes each of
 * them a metadata block. docs/disk-format.md has the whole of it.
 */
#include "kern/abi/cap.h"
#include "kern/abi/types.h"

#define DISK_BLOCK_BYTES 4096

#define DISK_LABEL_BLOCK 0
#define DISK_TYPES 64 /* type t > 1 is in block t */
#define DISK_CATALOGUE_BLOCK 64
#define DISK_FIRST_BLOCK 65 /* the first that can be owned */

#define DISK_TYPE_DATA 0
#define DISK_TYPE_CATALOGUE 1
#define DISK_TYPE_FIRST 2 /* the first that can be installed */

/* Blocks that a disk must have, and the most that are used of one. */
#define DISK_BLOCKS_MIN 66
#define DISK_BLOCKS_MAX ((uint64_t)1 << 40)

#define DISK_HASH_BYTES 32

/* "Chitin d", "Chitin t" */
#define DISK_LABEL_MAGIC 0x64206e6974696843
#define DISK_TYPE_MAGIC 0x74206e6974696843
#define DISK_VERSION 1

/* The label; the rest of the block is zero and not looked at. */
struct disk_label {
    uint64_t magic;
    uint32_t version;
    uint32_t types;  /* DISK_TYPES */
    uint64_t blocks; /* the disk may have more, not fewer */
    uint64_t catalogue;
    uint8_t hash[DISK_HASH_BYTES]; /* SHA-256 of the 32 bytes before it */
};

/*
 * A type block: this, and the instructions of its two programs, each within the
 * block. It is valid if the hash is right, and so needs no order of writes.
 */
struct disk_type {
    uint64_t magic;
    uint8_t hash[DISK_HASH_BYTES]; /* SHA-256 of the bytes after it, to the end
                                      of the block: the name of the type */
    char name[16];                 /* for people; ends with a zero byte */
    uint16_t owns;                 /* where the program begins in the block, a
                                      multiple of 8 */
    uint16_t owns_count;           /* instructions, 1 or more */
    uint16_t access;
    uint16_t access_count;
    uint64_t zero[8];
};

/*
 * Programs of types. Both get r1: the address of the block's 4 KiB, which they
 * may read only; r2: 4096; and fuel, of which the first function takes its
 * part; no stack beyond their own.
 *
 * `owns` calls CODE_EMIT(first, count, type) for each extent, in ascending
 * order and with no overlap, at most DISK_EXTENTS_MAX times, and returns 0. Any
 * other result, an extent that is none, or being stopped: the image is
 * malformed, and owns nothing. CODE_EMIT returns 0, or 1 if that is so already.
 * The fuel, CODE_FUEL_OWNS, is enough for some 200 extents that are read out of
 * an array.
 *
 * `access` gets in r3 the first block of an extent that the block owns, or
 * CODE_ACCESS_SELF for the block itself; in r4 CAP_READ or CAP_WRITE. It
 * returns where in the image the guard is (a struct cap_name, which need not be
 * aligned) that a capability must dominate with that right; or
 * CODE_ACCESS_ANYONE; anything else, and being stopped, means nobody. Its fuel
 * is CODE_FUEL_ACCESS.
 */
#define CODE_EMIT 1
#define CODE_PRICE_EMIT 40 /* of its own work (kern/code/price.h) */
#define CODE_FUEL_OWNS 14000
#define CODE_FUEL_ACCESS 3500 /* four runs go into an entry of the kernel */
#define CODE_ACCESS_SELF UINT64_MAX
#define CODE_ACCESS_ANYONE 0x10000
#define DISK_EXTENTS_MAX 256

/* A run of blocks, of one type. */
struct disk_extent {
    uint64_t first;
    uint32_t count;
    uint32_t type;
};

/* The root catalogue: 64 of these, in ascending order of `first`, no overlap,
   empty ones (count 0, all zero) last. Anybody may read it. An entry may be
   changed by who may write its guard, before and after. */
#define DISK_TREES 64
struct disk_tree {
    char name[16];
    uint64_t first;
    uint32_t count;
    uint32_t type;
    struct cap_name guard; /* of the extent, if it is data */
    uint64_t zero[2];
};

/* The block table has a byte for each block: state | type << 2. */
#define BLOCK_STATE 3
enum block_state {
    BLOCK_FREE,
    BLOCK_USED,
    BLOCK_WILL_FREE,     /* free when the block that owned it is written */
    BLOCK_UNINITIALISED, /* owned, and never written since */
};
#define BLOCK_TYPE_SHIFT 2

enum disk_state {
    DISK_RAW, /* no tree is known: to be formatted or recovered */
    DISK_RECOVERING,
    DISK_READY,
    DISK_READ_ONLY, /* too much is owned twice for the table of doubles */
};

/*
 * The registry: which frame holds which block. The entries of a disk are a
 * part of the array. An entry is consistent if `sequence` is even and the same
 * before and after it was read.
 */
enum registry_state {
    REGISTRY_FREE,
    REGISTRY_READING, /* the frame is being filled; it has no image yet */
    REGISTRY_CLEAN,   /* as on the disk */
    REGISTRY_DIRTY,
    REGISTRY_WRITING, /* a write is asked for or under way */
};
#define REGISTRY_META 1      /* a metadata block */
#define REGISTRY_FROZEN 2    /* owned twice, or malformed: see disk_double */
#define REGISTRY_EMPTY 4     /* metadata that has no image yet */
#define REGISTRY_REDIRTIED 8 /* changed since it was handed to a write */
#define REGISTRY_DETACHED                                                      \
    16                       /* metadata; not known to be owned, on the disk,  \
                                by a tree that the catalogue names */
#define REGISTRY_CHANGING 32 /* in the change that is being made */
#define REGISTRY_NONE UINT32_MAX

struct registry_entry {
    uint32_t sequence;
    uint8_t state;
    uint8_t type;
    uint8_t flags;
    uint8_t disk;
    uint64_t block;
    uint64_t version; /* of the image; no two images of a disk have the same */
    uint32_t frame;   /* the newest image; 0: none */
    uint32_t holder;  /* env charged for the entry's frames; 0: none */
    uint32_t pages;   /* frames that are charged */
    uint32_t pins;    /* mappings and I/O; an entry with any stays */
    uint64_t parent;  /* the block that owns it, by its newest image */
    uint64_t zero[2];
};

/*
 * Extents that two images on the disk own, or may own: those that moved from
 * one metadata block to another, until the block that they left is written; and
 * those that recovery found with two owners, until one drops them. In ascending
 * order, no overlap.
 */
#define DISK_DOUBLES_MAX 512
enum disk_double_kind {
    DOUBLE_MOVED,
    DOUBLE_FROZEN,    /* has two owners */
    DOUBLE_MALFORMED, /* a metadata block that says nothing sensible */
};
struct disk_double {
    uint64_t first;
    uint32_t count;
    uint32_t kind;
    uint64_t version; /* of the image without it that is to be written; and */
    uint64_t source;  /* whose: a block. Both of DOUBLE_MOVED only */
};

/*
 * A change, as disk_change takes it: up to DISK_CHANGE_BLOCKS metadata blocks,
 * with the bytes that each is to have.
 */
#define DISK_CHANGE_BLOCKS 4
struct disk_change_block {
    uint32_t entry; /* in the registry */
    uint32_t from;  /* a frame with the bytes, that the caller may read */
    uint32_t to;    /* a frame of the caller's that becomes the registry's;
                       0: the entry's spare one */
    uint32_t zero;
    uint64_t version; /* of the entry's image that it was made from */
};
struct disk_change {
    uint64_t claimed; /* free blocks that are owned then */
    uint64_t given;   /* owned ones that are not */
    struct disk_change_block block[DISK_CHANGE_BLOCKS];
};

/* Where calls take an entry of the registry as parent: the disk itself. */
#define DISK_WHOLE 0x80000000

/* Flags of registry_read. */
#define REGISTRY_READ_HOLD 1   /* the caller becomes the entry's holder */
#define REGISTRY_READ_INSERT 2 /* data: the frame holds the newest bytes */
#define REGISTRY_READ_CREATE                                                   \
    4 /* metadata that has never been written: an                              \
         entry without an image */

/* Another: data, whose frame is to be mapped for writing. */
#define REGISTRY_READ_WRITE 8

_Static_assert(sizeof(struct disk_label) == 64, "on the disk");
_Static_assert(sizeof(struct disk_type) == 128, "on the disk");
_Static_assert(sizeof(struct disk_extent) == 16, "as catalogue and sets are");
_Static_assert(sizeof(struct disk_tree) * DISK_TREES == DISK_BLOCK_BYTES,
               "the catalogue is one block");
_Static_assert(sizeof(struct registry_entry) == 64, "a cache line");
_Static_assert(sizeof(struct disk_double) == 32, "envs read it");

#endif
