/* SPDX-License-Identifier: MIT */
/*
 * Names of files: joined, cut, listed. A directory is read whole and closed
 * before what is in it is looked at, so that a deep tree needs no more than one
 * open file, and so that what is added meanwhile is not met.
 */
#ifndef USER_BIN_PATH_H
#define USER_BIN_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct listing {
    char **names; /* sorted, without . and .. unless they were wanted */
    size_t count;
};

/* folder/name, in memory that the caller frees. */
char *path_join(const char *folder, const char *name);

/* What is behind the last slash that something follows: within path. */
const char *path_base(const char *path);

/* path_join of folder and path's last part without slashes at its end. */
char *path_inside(const char *folder, const char *path);

/* Cuts slashes off the end, but for one that is all there is. */
void path_trim(char *path);

/* The names in a directory. False, and complains, if it cannot be read. */
bool path_list(const char *path, bool dots, struct listing *listing);

void path_list_free(struct listing *listing);

bool path_is_directory(const char *path);

/* Ten letters such as drwxr-xr-x, and a null byte. */
void path_mode_text(mode_t mode, char text[11]);

#endif
