/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_SESSION_H
#define CHITIN_LIB_POSIX_SESSION_H
/*
 * Asking the first process for a domain of another user's. Who asks is a
 * process of the first domain; it takes a row of these, in shared memory, and
 * has it until it gives it back, or dies: then the domain ends.
 *
 *     FREE --ask--> ASKED --> RUNS --> ENDED --wait--> FREE
 *
 * The first process makes the middle steps.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/posix/domain.h"

#define SESSIONS 2

enum session_state { SESSION_FREE, SESSION_ASKED, SESSION_RUNS, SESSION_ENDED };

struct session {
    uint32_t asker;   /* an env; 0: nobody */
    uint32_t state;   /* enum session_state */
    uint32_t console; /* it is to have the console while it runs */
    int32_t
        status; /* at the end: an exit status, or the negative of an errno */
    uint64_t waiting;
    char name[32];
    char words[DOMAIN_WORDS]; /* of its program; an empty one: the shell */
};

/* Has a program, with its words, run in the domain of the user of that name:
   the row. -EPERM: the caller's user is not the system's. -EAGAIN: no row is
   free. -ENAMETOOLONG. */
int64_t session_ask(const char *name, char *const *words, bool console);

/* Waits for the end: what the row's `status` says. -EINTR. */
int64_t session_wait(unsigned row);

#endif
