/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_ROW_H
#define CHITIN_LIB_POSIX_ROW_H
/* The rows of the process table to fork, exit and wait. All under its lock. */
#include "lib/posix/process.h"

/* Process 1. */
struct process *process_first(void);

/* A row for a child of the caller's, MAKING, with what a child has from its
   parent; NULL if there are as many processes as there may be. */
struct process *process_new(void);

/* A row is nobody's any more. */
void process_free(struct process *p);

/* The process is a zombie with that status: its children are left to the first
   process, and its parent is told. All that it had open is closed. */
void process_end(struct process *p, int status);

/* Ends an env, to the last of its frames. */
void env_end(uint64_t cap, uint32_t env);

#endif
