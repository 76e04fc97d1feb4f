/* SPDX-License-Identifier: MIT */
/* picolibc's, but numbers of files have 64 bits: they are never used again. */
#ifndef CHITIN_POSIX_MACHINE_TYPES_H
#define CHITIN_POSIX_MACHINE_TYPES_H
#include_next <machine/_types.h>

#define __machine_ino_t_defined
typedef unsigned long __ino_t;

#endif
