/* SPDX-License-Identifier: MIT */
/* In which order sort puts lines: its keys, and what is compared of them. */
#ifndef USER_BIN_SORT_ORDER_H
#define USER_BIN_SORT_ORDER_H

#include <stdbool.h>

/* Takes one of the options b d f i n r s k t; value is that of k and t. */
void sort_order_option(int option, const char *value);

/* Once after all options. unique is whether -u is one of them. */
void sort_order_begin(bool unique);

/* Less than, equal to or greater than 0, as a comes before or after b. */
int sort_order_compare(const char *a, const char *b);

/* Whether they are equal for -u: in their keys. */
bool sort_order_equal(const char *a, const char *b);

#endif
