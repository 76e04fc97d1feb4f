/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_FS_FORMAT_H
#define CHITIN_LIB_FS_FORMAT_H
/*
 * What a file system has on a disk. It is a tree of nodes, metadata blocks of
 * one type; numbers are little-endian.
 *
 *      0 | head                                                    |
 *    128 | entries: names with their inodes, one after the other   |
 *        |                       free                              |
 *        | records: what the node owns, in the order of the blocks |
 *   4096 +---------------------------------------------------------+
 *
 * The kernel's program `owns` looks at magic, count of records and records. All
 * else is this library's affair. docs/file-system.md has pictures.
 *
 *   root     two entries: the root directory and the directory of links
 *   leaf     entries of a directory whose hashes are within a range
 *   extents  records of a file: its blocks within a range
 *   index    of a directory or a file: records are nodes, each for a part of
 *            the range, from its key on to the next
 */
#include "kern/abi/cap.h"
#include "kern/abi/disk.h"

#define FS_MAGIC 0x5346206e69746943 /* "Citin FS", as memory has it */
#define FS_VERSION 1
#define FS_TREE_NAME                                                           \
    "files" /* in the catalogue, unless somebody says other                    \
             */
#define FS_TYPE_NAME "fs"

enum fs_kind { FS_ROOT = 1, FS_LEAF, FS_INDEX, FS_EXTENTS };

/* Flags of a head. */
#define FS_READ_ANYONE 1 /* reading asks for no capability */
#define FS_DEAD 2        /* the top of a directory that was removed */

/* States of the root. */
enum fs_state { FS_CLEAN = 1, FS_IN_USE };

struct fs_head {
    uint64_t magic;
    uint8_t kind;
    uint8_t flags;
    uint16_t entries;     /* how many */
    uint16_t entry_bytes; /* of all together */
    uint16_t records;     /* how many */
    uint64_t number;      /* of the directory or file that it is part of */
    uint32_t low;         /* the range of keys that it is for: hashes, or */
    uint32_t high;        /* blocks of a file; `high` is in it */
    struct cap_name read; /* guards of the node, and of data that it owns */
    struct cap_name write;
    uint64_t mtime; /* of a directory, in its top node */
    /* Of the root only. */
    uint64_t seed;  /* of hashes */
    uint64_t limit; /* all numbers are below it */
    uint32_t version;
    uint32_t state;
    uint64_t zero[4];
};

#define FS_READ_OFFSET 32 /* of the guards, for `access` */
#define FS_WRITE_OFFSET 48

/* What a node owns: a run of data, or a node. */
struct fs_record {
    uint64_t place; /* the first block, and the number of blocks << 40 */
    uint32_t key;   /* block of the file; of a node: where its range begins */
    uint16_t id;    /* the entry that has it; 0 if the whole node does */
    uint8_t flags;
    uint8_t type; /* on this disk: 0, or that of nodes */
};
#define FS_PLACE_SHIFT 40
#define FS_COUNT_MAX 0xffffffu
#define FS_RECORD_SPARE 1  /* a node that is not in use yet */
#define FS_RECORDS_MAX 200 /* whom the fuel of fs_owns is enough for */

enum fs_file_kind {
    FS_FILE = 1,
    FS_DIRECTORY,
    FS_SYMLINK, /* the target stands behind the name */
    FS_LINK,    /* the inode is in the directory of links, by its number */
    FS_DYING,   /* has no name any more; what it owns is given back in parts */
};

/* A name and its inode. */
struct fs_entry {
    uint32_t hash;  /* of the name */
    uint16_t bytes; /* of all this, a multiple of 8 */
    uint8_t kind;
    uint8_t name_bytes;
    uint64_t number; /* of the file, never used again */
    uint64_t size;
    uint64_t mtime; /* nanoseconds since 1970 */
    uint16_t mode;  /* as POSIX has it; nobody asks here */
    uint16_t id;    /* in this node; not 0 */
    uint32_t links; /* names, in the directory of links */
    uint32_t uid;
    uint32_t gid;
    uint32_t moves; /* from node to node; of two with one number that a crash
                       left the one with more is right */
    uint16_t target_bytes;
    uint16_t was; /* kind of what is dying */
    char name[];  /* and the target */
};

#define FS_BLOCK DISK_BLOCK_BYTES
#define FS_HEAD_BYTES 128
#define FS_NAME_MAX 255
#define FS_TARGET_MAX 1024
/* Bytes that entries and records of data leave free: for the two nodes into
   which a full one is split; and in a leaf for the node that a file is to get.
 */
#define FS_RESERVE_SPLIT (2 * (int)sizeof(struct fs_record))
#define FS_RESERVE (4 * (int)sizeof(struct fs_record))
/* Records that a file has in its directory before it gets nodes of its own. */
#define FS_INLINE_RECORDS 4
/* A file has at most so many blocks: 16 TiB. */
#define FS_FILE_BLOCKS UINT32_MAX
/* Index nodes above one another. */
#define FS_DEPTH_MAX 24

struct fs_node {
    struct fs_head head;
    uint8_t body[FS_BLOCK - FS_HEAD_BYTES];
};

_Static_assert(sizeof(struct fs_head) == FS_HEAD_BYTES, "on the disk");
_Static_assert(sizeof(struct fs_record) == 16, "on the disk");
_Static_assert(sizeof(struct fs_entry) == 56, "on the disk");
_Static_assert(sizeof(struct fs_node) == FS_BLOCK, "on the disk");

/* The programs of the type, as text for the assembler of lib/code. */
extern const char fs_owns[];
extern const char fs_access[];

#endif
