/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_WAKE_H
#define CHITIN_LIB_POSIX_WAKE_H
/*
 * How processes wake each other (process.h says what; here is how). All run on
 * one hart, so who is woken can run only when the waker no longer does: what
 * the kernel must be told is kept, as a set of bindings that are due to be
 * notified, until then.
 *
 *   it waits   the waker sleeps: it yields to whom it woke last, without any
 *              call for notifying; others are notified
 *   it spins   for a lock, or ends: all that are due are notified
 *   its slice  ends: posix_epilogue notifies them
 *   is over
 *
 * Only then is there an epilogue. Without one the kernel itself saves what was
 * running; one that comes late, because the machine is QEMU on a busy host,
 * costs slots.
 *
 * A process that was yielded to, but was not asleep, may have been about to: it
 * looks at `woken` once more, for posix_prologue sets its pc back to where it
 * did when it was interrupted between look and sleep. One that was killed with
 * wakes that are due leaves them to its burier, who wakes everybody.
 */
#include "lib/exo/own.h"

/* The word of the U-area with the bindings that are due, a bit for each. */
#define OWN_DUE (UAREA_OWN + 24 * 8)

#ifndef __ASSEMBLER__
#include "lib/exo/exo.h"

/* Notifies whoever is due. Before the hart is given away by other ways than
   process_wait. */
void wake_flush(void);

/* Wakes every process that there is. */
void wake_everybody(void);

/* The caller is about to end: the kernel will tell its creator, who need not be
   told besides. */
void wake_end(void);

/* Opens the gate of this env, and makes its entries those of switch.S. Each env
   does it once, at its beginning. */
void wake_begin(void);

/* Sleeps until an event is pending, or *woken is not 0; the interrupt level is
   masked. In switch.S, as are the two entries. */
void posix_sleep(struct uarea *uarea, const uint32_t *woken);
void posix_prologue(void);
void posix_epilogue(void);
#endif

#endif
