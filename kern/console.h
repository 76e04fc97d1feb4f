/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CONSOLE_H
#define CHITIN_KERN_CONSOLE_H
/*
 * Console input: what the device's interrupt delivered and nobody has read
 * yet. Output is print.h's. Any hart may call both.
 */
#include "kern/abi/types.h"

/* Called by the interrupt handler for each byte; dropped when the buffer is
   full, as the line would have done. */
void console_receive(char c);

/* The oldest byte not read yet, or -1. */
int console_read(void);

#endif
