/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_MEMORY_H
#define CHITIN_LIB_POSIX_MEMORY_H
/*
 * The private memory of a process. An *area* is what mmap makes: a range in
 * which a page comes to be when it is touched, all zero; the heap and the stack
 * are such without being written down. Pages can also be put where no area is
 * (a program's segments, by space.h): page tables are the record of what there
 * is.
 *
 * What fork shares out is copied at the first store (fault.c). Frames of a
 * parent that children still map pass to one of them when it frees them, or
 * ends.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Once, by the first process, before it has any other page than its image and
   its stack: what it has is entered, and page faults are handled. */
void memory_begin(void);

/* A program that ends there has taken the place of another: no area is left,
   and the heap is empty. The pages of both are gone already. */
void memory_exec(uint64_t end);

/* As the functions of the C library, with the negative of an errno. */
int64_t memory_map(uint64_t address, size_t size, int protection, int flags,
                   int descriptor, off_t offset);
int64_t memory_unmap(uint64_t address, size_t size);
int64_t memory_protect(uint64_t address, size_t size, int protection);
/* What was written to files there is theirs; on the disk, too, if `disk`. */
int64_t memory_sync(uint64_t address, size_t size, bool disk);

/* Whether the page is of a shared mapping, and where that, or what is not,
   ends. */
uint64_t memory_shared(uint64_t address, bool *is);

/* Moves the end of the heap, and gives what that was; -ENOMEM. */
int64_t memory_heap_move(int64_t by);

/* The rights, as of mmap, that a page has when it is touched, or -1. */
int memory_rights(uint64_t address);

/* Whether it is of a file's shared mapping: what is not there is not made. */
bool memory_is_file(uint64_t address);

/* fault.c: whether it is of one, and the file has it no more. */
bool memory_is_lost(uint64_t address);

/* memory_file.c: whether what a descriptor leads to can be mapped shared with
   those rights: -EBADF, -ENODEV, -EACCES, -ENOTSUP. */
int64_t memory_file_check(int descriptor, int protection);
/* The pages of a mapping that the file has are there. */
int64_t memory_file_fill(unsigned mapping, uint32_t rights);

#endif
