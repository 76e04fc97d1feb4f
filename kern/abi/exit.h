/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_EXIT_H
#define CHITIN_ABI_EXIT_H
/*
 * The statuses with which the machine ends, as QEMU's caller sees them. They
 * keep clear of 1, which is QEMU's own for "did not start", and of 124 and
 * above, which timeout(1) and the shell use.
 */
#define EXIT_PASS 0
#define EXIT_REBOOT 64 /* no end: the machine starts again */
#define EXIT_BOOT_DATA                                                         \
    65                /* what firmware or loader handed over is unusable       \
                       */
#define EXIT_PANIC 70 /* the kernel broke a rule of its own */
#define EXIT_CHECK 75 /* a self-check did not hold */

#endif
