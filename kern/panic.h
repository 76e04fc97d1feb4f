/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_PANIC_H
#define CHITIN_KERN_PANIC_H
/*
 * The end of the machine. A panic means that the kernel broke a rule of its
 * own; what an env does never leads here. What firmware or loader hand over
 * can be unusable without anybody's fault in the kernel: that is boot_fail.
 */
#include "kern/hart.h"

/* Stops all harts, prints the message, the cause, registers and a backtrace,
   and ends the machine with EXIT_PANIC. May be called with any lock held. */
__attribute__((format(printf, 1, 2))) _Noreturn void panic(const char *format,
                                                           ...);

/* Parks the executing hart if another one has panicked. For loops that wait
   inside the kernel, where no interrupt gets in. */
void panic_check(void);

/* A trap that the kernel took from itself, its registers in `hart`. Called by
   entry.S, on the emergency stack. */
_Noreturn void trap_panic(struct hart *hart);

/* Ends a boot that cannot go on because of what the kernel was given: prints
   "boot: " and the message, and ends the machine with EXIT_BOOT_DATA. */
__attribute__((format(printf, 1, 2))) _Noreturn void
boot_fail(const char *format, ...);

/* What the boot is reading that might not be there: until it is set to NULL, a
   fault is boot_fail with this text. */
extern const char *boot_reading;

/* Ends the machine with `status` (kern/abi/exit.h) in every way the platform
   knows; if none works, parks this hart with a last word. */
_Noreturn void machine_exit(unsigned status);

/* Checked in debug builds; the condition is compiled in all. */
#define ASSERT(condition)                                                      \
    do {                                                                       \
        if (CHITIN_DEBUG && !(condition)) {                                    \
            panic("%s:%d: not so: %s", __FILE__, __LINE__, #condition);        \
        }                                                                      \
    } while (0)

#endif
