/* SPDX-License-Identifier: MIT */
/* The tables where they are on the machine. */
#include "user/exo/machine.h"

#include "kern/abi/layout.h"
#include "lib/posix/shared.h"

const struct machine *
machine_open(void)
{
    static const struct machine machine = {
        .boot = (const struct information *)INFORMATION_BOOT,
        .frames = (const volatile struct frame *)INFORMATION_FRAMES,
        .frames_end =
            (INFORMATION_BOOT - INFORMATION_FRAMES) / sizeof(struct frame),
        .envs = (const volatile struct env_row *)INFORMATION_ENVS,
        .accounts = (const volatile struct account *)INFORMATION_ACCOUNTS,
        .disks = (const volatile struct disk_row *)INFORMATION_DISK_ROWS,
        .registry =
            (const volatile struct registry_entry *)INFORMATION_REGISTRY,
        .slots = (const volatile uint32_t *)INFORMATION_SLOTS,
        .processes = &SHARED_OF->processes,
    };

    return &machine;
}

uint64_t
machine_time(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}
