/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_RECORD_H
#define CHITIN_LIB_POSIX_RECORD_H
/*
 * Locks on files that processes agree to heed, in memory that they share. Those
 * of fcntl are of a process, and for a range of bytes; those of flock are of an
 * open file, and for all. The two kinds do not see each other.
 *
 * All is under the lock of the files. Only its owner changes what a process
 * has, so what is half done when somebody dies is a dead one's: it goes with
 * the rest when its files are closed.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/posix/process.h"

#define FILE_OPEN_MAX 256 /* open files of all processes */
#define RECORDS_MAX 128   /* of all processes */

enum record_kind { RECORD_FREE, RECORD_READ, RECORD_WRITE };

struct record {
    uint32_t kind;  /* enum record_kind; written last */
    uint16_t node;  /* of the file, open as long as there is a lock on it */
    uint16_t owner; /* the row of a process, or POSIX_PROCESSES + open file */
    uint64_t first;
    uint64_t last; /* byte, which is locked too */
};

struct records {
    uint64_t owners;  /* rows that may have some */
    uint64_t waiting; /* who wants to look again when one goes */
    uint64_t opens[FILE_OPEN_MAX / 64]; /* open files that may have some */
    uint8_t wants[POSIX_PROCESSES]; /* for each that waits, the row of one that
                                       is in its way, plus 1 */
    struct record record[RECORDS_MAX];
};

/* F_SETLK, or F_SETLKW if `wait`: -EAGAIN, -EDEADLK, -EINTR; -ENOLCK: there are
   as many as there may be. */
struct flock;
int64_t record_set(int descriptor, const struct flock *lock, bool wait);
/* F_GETLK: what would be in the way of a lock, if anything. */
int64_t record_get(int descriptor, struct flock *lock);
/* flock. */
int64_t record_flock(int descriptor, int operation);

/* With the lock of the files held: */
/* The process has closed a descriptor of a file: its locks there go. */
void record_close(unsigned node);
/* A process has closed all. */
void record_exit(unsigned row);
/* An open file has no user any more. */
void record_open_end(unsigned index);

#endif
