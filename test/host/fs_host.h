/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_FS_HOST_H
#define CHITIN_TEST_HOST_FS_HOST_H
/*
 * A volume for lib/fs on this machine: an image in memory, and the kernel's own
 * modules for ownership, which judge every change and every write that the file
 * system asks for. One at a time. The capability dominates everything.
 */
#include "lib/fs/fs.h"
#include "lib/posix/layout.h"

/* The guard of trees that are made: DOMAIN.SHARED. */
#define FS_HOST_GUARD                                                          \
    {                                                                          \
        {                                                                      \
            POSIX_NAME_DOMAIN | POSIX_NAME_SHARED << 16                        \
        }                                                                      \
    }

struct make; /* test/power-cut/make.h */

struct fs_host_counts {
    uint64_t looks;   /* nodes that the file system asked for */
    uint64_t loads;   /* of these, read from the disk */
    uint64_t changes; /* accepted */
    uint64_t refused; /* and not */
    uint64_t writes;  /* nodes written */
    uint64_t busy;    /* writes refused */
    uint64_t data;    /* blocks of data written */
    uint64_t data_requests;
    uint64_t flushes;
};
extern struct fs_host_counts fs_host_counts;

/* Writes label and empty catalogue. */
void fs_host_format(uint8_t *image, uint64_t blocks);

/* The power comes on, and the kernel recovers the disk. `make`, if it is not
   NULL, gets all that is written. Registry entries: as many as given. 0 or what
   recovery said. */
int64_t fs_host_begin(uint8_t *image, uint64_t blocks, struct make *make,
                      uint32_t entries);
/* The power goes. */
void fs_host_end(void);

/* The tree of this name, with the type of nodes installed; with `make` it is
   put into the catalogue if there is none. -ENOENT. */
int64_t fs_host_tree(const char *name, bool make, struct fs_volume **volume);

/* The write of data in so many blocks from now fails, once; 0: none does. */
void fs_host_fail(uint64_t writes);

/* Whether the kernel's table has exactly what the trees on the disk own. Only
   when all is written: NULL, or what is wrong. */
const char *fs_host_check(void);

/* How many blocks are free. */
uint64_t fs_host_free(void);

#endif
