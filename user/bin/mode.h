/* SPDX-License-Identifier: MIT */
/* Modes of files as people write them: 755, or u+rwx,go-w. */
#ifndef USER_BIN_MODE_H
#define USER_BIN_MODE_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Changes *mode as text says. With an octal text the result is what it says.
 * mask is the umask: what a change that does not say whom it is for spares, and
 * what X asks about is whether it is a directory. False if text is no mode.
 */
bool mode_change(const char *text, bool directory, mode_t mask, mode_t *mode);

#endif
