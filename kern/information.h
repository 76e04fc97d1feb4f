/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_INFORMATION_H
#define CHITIN_KERN_INFORMATION_H
/*
 * Pages that the kernel writes and every env reads (rule 4: expose
 * information), at the fixed places of kern/abi/layout.h. A module whose table
 * is public keeps it here; nothing else of the kernel's may be in these pages.
 *
 * They lie in the upper half of the frame table's window, so that the kernel
 * and the envs see the same gigabyte, the kernel at a higher address and
 * writable: one root entry exports all (vm_export).
 */
#include "kern/abi/information.h"
#include "kern/boot/fdt.h"
#include "kern/layout.h"

/* Where the kernel itself has what envs see at `address`. */
static inline void *
information_at(uint64_t address)
{
    return (void *)(address - INFORMATION_FRAMES + FRAME_TABLE_BASE);
}

/* What envs see at INFORMATION_BOOT. From its mapping until the first env runs,
   modules may write the fields that are theirs. */
static inline struct information *
information_boot(void)
{
    return information_at(INFORMATION_BOOT);
}

/* Backs `size` bytes from `address` on, one of INFORMATION_, with pages of
   zeroes. Boot only, between vm_switch and frame_table_init. Unbacked places
   fault. */
void information_map(uint64_t address, uint64_t size);

/* Fills the page at INFORMATION_BOOT, which main.c has mapped, but for the
   fields of other modules. After hart_start_all. */
void information_fill(const struct fdt *tree);

#endif
