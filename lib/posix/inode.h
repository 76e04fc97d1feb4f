/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_INODE_H
#define CHITIN_LIB_POSIX_INODE_H
/*
 * What paths lead to: handles of lib/fs, by their index, with what is asked for
 * at each step; /dev and what is in it, which are nowhere on the disk; and the
 * cache of names. All under the lock of the file system.
 */
#include "lib/fs/fs.h"
#include "lib/posix/file.h"
#include "lib/posix/posix.h"

#define INODE_DEV FS_OPEN_MAX /* the directory /dev */
#define INODE_DEVICE (FS_OPEN_MAX + 1)
#define INODES (INODE_DEVICE + DEVICES)

struct inode {
    uint64_t number; /* of the handle, when the rest was read; 0: never */
    uint32_t uid;
    uint32_t gid;
    uint16_t mode;
    uint16_t kind; /* enum fs_file_kind; 0 for devices */
};

/* A name that was looked up; `child` is one user of its node. */
#define NAME_BYTES 24
#define NAMES 128
struct name {
    uint32_t hash;
    uint16_t parent;
    uint16_t child;
    uint8_t bytes; /* 0: nothing */
    char text[NAME_BYTES - 1];
};

struct file_system {
    struct fs fs;
    struct lock lock;
    uint32_t broken;  /* somebody died with the lock */
    uint32_t recount; /* or with that of the files */
    uint32_t mounted;
    struct inode node[FS_OPEN_MAX];
    struct name name[NAMES];
};

/* The lock. Who takes it repairs what is broken. */
void inode_take(void);
void inode_drop(void);
struct file_system *inode_system(void);

/* The handle of a node of the file system. */
static inline struct fs_file *
inode_file(unsigned node)
{
    return &inode_system()->fs.open[node];
}

/* What is asked of a node at each step: its own memory, or a constant. */
const struct inode *inode_look(unsigned node);
/* A FIFO is a file without bytes whose mode says so. */
bool inode_is_fifo(unsigned node);
/* A handle that was opened becomes a node: its index. If that fails it is
   closed. */
int64_t inode_of(struct fs_file *file);
void inode_use(unsigned node);
void inode_put(unsigned node);
/* Its mode or owner has changed. */
void inode_forget(unsigned node);

/* Whether the process may: of R_OK, W_OK and X_OK those in `what`. */
int64_t inode_permits(unsigned node, int what);
/* Whether it owns it, or may do all. */
int64_t inode_owned(unsigned node);

/* name.c: finds a name of a directory, which is used once more: its node.
   -ENOENT. */
int64_t name_find(unsigned parent, const char *name, size_t bytes,
                  uint32_t hash);
/* A name leads nowhere any more, or elsewhere; all that lead to a node. */
void name_drop(unsigned parent, const char *name, size_t bytes);
void name_drop_node(unsigned node);
/* All of them; handles are closed, or not. */
void name_clear(bool close);

#define NAME_HASH 5381u
static inline uint32_t
name_hash_add(uint32_t hash, char c)
{
    return hash * 33 + (uint8_t)c;
}
uint32_t name_hash(const char *name, size_t bytes);

#endif
