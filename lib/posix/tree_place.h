/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_TREE_PLACE_H
#define CHITIN_LIB_POSIX_TREE_PLACE_H
/* Where somebody is who reads a directory. */
#include "lib/fs/fs.h"

#define TREE_DOTS 2 /* "." and ".." */

struct tree_place {
    unsigned position;
    struct fs_cursor cursor;
};

#endif
