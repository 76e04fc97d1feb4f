/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CONSOLE_H
#define CHITIN_KERN_CONSOLE_H
/*
 * Console input: what the device's interrupt delivered and nobody has read
 * yet. Output is print.h's. Any hart may call all of these; no env may be
 * locked.
 *
 * Who finds nothing is remembered, and told once, by PENDING_CONSOLE on the
 * hart on which it asked, when there is something to look at again: the next
 * byte, or that its place was needed for another. So it can sleep in between.
 */
#include "kern/abi/types.h"

/* Whether there is room for a byte. If not, the device holds back what comes,
   until half of the buffer has been read. */
bool console_room(void);

/* Called by the interrupt handler for each byte, while there is room. */
void console_receive(char c);

/* The oldest byte not read yet, or -1. */
int console_read(void);

/* The same; if it is -1, the env of that id is told on that hart of the next
   byte. */
int console_read_for(uint64_t id, unsigned hart);

#endif
