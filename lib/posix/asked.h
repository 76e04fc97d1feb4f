/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_ASKED_H
#define CHITIN_LIB_POSIX_ASKED_H
#include <stdbool.h>

/*
 * What a process does when it is asked for frames, or some were taken from it
 * (docs/revocation.md). Within posix_hold, with no lock held, and while nothing
 * of the address space is being changed: the last posix_release does it, and
 * process_wait.
 *
 * By count it gives what it can make again: private pages in which a touch
 * brings forth a page, and that are all zero, or of the stack and below what is
 * in use; then pages that it writes to the disk (swap.h), but none of the
 * libOS's data. By name it gives any private page, for which it takes another
 * frame; but not the page of the stack that is in use, nor what handlers need.
 *
 * If a frame was taken, nobody knows what of the process was in it, and a touch
 * might find a zero page where something was: so the process ends, by SIGBUS.
 */
void asked_answer(void);

/* For the handler of faults that finds no frame: some pages of the process are
   on the disk now. False: none can be, or the libOS is in the middle of
   something. */
bool asked_evict(void);

#endif
