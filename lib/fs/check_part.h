/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_FS_CHECK_PART_H
#define CHITIN_LIB_FS_CHECK_PART_H
/* What the parts of the check share: check.c walks, check_leaf.c judges. */
#include "lib/fs/check.h"
#include "lib/fs/part.h"

/* What is known of an inode. */
struct check_seen {
    uint64_t number;      /* 0: nothing */
    uint32_t moves;       /* of the entry that has moved most: it is right */
    uint32_t names;       /* references, from whatever directory */
    uint32_t copies;      /* entries; more than one after a crash */
    uint32_t dying_moves; /* of the entry that has no name, likewise */
    bool exists;
    bool in_links;
    bool judged; /* that entry has been met, in the second walk */
};

enum check_phase { CHECK_LOOK, CHECK_JUDGE };

struct check {
    struct fs *fs;
    bool repair;
    void (*say)(void *context, const char *text);
    void *context;
    struct fs_check *report;
    enum check_phase phase;
    struct check_seen *seen; /* a hash table */
    size_t seen_size;
    size_t seen_count;
    uint8_t *met; /* a bit for each block */
    bool changed; /* something was repaired: look again */
    int64_t error;
};

/* A node that is being looked at. */
struct check_node {
    struct check_node *up;
    uint64_t parent;
    uint64_t block;
    unsigned depth;
    struct fs_node node;
};

/* Which part of what tree a node is. */
struct check_range {
    struct fs_file *directory; /* NULL: of a file */
    uint64_t number;
    uint32_t low;
    uint32_t high;
    uint64_t *end; /* of a file: blocks up to the last that it has */
};

/* Says what is wrong, by a format of printf's. */
__attribute__((format(printf, 2, 3))) void check_say(struct check *c,
                                                     const char *format, ...);
/* What is known of a number; made if it is missing. NULL: no memory. */
struct check_seen *check_find(struct check *c, uint64_t number);
/* Reads the newest bytes of a node, and of those above it if the volume has
   forgotten them. */
int64_t check_load(struct check *c, struct check_node *n);
/* Nodes that a node has, and that are not in use: what a crash left in them
   goes. */
void check_spares(struct check *c, struct check_node *n);
/* A tree from its top down. */
void check_tree(struct check *c, struct check_node *up, uint64_t top,
                const struct check_range *range);

/* The entries of a leaf, and what is below them. */
void check_leaf(struct check *c, struct check_node *leaf,
                const struct check_range *range);

#endif
