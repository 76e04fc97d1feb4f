/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_MAPPING_H
#define CHITIN_LIB_POSIX_MAPPING_H
/*
 * Which parts of files processes have in their memory, shared: a table that all
 * see, for what they write there nobody tells the file system. So before a file
 * is to be on the disk, and when a mapping goes, the pages of it are noted as
 * changed; and when a process dies its mappings are given back.
 *
 * A mapping is one user of an open file, like a descriptor. It is made and
 * dropped under the lock of the files, and pages are looked at under that of
 * the file system.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/posix/process.h"

#define MAPPINGS_MAX 64 /* of all processes: a set of them is a word */

struct mapping {
    uint16_t row;  /* of the process */
    uint16_t file; /* the open file */
    uint32_t writable;
    uint64_t first; /* block of the file */
    uint64_t pages;
    uint64_t base; /* where the first is in the process's memory */
};

struct mappings {
    uint64_t used; /* the bit of one is set last, and cleared first */
    struct mapping mapping[MAPPINGS_MAX];
};

struct file;

/* A mapping of the process's: its number, or -ENOMEM. No lock but that of the
   file system is held. */
int64_t mapping_add(const struct file *f, uint64_t first, uint64_t pages,
                    uint64_t base, bool writable);
/* It is gone; with no lock held. And all that the process has. */
void mapping_drop(unsigned number);
void mapping_drop_all(void);
const struct mapping *mapping_of(unsigned number);

/* The page of the cache that a block of a mapping is, at *page, and the block
   made if it is a hole. The lock of the file system is held. */
int64_t mapping_page(const struct mapping *m, uint64_t block, bool write,
                     void **page);
/* The mapping can be written from now on: all its pages that are there. With no
   lock held. -EACCES. */
int64_t mapping_allow(unsigned number);
/* What was written there is the file's; on the disk, too, if `disk`. With no
   lock held. */
int64_t mapping_sync(unsigned number, bool disk);

/* With the lock of the file system held: what was written by mappings of a node
   is the file's; of all nodes; or of a process, which has ended or is about to.
 */
void mapping_note(unsigned node);
void mapping_note_all(void);
void mapping_note_of(const struct process *p);
/* Whether a node can get so small: in memory not if a page that goes is mapped.
   -ETXTBSY. */
int64_t mapping_cut(unsigned node, uint64_t size);

/* With the lock of the files held: a child has the same; -EAGAIN: there are as
   many as there may be. With that of the file system, too: a process has none
   any more. And users of open files are counted anew. */
int64_t mapping_fork(const struct process *child);
void mapping_exit(const struct process *p);
void mapping_count(uint64_t rows);

#endif
