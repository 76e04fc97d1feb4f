/* SPDX-License-Identifier: MIT */
/* A capability list as a table for people. */
#ifndef USER_EXO_CAPABILITIES_H
#define USER_EXO_CAPABILITIES_H

#include <stdbool.h>

#include "kern/abi/cap.h"

/* Prints the list of a process; empty entries only if all are wanted. */
void capabilities_print(const struct cap_list *list, bool all);

#endif
