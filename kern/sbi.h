/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_SBI_H
#define CHITIN_KERN_SBI_H
/*
 * Calls into the machine-mode firmware (RISC-V SBI 1.0). A call to an extension
 * that is not there does nothing: the firmware refuses it (3.1).
 */
#include "kern/abi/types.h"

/* What the firmware offers; immutable after sbi_init. */
struct sbi_features {
    uint32_t version;        /* major << 24 | minor */
    uint64_t implementation; /* 1: OpenSBI */
    uint64_t implementation_version;
    bool timer;          /* TIME */
    bool fence;          /* RFENCE */
    bool console;        /* DBCN */
    bool legacy_console; /* legacy extension 1 */
};
extern struct sbi_features sbi_features;

/* Asks the firmware what it offers. Boot hart, once, before the rest here. */
void sbi_init(void);

/* Writes one byte to the firmware's console; lost if it has none. */
void sbi_console_put(char c);

/* Asks for a timer interrupt on this hart at `deadline`, in time ticks. */
void sbi_timer_set(uint64_t deadline);

/* Raises a software interrupt on the hart with hardware number `id`. */
void sbi_interrupt_send(uint64_t id);

/* Makes the harts with hardware number base + n, for each bit n of `mask`, do a
   full sfence.vma, and waits until they have. Returns false, and they have not,
   if the firmware cannot or does not know one of them. */
bool sbi_fence(uint64_t mask, uint64_t base);

/* Makes hart `id` do a fence.i: it fetches what was in memory before the call.
   False if the firmware cannot. */
bool sbi_fence_code(uint64_t id);

/* Starts hart `id` at physical address `entry` with `opaque` in a1. False if
   the firmware refuses, or has no HSM. */
bool sbi_hart_start(uint64_t id, paddr_t entry, uint64_t opaque);

/* Whether the firmware says that hart `id` is stopped, and could be started. */
bool sbi_hart_stopped(uint64_t id);

/* Turns the machine off, or failing that resets it. Returns if the firmware
   can do neither. */
void sbi_shutdown(bool failed);

/* Has the machine start again. Returns if the firmware cannot. */
void sbi_reboot(void);

#endif
