/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_SHARED_H
#define CHITIN_LIB_POSIX_SHARED_H
/*
 * What the processes of a domain share, on purpose: laid out here, at
 * POSIX_SHARED in all of them. The first process clears it and calls the _init
 * of each part; a libOS of another version would have to refuse it.
 */
#include "lib/disk/volume.h"
#include "lib/posix/file.h"
#include "lib/posix/layout.h"
#include "lib/posix/process.h"
#include "lib/posix/session.h"
#include "lib/posix/swap.h"
#include "lib/posix/terminal.h"

#define POSIX_SHARED_VERSION 1

struct posix_shared {
    uint32_t version;
    uint32_t size;
    uint64_t cache_pages; /* from POSIX_CACHE on so many pages can be mapped:
                             the tables are there, under DOMAIN.SHARED */
    /* The frames of these pages, where they are a tree in memory. */
    uint32_t cache_frame[POSIX_CACHE_SIZE / 4096];
    struct process_table processes;
    struct terminal terminal;
    struct disk_volume volume;
    struct files files;
    struct session session[SESSIONS]; /* in the first domain */
    struct swap swap;
    /* Each part adds its own. */
};

#define SHARED_OF ((struct posix_shared *)POSIX_SHARED)

#endif
