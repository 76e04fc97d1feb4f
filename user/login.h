/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_USER_LOGIN_H
#define CHITIN_USER_LOGIN_H
/*
 * Domains of other users, by process 1 of the first domain: made for who asks
 * (lib/posix/session.h), watched, and ended to the last env. Users are lines of
 * /etc/passwd, as POSIX systems have them; nobody is asked for a password.
 *
 * Such a domain has an account of its own, a part of what is free: by that its
 * envs are known, whatever they do, and no more than that can they use up.
 */
#include <stdbool.h>

/* One turn: begins what was asked for, and ends what has ended. */
void login_turn(void);

/* Whether a user's domain has the console: then what is typed is its to read.
 */
bool login_has_console(void);

/* Tells all of them to end. */
void login_stop(void);

/* Whether there are any. */
bool login_runs(void);

#endif
