/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_IMAGE_H
#define CHITIN_LIB_POSIX_IMAGE_H
/*
 * The image of the libOS in its own eyes (libos.ld), and how a program begins.
 *
 * Data of lib/posix lasts over execve, unless it is marked with POSIX_ANEW, or
 * POSIX_ANEW_ZERO: then it is for each program what it was at first, as the C
 * library's is. What is touched while a fault is handled is marked with
 * POSIX_RESIDENT: fork copies its pages at once, so that no fault comes of it.
 * Handlers run on what is marked with POSIX_STACK.
 */
#include <stdint.h>

#define POSIX_ANEW __attribute__((section(".posix_anew")))
#define POSIX_ANEW_ZERO __attribute__((section(".bss.posix_anew")))
#define POSIX_RESIDENT __attribute__((section(".posix_resident")))

#define POSIX_STACK __attribute__((section(".posix_stacks")))

extern char libos_stacks[];
extern char libos_resident[];
extern char libos_resident_end[];
extern char libos_anew[];
extern char libos_data_end[];
extern char libos_anew_end[];
extern char libos_stamp[]; /* no address, but a number: in every program */

/* What of the image's data a program begins with anew is made so. */
void image_anew(void);

/* The upcalls of this env come to the image. */
void image_upcalls(void);

/* In entry.S: goes on on another stack; goes to a program, with nothing in the
   registers. */
_Noreturn void posix_stack(void *stack, void (*run)(void *argument),
                           void *argument);
_Noreturn void posix_enter(uint64_t entry, void *stack);

#endif
