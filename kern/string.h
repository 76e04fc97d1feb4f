/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_STRING_H
#define CHITIN_KERN_STRING_H
/* The memory functions of C17 7.24, with the standard's contracts. */
#include "kern/abi/types.h"

void *memset(void *to, int value, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);

#endif
