/* SPDX-License-Identifier: MIT */
/*
 * The first page tables. This file alone, with memset, runs at physical
 * addresses: it may use nothing that holds a link-time address (no tables of
 * pointers, no switch that becomes one), only what the compiler reaches
 * relative to the pc. It is compiled so (see CMakeLists.txt).
 */
#include "kern/csr.h"
#include "kern/image.h"
#include "kern/string.h"
#include "kern/vm.h"

static void
map_image(pte_t *table)
{
    uintptr_t base = (uintptr_t)image_start;
    uintptr_t rodata = (uintptr_t)rodata_start;
    uintptr_t data = (uintptr_t)data_start;
    uintptr_t guard = (uintptr_t)boot_slot;

    for (uintptr_t at = base; at < (uintptr_t)image_end; at += FRAME_SIZE) {
        pte_t bits = at < rodata ? PTE_KERNEL_RX
                     : at < data ? PTE_KERNEL_RO
                                 : PTE_KERNEL_RW;

        if (at != guard) {
            table[(at - base) >> FRAME_SHIFT] = pte_make(at, bits);
        }
    }
}

uint64_t
early_map(void)
{
    /* Not the stack that this runs on, which ends bss. */
    memset(bss_start, 0, (size_t)(boot_slot - bss_start));
    memset(boot_slot + HART_BLOCK_OFFSET, 0, HART_BLOCK_SIZE);

    for (unsigned i = 0; i < DIRECT_SIZE / SPAN(2); i++) {
        early_root[pte_index(DIRECT_BASE, 2) + i] =
            pte_make(i * SPAN(2), PTE_KERNEL_RW);
    }
    early_root[pte_index(KERNEL_BASE, 2)] =
        pte_make((uintptr_t)image_middle, PTE_V);
    image_middle[pte_index(KERNEL_BASE, 1)] =
        pte_make((uintptr_t)image_leaves, PTE_V);
    map_image(image_leaves);
    return (uint64_t)SATP_MODE_SV39 << SATP_MODE_SHIFT |
           (uintptr_t)early_root >> FRAME_SHIFT;
}
