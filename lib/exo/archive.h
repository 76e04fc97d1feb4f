/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_ARCHIVE_H
#define CHITIN_LIB_EXO_ARCHIVE_H
/* Files of a cpio archive in the "newc" format, such as the one that the first
   env finds mapped (exo_archive). */
#include <stddef.h>
#include <stdint.h>

/* A file in the archive: where its bytes begin, not aligned, and how many there
   are. 0, -ENOENT, or -EINVAL if the archive is broken before the file is
   found. `name` is as it stands there. */
int64_t exo_archive_find(const void *archive, size_t size, const char *name,
                         const void **file, size_t *file_size);

#endif
