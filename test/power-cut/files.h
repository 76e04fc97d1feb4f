/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_POWER_CUT_FILES_H
#define CHITIN_TEST_POWER_CUT_FILES_H
/*
 * Operations on files that a program does one after the other, each of them
 * durable when it ends; and what must be left of them after a power cut. They
 * follow from a seed, so that the judge knows what the program did.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILES_COUNT 10
#define FILES_BYTES ((uint32_t)40000) /* of a file, at most */
/* A block of its own is written here: who reads the trace takes it for a
   message. */
#define FILES_MARKS "/marks"
#define FILES_MARK_BYTES 4096

/* How far the program is: all operations before are durable. */
struct files_mark {
    char magic[16]; /* REPLAY_MARK */
    uint64_t seed;
    uint64_t done; /* operations */
};

enum files_kind {
    FILES_WRITE,   /* new bytes, in place */
    FILES_APPEND,  /* at the end */
    FILES_REPLACE, /* a new file takes the name of the old one */
    FILES_REMOVE
};

struct files_operation {
    enum files_kind kind;
    uint32_t file;
    uint32_t count; /* bytes that are written */
    uint64_t salt;  /* of these bytes */
};

/* A file as it is to be. */
struct files_state {
    bool there;
    uint32_t size;
    uint8_t bytes[FILES_BYTES];
};

/* What operation `n` of a seed is, counted from 1 on. */
struct files_operation files_operation(uint64_t seed, uint64_t n);
void files_fill(uint8_t *bytes, uint32_t count, uint64_t salt);
/* Does an operation to the files as they are to be. False: nothing is to be
   done, as when a file that is not there is removed, or one is full. */
bool files_do(struct files_state *state, const struct files_operation *o);
/* The path of a file, until the next call. */
const char *files_path(uint32_t file);

#endif
