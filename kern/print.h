/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_PRINT_H
#define CHITIN_KERN_PRINT_H
/*
 * Messages of the kernel. They go to the console device once there is one, and
 * through SBI before. Formats are much like a subset of printf's: %c %s %%
 * and d, u, x with l, ll, z, a width and leading zeros; a width pads texts
 * behind, numbers in front.
 */
#include <stdarg.h>

#include "kern/abi/types.h"

enum print_level {
    PRINT_ERROR, /* the kernel, or what it was given, is broken */
    PRINT_WARN,  /* something will not work */
    PRINT_INFO,  /* the boot report */
    PRINT_DEBUG  /* for those who work on the kernel */
};

/* Messages above this level are dropped; PRINT_INFO at first, and changed by
   the kernel argument loglevel=N. */
extern enum print_level print_limit;

/* Prints one message, whole: messages of several harts do not mix. Takes the
   console lock; in a panic, none. */
__attribute__((format(printf, 2, 3))) void printk(enum print_level level,
                                                  const char *format, ...);

/* Writes a byte to the console; through SBI at first. No lock guards it: it is
   changed by the boot hart while that is alone, and by a panic. */
extern void (*print_put)(char c);

/* Writes one byte as printk would, a newline as carriage return and newline.
   Takes the console lock. */
void print_byte(char c);

/* printk without lock or level, for the panic: the caller is the only hart
   that still prints. */
__attribute__((format(printf, 1, 2))) void print_panic(const char *format, ...);

/* The same with the arguments as a list. */
__attribute__((format(printf, 1, 0))) void print_panic_list(const char *format,
                                                            va_list arguments);

#endif
