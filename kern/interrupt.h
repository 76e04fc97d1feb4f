/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_INTERRUPT_H
#define CHITIN_KERN_INTERRUPT_H
/*
 * Interrupts. Inside the kernel they are always off (sstatus.SIE is 0): they
 * are looked for, by a hart that idles. So no kernel code is ever interrupted.
 */
#include "kern/abi/types.h"

/* Lets the executing hart see software, timer and external interrupts. */
void interrupt_init_hart(void);

/* Handles what is pending on the executing hart. Returns what was, as bits of
   sip. Must not be called with a lock held. */
uint64_t interrupt_poll(void);

/* Handles what is pending; if nothing is, waits until something is, and
   handles that. */
void interrupt_wait(void);

#endif
