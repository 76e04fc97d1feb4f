/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_PATH_H
#define CHITIN_LIB_POSIX_PATH_H
/*
 * Paths, under the lock of the file system. They are walked up to the last
 * name, which then is looked up, made, or taken away.
 *
 *     error = path_begin(&p, AT_FDCWD, text);
 *     if (error == 0) {
 *         node = path_look(&p, true);
 *         path_end(&p);
 *     }
 */
#include "lib/posix/inode.h"

#define PATH_BYTES 4096 /* with the zero at the end */
#define PATH_LINKS 32

struct path {
    unsigned at;      /* the directory with the last name, used by this */
    unsigned links;   /* symbolic links so far */
    const char *name; /* in the text, or in that of a link */
    size_t bytes;     /* 0: the path leads to `at` itself */
    uint32_t hash;
    bool slash; /* behind the name: it is to be a directory */
};

/* `directory`: the descriptor of the one where a text begins that has no slash
   in front; AT_FDCWD: the working one. -EBADF, -ENOTDIR. */
int64_t path_begin(struct path *p, int directory, const char *text);
void path_end(struct path *p);
/* The node of the last name, used once more. A symbolic link is followed if
   `follow`, or a slash is behind: then `p` is where it leads, and with -ENOENT
   the name is missing there. */
int64_t path_look(struct path *p, bool follow);
/* Both for a whole path. */
int64_t path_find(int directory, const char *text, bool follow);
/* Before the last name is made or taken away: whether the process may write in
   its directory, and the name is one. `special` is the error for "." and "..",
   and for a path that ends with none. */
int64_t path_change(const struct path *p, int64_t special);

#endif
