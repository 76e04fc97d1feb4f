/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_VM_H
#define CHITIN_KERN_VM_H
/*
 * The kernel's own half of the address space (drawn in kern/layout.h): page
 * table format, the map built at boot, and ways between virtual and physical.
 * Page tables of environments are another module's.
 */
#include "kern/abi/types.h"
#include "kern/boot/memory.h"
#include "kern/layout.h"
#include "kern/physical.h"

typedef uint64_t pte_t;

/* Bits of a page-table entry (RISC-V Privileged 4.3.1 and 4.4.1). */
#define PTE_V ((pte_t)1 << 0)
#define PTE_R ((pte_t)1 << 1)
#define PTE_W ((pte_t)1 << 2)
#define PTE_X ((pte_t)1 << 3)
#define PTE_U ((pte_t)1 << 4)
#define PTE_G ((pte_t)1 << 5)
#define PTE_A ((pte_t)1 << 6)
#define PTE_D ((pte_t)1 << 7)
#define PTE_LEAF (PTE_R | PTE_W | PTE_X)
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK (((pte_t)1 << 44) - 1)

#define PAGE_TABLE_ENTRIES 512
#define SV39_LEVELS 3

/* Bytes that an entry at `level` (0 to 2) spans. */
#define SPAN(level) ((uint64_t)FRAME_SIZE << (9 * (unsigned)(level)))

/* Bits of every kernel leaf. A and D are set beforehand: the kernel wants no
   faults for them, and hardware need not write them. G: the same in every
   address space. */
#define PTE_KERNEL (PTE_V | PTE_G | PTE_A | PTE_D)
#define PTE_KERNEL_RO (PTE_KERNEL | PTE_R)
#define PTE_KERNEL_RW (PTE_KERNEL | PTE_R | PTE_W)
#define PTE_KERNEL_RX (PTE_KERNEL | PTE_R | PTE_X)

static inline pte_t
pte_make(paddr_t address, pte_t bits)
{
    return (address >> FRAME_SHIFT) << PTE_PPN_SHIFT | bits;
}

static inline paddr_t
pte_address(pte_t entry)
{
    return (entry >> PTE_PPN_SHIFT & PTE_PPN_MASK) << FRAME_SHIFT;
}

/* The entry of a table at `level` that translates `address`. */
static inline unsigned
pte_index(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (FRAME_SHIFT + 9 * level)) &
           (PAGE_TABLE_ENTRIES - 1);
}

/* The physical address of a byte of the kernel image. */
paddr_t vm_image_address(const void *byte);

/* The physical range of the kernel image, bss included. */
struct memory_run vm_image_run(void);

/* Runs at physical addresses, before anything else: clears bss, builds the
   first tables (the image with its final permissions, and all of physical
   memory read-write in the direct map's place) and returns the satp. */
uint64_t early_map(void);

/* Remembers where the image was loaded. `offset` is physical minus virtual. */
void vm_init(uint64_t offset);

/* Builds the final tables and switches to them: of the direct map only
   map->free and the runs `kept` remain. The first of these, the device tree, is
   read-only; the others, the archive of programs, will be frames of an env.
   Page tables come from boot_memory_take. The switch is this hart's; others
   start on it. */
void vm_switch(const struct memory_map *map, const struct memory_run *kept,
               unsigned kept_count);

/* The satp of the kernel's own address space, without an ASID. */
uint64_t vm_satp(void);

/* Maps `size` bytes at `address` to `physical` with the leaf bits `bits`, in
   the largest pages that alignment allows; all page-aligned, the range in the
   kernel's half and not mapped. Boot only. */
void vm_map(uint64_t address, paddr_t physical, uint64_t size, pte_t bits);

/* Copies to an empty root what the kernel maps in every address space: all root
   entries from that of USER_END on. They are final when the first is made. */
void vm_copy_kernel_half(pte_t *root);

/* Takes that out again: all zero then. */
void vm_clear_kernel_half(pte_t *root);

/* Maps every page of the range that is not mapped yet to the one page at
   `page`. The range is whole megapages; the root entries exist. Boot only. */
void vm_map_holes(uint64_t address, uint64_t size, paddr_t page, pte_t bits);

/* Makes the gigabyte of the kernel's map at `address` readable by every env at
   `to`, in the lower half. Boot only, when the map there is final. */
void vm_export(uint64_t address, uint64_t to);

/* Maps device registers and returns where. `physical` need not be aligned.
   NULL if that is RAM or no address, or the window for devices is full. After
   vm_switch, boot only. */
volatile void *vm_map_device(paddr_t physical, uint64_t size);

/* The 512 leaves of the megapage at `address`, in the kernel's half and not
   mapped: for a module that alone writes them, at any time, and fences. Boot
   only, after vm_switch. */
pte_t *vm_leaves(uint64_t address);

/* The entry that translates `address`, and in *level its level; 0 if none
   does, and the level at which there is none. */
pte_t vm_walk(uint64_t address, unsigned *level);

#endif
