/* SPDX-License-Identifier: MIT */
/* Redirections, and how they are undone. */
#ifndef USER_SH_REDIRECT_H
#define USER_SH_REDIRECT_H

#include <stdbool.h>

#include "tree.h"

/* Files as they were before, to be put back. */
struct files {
    struct {
        int file;
        int copy; /* -1: it was closed */
    } * saved;
    unsigned count;
};

/*
 * Does all redirections in order. False, and says so, after the first that
 * fails. files, if not null, takes what redirect_undo needs in either case.
 */
bool redirect_do(const struct redirect *list, struct files *files);

void redirect_undo(struct files *files);

/* Keeps what was done: what would undo it is dropped. */
void redirect_keep(struct files *files);

/* A copy of a file behind those that commands use, which exec closes. */
int redirect_move_high(int file);

#endif
