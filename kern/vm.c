/* SPDX-License-Identifier: MIT */
/*
 * The kernel's address space. Invariants, which the self-check `map` walks:
 *
 *  - no page is both writable and executable, and no frame that is executable
 *    in one place is writable in another: the image and the pages of downloaded
 *    code are holes in the direct map;
 *  - firmware and reserved memory are mapped nowhere; of what the tree says
 *    about devices, nothing is believed that would map RAM a second time;
 *  - the page under each stack is not mapped.
 *
 * Only boot writes these tables, on one hart, so there is no lock; after boot
 * nothing does, but kern/code/arena.c in the one table of downloaded code.
 */
#include "kern/vm.h"

#include "kern/abi/layout.h"
#include "kern/boot/boot_memory.h"
#include "kern/csr.h"
#include "kern/image.h"
#include "kern/panic.h"
#include "kern/string.h"

_Alignas(4096) pte_t early_root[PAGE_TABLE_ENTRIES];
_Alignas(4096) pte_t image_middle[PAGE_TABLE_ENTRIES];
_Alignas(4096) pte_t image_leaves[PAGE_TABLE_ENTRIES];
static _Alignas(4096) pte_t kernel_root[PAGE_TABLE_ENTRIES];

/* Which entries of that are set, for each env costs those: known from when the
   first root is made. */
static uint16_t kernel_entry[PAGE_TABLE_ENTRIES];
static unsigned kernel_entries;

static uint64_t image_offset; /* physical minus virtual */
static uint64_t device_next = DEVICE_BASE;
static const struct memory_map *memory; /* from vm_switch on */

_Static_assert(DIRECT_BASE + DIRECT_SIZE <= FRAME_TABLE_BASE &&
                   FRAME_TABLE_BASE + FRAME_TABLE_SIZE <= HART_SLOT_BASE &&
                   DEVICE_BASE + DEVICE_SIZE <= ARENA_BASE &&
                   ARENA_BASE + ARENA_SIZE <= KERNEL_BASE,
               "the windows of the kernel's half overlap");
_Static_assert(DIRECT_SIZE % SPAN(2) == 0 && FRAME_TABLE_SIZE == SPAN(2) &&
                   DEVICE_SIZE == SPAN(2),
               "the direct map has several root entries, each window one");

void
vm_init(uint64_t offset)
{
    image_offset = offset;
}

paddr_t
vm_image_address(const void *byte)
{
    return (paddr_t)byte + image_offset;
}

struct memory_run
vm_image_run(void)
{
    return (struct memory_run){vm_image_address(image_start),
                               vm_image_address(image_end)};
}

uint64_t
vm_satp(void)
{
    return (uint64_t)SATP_MODE_SV39 << SATP_MODE_SHIFT |
           vm_image_address(kernel_root) >> FRAME_SHIFT;
}

static pte_t *
table_of(pte_t entry)
{
    paddr_t address = pte_address(entry);

    struct memory_run image = vm_image_run();

    /* The image's own tables are not in the direct map. */
    return address >= image.start && address < image.end
               ? (pte_t *)(address - image_offset)
               : direct_map(address);
}

static pte_t *
table_below(pte_t *entry)
{
    if (!(*entry & PTE_V)) {
        paddr_t table = boot_memory_take(FRAME_SIZE, FRAME_SIZE);

        memset(direct_map(table), 0, FRAME_SIZE);
        *entry = pte_make(table, PTE_V);
    }
    ASSERT(!(*entry & PTE_LEAF));
    return table_of(*entry);
}

/* The largest level whose pages fit at both addresses within size. */
static unsigned
level_for(uint64_t address, paddr_t physical, uint64_t size)
{
    unsigned level = SV39_LEVELS - 1;

    while (level > 0 && (((address | physical) & (SPAN(level) - 1)) != 0 ||
                         size < SPAN(level))) {
        level--;
    }
    return level;
}

void
vm_map(uint64_t address, paddr_t physical, uint64_t size, pte_t bits)
{
    ASSERT((address | physical | size) % FRAME_SIZE == 0);
    while (size > 0) {
        unsigned level = level_for(address, physical, size);
        pte_t *table = kernel_root;
        uint64_t step;

        for (unsigned l = SV39_LEVELS - 1; l > level; l--) {
            table = table_below(&table[pte_index(address, l)]);
        }
        /* As many entries of this table as the range fills. */
        do {
            pte_t *entry = &table[pte_index(address, level)];

            ASSERT(!(*entry & PTE_V));
            *entry = pte_make(physical, bits);
            step = SPAN(level);
            address += step;
            physical += step;
            size -= step;
        } while (size >= step && pte_index(address, level) != 0 &&
                 level_for(address, physical, size) == level);
    }
    tlb_flush();
}

static bool
in_memory(struct memory_run run)
{
    for (unsigned i = 0; i < memory->bank_count; i++) {
        if (memory_runs_overlap(run, memory->bank[i])) {
            return true;
        }
    }
    return false;
}

volatile void *
vm_map_device(paddr_t physical, uint64_t size)
{
    struct memory_run run = memory_run_around(physical, physical + size);
    uint64_t address = device_next;

    if (run.end <= run.start || run.end > MEMORY_LIMIT ||
        run.end - run.start > DEVICE_SIZE || in_memory(run)) {
        return NULL;
    }
    size = run.end - run.start;
    if (size >= SPAN(1)) {
        /* The same place within a megapage, so that megapages fit. */
        address += (run.start - address) & (SPAN(1) - 1);
    }
    if (size > DEVICE_BASE + DEVICE_SIZE - address) {
        return NULL;
    }
    device_next = address + size;
    vm_map(address, run.start, size, PTE_KERNEL_RW);
    return (volatile char *)address + (physical - run.start);
}

void
vm_switch(const struct memory_map *map, const struct memory_run *kept,
          unsigned kept_count)
{
    /* A copy, for the tables that are made here come from the runs. */
    static struct memory_map before;

    before = *map;
    memory = map;
    kernel_root[pte_index(KERNEL_BASE, 2)] =
        pte_make(vm_image_address(image_middle), PTE_V);
    for (unsigned i = 0; i < before.free_count; i++) {
        const struct memory_run *run = &before.free[i];

        vm_map(DIRECT_BASE + run->start, run->start, run->end - run->start,
               PTE_KERNEL_RW);
    }
    for (unsigned i = 0; i < kept_count; i++) {
        vm_map(DIRECT_BASE + kept[i].start, kept[i].start,
               kept[i].end - kept[i].start,
               i == 0 ? PTE_KERNEL_RO : PTE_KERNEL_RW);
    }
    /* Every root entry of the windows that boot may still map into, so that
       the root itself is final from here on. */
    table_below(&kernel_root[pte_index(FRAME_TABLE_BASE, 2)]);
    table_below(&kernel_root[pte_index(HART_SLOT_BASE, 2)]);
    table_below(&kernel_root[pte_index(DEVICE_BASE, 2)]);
    table_below(&kernel_root[pte_index(ARENA_BASE, 2)]);
    csr_write(satp, vm_satp());
    tlb_flush();
}

/* Copies a table and those below it for envs: to read, and not to write. */
static void
table_export(const pte_t *source, pte_t *target)
{
    pte_t last = 0; /* many entries point to the same table of holes */
    paddr_t copy = 0;

    for (unsigned i = 0; i < PAGE_TABLE_ENTRIES; i++) {
        pte_t entry = source[i];

        if (!(entry & PTE_V) || (entry & PTE_LEAF)) {
            target[i] = entry & PTE_V ? (entry & ~(PTE_W | PTE_D)) | PTE_U : 0;
            continue;
        }
        if (entry != last) {
            copy = boot_memory_take(FRAME_SIZE, FRAME_SIZE);
            table_export(table_of(entry), direct_map(copy));
            last = entry;
        }
        target[i] = pte_make(copy, PTE_V);
    }
}

void
vm_export(uint64_t address, uint64_t to)
{
    table_export(table_of(kernel_root[pte_index(address, 2)]),
                 table_below(&kernel_root[pte_index(to, 2)]));
}

void
vm_copy_kernel_half(pte_t *root)
{
    if (kernel_entries == 0) {
        for (unsigned i = pte_index(USER_END, 2); i < PAGE_TABLE_ENTRIES; i++) {
            if (kernel_root[i] != 0) {
                kernel_entry[kernel_entries++] = (uint16_t)i;
            }
        }
    }
    for (unsigned i = 0; i < kernel_entries; i++) {
        root[kernel_entry[i]] = kernel_root[kernel_entry[i]];
    }
}

void
vm_clear_kernel_half(pte_t *root)
{
    for (unsigned i = 0; i < kernel_entries; i++) {
        root[kernel_entry[i]] = 0;
    }
}

pte_t *
vm_leaves(uint64_t address)
{
    pte_t *middle = table_of(kernel_root[pte_index(address, 2)]);

    return table_below(&middle[pte_index(address, 1)]);
}

pte_t
vm_walk(uint64_t address, unsigned *level)
{
    const pte_t *table = kernel_root;

    for (*level = SV39_LEVELS - 1;; --*level) {
        pte_t entry = table[pte_index(address, *level)];

        if (!(entry & PTE_V) || (entry & PTE_LEAF)) {
            return entry & PTE_V ? entry : 0;
        }
        if (*level == 0) {
            return 0;
        }
        table = table_of(entry);
    }
}

void
vm_map_holes(uint64_t address, uint64_t size, paddr_t page, pte_t bits)
{
    paddr_t leaves = boot_memory_take(FRAME_SIZE, FRAME_SIZE);
    pte_t *leaf = direct_map(leaves);

    for (unsigned i = 0; i < PAGE_TABLE_ENTRIES; i++) {
        leaf[i] = pte_make(page, bits);
    }
    for (uint64_t at = address; at < address + size; at += SPAN(1)) {
        pte_t *middle = table_of(kernel_root[pte_index(at, 2)]);
        pte_t *entry = &middle[pte_index(at, 1)];
        pte_t *table = table_of(*entry);

        if (!(*entry & PTE_V)) {
            *entry = pte_make(leaves, PTE_V);
            continue;
        }
        for (unsigned i = 0; !(*entry & PTE_LEAF) && i < PAGE_TABLE_ENTRIES;
             i++) {
            table[i] |= table[i] & PTE_V ? 0 : pte_make(page, bits);
        }
    }
    tlb_flush();
}
