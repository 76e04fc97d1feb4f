/* SPDX-License-Identifier: MIT */
/*
 * Headers of this folder stand in for those that lib/posix is to bring, where
 * picolibc has none or leaves something out: enough for the programs to
 * compile.
 */
#ifndef POSIX_DIRENT_H
#define POSIX_DIRENT_H
#include <sys/types.h>
struct dirent {
    ino_t d_ino;
    char d_name[256];
};
typedef struct directory DIR;
DIR *opendir(const char *path);
struct dirent *readdir(DIR *directory);
int closedir(DIR *directory);
#endif
