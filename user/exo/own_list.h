/* SPDX-License-Identifier: MIT */
/* The capability list of the process that asks. */
#ifndef USER_EXO_OWN_LIST_H
#define USER_EXO_OWN_LIST_H

#include "user/exo/machine.h"

/* Maps it, to be read; ends the program if that cannot be. */
const struct cap_list *own_list(const struct machine *m);

/* The entry with control over an env, or -1. */
int own_list_control(const struct machine *m, const struct env_row *row);

#endif
