/* SPDX-License-Identifier: MIT */
/*
 * Copying and removing files, and whole trees of them: for cp, mv and rm.
 * Each complains of what it cannot do, goes on with the rest, and says whether
 * all was done.
 */
#ifndef USER_BIN_TREE_H
#define USER_BIN_TREE_H

#include <stdbool.h>

struct tree_copy {
    bool recursive;   /* also directories, and links as links */
    bool follow;      /* what links name, in spite of recursive */
    bool preserve;    /* times, owner and all of the mode */
    bool force;       /* remove a target that cannot be opened */
    bool interactive; /* ask before a file is overwritten */
    bool verbose;
};

struct tree_remove {
    bool recursive;
    bool force;       /* ask nothing; what is not there is no error */
    bool interactive; /* ask always */
    bool directories; /* also empty directories */
    bool verbose;
};

bool tree_copy(const char *from, const char *to, const struct tree_copy *how);

bool tree_remove(const char *path, const struct tree_remove *how);

#endif
