/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_FS_MODEL_H
#define CHITIN_TEST_HOST_FS_MODEL_H
/*
 * A file system that is simple enough to be right: names and inodes in two
 * arrays. Random operations follow from a seed and from what there is; the same
 * are done to lib/fs, and must end the same way.
 *
 * An inode's id is its uid in lib/fs. Each byte that is written is that of the
 * id and the place, so any other byte of a file, but for zeroes, is wrong.
 */
#include "lib/fs/fs.h"

#define MODEL_INODES 700
#define MODEL_NAMES 900
#define MODEL_NAME_BYTES 24
#define MODEL_FILE_MAX ((size_t)200000)
#define MODEL_ROOT 0 /* inode, and its id */

struct model_inode {
    enum fs_file_kind kind; /* 0: free */
    uint32_t id;
    uint32_t names;
    size_t size;
    uint8_t *bytes; /* of files and symlinks */
    /* Since model_forget: */
    bool written; /* other bytes, or another size */
    bool removed; /* perhaps; had no name at some time */
};

struct model_name {
    bool used;
    uint32_t directory; /* inode */
    uint32_t inode;
    char name[MODEL_NAME_BYTES];
    bool touched; /* since model_forget: made, or removed; then it stays here
                     until model_forget */
    bool gone;
};

struct model {
    uint64_t random;
    uint64_t done;
    uint32_t next_id;
    uint32_t made; /* the last file: inode, if it is one still */
    uint32_t wide; /* of a hundred operations so many make files */
    struct model_inode inode[MODEL_INODES];
    struct model_name name[MODEL_NAMES];
};

enum model_kind {
    MODEL_NOTHING,
    MODEL_CREATE,
    MODEL_SYMLINK,
    MODEL_WRITE,
    MODEL_TRUNCATE,
    MODEL_UNLINK,
    MODEL_RENAME,
    MODEL_LINK
};

struct model_operation {
    enum model_kind kind;
    enum fs_file_kind file_kind; /* of create */
    uint32_t directory;          /* inodes */
    uint32_t inode;
    uint32_t to;
    uint32_t name; /* index, of what is there */
    uint32_t id;   /* of what is made */
    char new_name[MODEL_NAME_BYTES];
    size_t offset;
    size_t count;
    bool exists; /* the new name is taken: no more than an error comes of it */
};

void model_begin(struct model *m, uint64_t seed, uint32_t wide);
void model_end(struct model *m);
void model_copy(struct model *to, const struct model *from);
/* Nothing has been touched yet. */
void model_forget(struct model *m);

/* The next operation, which is then done. */
struct model_operation model_next(struct model *m);

/* Byte `at` of a file. */
uint8_t model_byte(uint32_t id, size_t at);

/* The path of a directory from the root on, as inodes: how many. */
unsigned model_path(const struct model *m, uint32_t inode, uint32_t *path,
                    unsigned room);
/* A name of an inode, one that was not touched if there is one; a directory has
   one only. */
const struct model_name *model_name_of(const struct model *m, uint32_t inode);
/* A name in a directory, or NULL; gone ones are not looked at. */
struct model_name *model_find(struct model *m, uint32_t directory,
                              const char *name);

/* Does an operation to lib/fs, of which the model has just come. */
void model_do(struct fs *fs, const struct model *m,
              const struct model_operation *o);
/* Closes what an operation has left open for the next one. */
void model_close(struct fs *fs);
/* Opens the inode of the model. */
struct fs_file *model_open(struct fs *fs, const struct model *m,
                           uint32_t inode);

/* Whether all that the model has is there, and nothing else. */
void model_compare(struct fs *fs, struct model *m);

#endif
