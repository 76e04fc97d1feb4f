/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_ARCHIVE_H
#define CHITIN_LIB_EXO_ARCHIVE_H
/* Files of a cpio archive in the "newc" format, such as the one that the first
   env finds mapped (exo_archive). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A regular file in the archive: where its bytes begin, not aligned, and how
   many there are; the last of that name, as the kernel would take it. "/" and
   "./" before names do not count. 0, -ENOENT, or -EINVAL if the archive is
   broken, with nothing set. Checksums are not looked at. */
int64_t exo_archive_find(const void *archive, size_t size, const char *name,
                         const void **file, size_t *file_size);

/* The files one after the other: *at is 0 at first. True, and what is set is of
   the next; or false at the end. */
struct exo_archive_file {
    const char *name; /* without "/" and "./" before it */
    uint64_t mode;
    const void *bytes;
    size_t size;
};
bool exo_archive_next(const void *archive, size_t size, size_t *at,
                      struct exo_archive_file *file);

#endif
