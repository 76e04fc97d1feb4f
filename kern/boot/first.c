/* SPDX-License-Identifier: MIT */
/*
 * The first env, the only one that the kernel makes. It starts with the empty
 * name and all rights, so it can do what any env may ever do; everything else
 * in the machine is built by it, with ordinary calls.
 *
 * All that is made here, page tables and the pages of the program included,
 * are frames that the env owns under the empty guard, as if it had made them
 * itself. What it was given that cannot be used fails the boot.
 */
#include "kern/abi/layout.h"
#include "kern/boot/archive.h"
#include "kern/boot/elf.h"
#include "kern/code/arena.h"
#include "kern/csr.h"
#include "kern/disk/drive.h"
#include "kern/env.h"
#include "kern/frame_list.h"
#include "kern/interrupt.h"
#include "kern/panic.h"
#include "kern/print.h"
#include "kern/pt.h"
#include "kern/slot.h"
#include "kern/string.h"
#include "kern/vm.h"

/* Pages that the first program may take: 16 MiB. */
#define FIRST_PAGES_MAX 4096

static struct env *first;
static uint64_t first_registers[32];
static uint64_t first_entry;

/* Page `wanted`, or any if 0, as a frame of the first env whose contents may be
   seen. */
static struct frame *
frame_own(ppn_t wanted)
{
    ppn_t number;
    struct frame *f;

    if (frame_take(&first->frames, first->id, &(struct cap_name){0},
                   FRAME_ORDER_4K, wanted, &number) < 0) {
        boot_fail("no memory for the first program");
    }
    f = frame_record(number);
    frame_lock(f);
    frame_clear_flag(f, FRAME_UNSCRUBBED | FRAME_CLEAN);
    frame_unlock(f);
    return f;
}

/* A frame of the first env, zeroed. */
static struct frame *
page_take(void)
{
    struct frame *f = frame_own(0);

    page_clear(frame_contents(frame_number(f)));
    return f;
}

static struct frame *
table_take(unsigned level)
{
    struct frame *table = page_take();

    if (pt_make(table, page_take(), level, first->id) < 0) {
        panic("fresh frames do not make a page table");
    }
    return table;
}

/* The table of `level` that translates `address`, made if need be. */
static struct frame *
table_for(uint64_t address, unsigned level)
{
    struct frame *table = first->root;
    const struct cap *root = &first->caps->entry[0];

    for (unsigned l = SV39_LEVELS - 1; l > level; l--) {
        unsigned index = pte_index(address, l);
        pte_t entry =
            ((const pte_t *)frame_contents(frame_number(table)))[index];

        if (entry == 0) {
            struct frame *below = table_take(l - 1);
            struct pt_place place = {.table = table, .index = index};

            if (pt_link(&place, below, root) < 0) {
                panic("a fresh page table cannot be linked");
            }
            table = below;
        } else {
            table = frame_record(pte_address(entry) >> FRAME_SHIFT);
        }
    }
    return table;
}

static void
page_map(uint64_t address, const struct frame *f, pte_t bits)
{
    struct pt_place place = {.table = table_for(address, 0),
                             .index = pte_index(address, 0)};
    pte_t entry = pte_make(frame_number(f) << FRAME_SHIFT,
                           bits | PTE_A | (bits & PTE_W ? PTE_D : 0));

    if (pt_insert(&place, 1, &entry, &first->caps->entry[0]) < 0) {
        panic("the first program's page at 0x%lx cannot be mapped", address);
    }
}

/* A page that stands for the addresses from `address` on, with what it has of
   the `bytes` from `start` to `end`. */
static struct frame *
page_filled(uint64_t address, uint64_t start, uint64_t end, const char *bytes)
{
    struct frame *f = page_take();
    uint64_t from = address > start ? address : start;
    uint64_t to = address + FRAME_SIZE < end ? address + FRAME_SIZE : end;

    if (from < to) {
        memcpy((char *)frame_contents(frame_number(f)) + (from - address),
               bytes + (from - start), to - from);
    }
    return f;
}

static void
segment_load(const struct elf *elf, const struct elf_segment *s)
{
    const char *bytes = (const char *)elf->blob + s->offset;
    pte_t bits =
        PTE_R | (s->flags & ELF_W ? PTE_W : 0) | (s->flags & ELF_X ? PTE_X : 0);

    for (uint64_t address = s->vaddr & ~(FRAME_SIZE - 1);
         address < s->vaddr + s->memsz; address += FRAME_SIZE) {
        page_map(address,
                 page_filled(address, s->vaddr, s->vaddr + s->filesz, bytes),
                 bits);
    }
}

static void
program_load(const void *archive, size_t size)
{
    const struct elf_limits limits = {USER_START, FIRST_ARCHIVE,
                                      FIRST_PAGES_MAX};
    struct archive files;
    struct archive_file file;
    struct elf_segment segment;
    struct elf elf;

    if (archive_open(&files, archive, size) < 0) {
        boot_fail("the initrd is broken: %s (at byte %lu)", files.fault,
                  files.fault_at);
    }
    if (archive_find(&files, "init", &file) < 0) {
        boot_fail("the initrd has no file init");
    }
    if (elf_open(&elf, file.data, file.size, &limits) < 0) {
        boot_fail("init cannot be loaded: %s (at byte %lu)", elf.fault,
                  elf.fault_at);
    }
    for (uint32_t i = 0; elf_segment_read(&elf, i, &segment) == 0; i++) {
        segment_load(&elf, &segment);
    }
    first_entry = elf.entry;
}

/* The frame for the page at `at` of an archive that lies from `start` to `end`.
   A page that it fills, of RAM that the kernel had kept for it, becomes the
   first env's as it is: freed, and taken again. Of others, which may hold
   something else as well, the env gets a copy of what is the archive's. */
static struct frame *
archive_page(paddr_t at, paddr_t start, paddr_t end)
{
    struct frame *f = frame_record(at >> FRAME_SHIFT);

    if (at > 0 && at >= start && at + FRAME_SIZE <= end &&
        frame_type(f) == FRAME_KERNEL) {
        *f = (struct frame){.type = FRAME_PART};
        /* Other harts idle by now, and would zero it: not what is clean. */
        word_lock(&frame_lists.lock);
        frame_add_free(at >> FRAME_SHIFT, 1);
        frame_set_flag(f, FRAME_CLEAN);
        word_unlock(&frame_lists.lock);
        return frame_own(at >> FRAME_SHIFT);
    }
    return page_filled(at, start, end, direct_map(start));
}

/* Maps the archive, with which the kernel is done, for the first env to read.
   Its address and size are what the env is told. */
static void
archive_map(paddr_t start, uint64_t size)
{
    const uint64_t room =
        FIRST_STACK_TOP - (FIRST_STACK_PAGES + 2) * FRAME_SIZE - FIRST_ARCHIVE;
    paddr_t first_page = start & ~(FRAME_SIZE - 1);
    paddr_t end = start + size;

    if (size > room) {
        boot_fail("the initrd has %lu bytes: %lu are the most", size, room);
    }
    for (paddr_t at = first_page; at < end; at += FRAME_SIZE) {
        page_map(FIRST_ARCHIVE + (at - first_page),
                 archive_page(at, start, end), PTE_R);
    }
    first_registers[12] = FIRST_ARCHIVE + (start - first_page);
    first_registers[13] = size;
}

static void
uarea_bind(void)
{
    struct frame *f = page_take();
    struct uarea *uarea = frame_contents(frame_number(f));

    uarea->self = FIRST_UAREA;
    uarea->version = UAREA_VERSION;
    page_map(FIRST_UAREA, f, PTE_R | PTE_W);
    lock_acquire(first->lock);
    if (env_bind(first, hart_self(), f) < 0 ||
        slot_alloc(first, hart_self()->index, 0) < 0) {
        panic("a fresh U-area cannot be bound");
    }
    lock_release(first->lock);
}

/* A frame for the record of the env, or its capability list. */
static void *
record_take(void)
{
    struct frame *f = page_take();

    frame_lock(f);
    frame_become(f, FRAME_ENV);
    f->pins++;
    frame_unlock(f);
    return frame_contents(frame_number(f));
}

void
env_create_first(const void *archive, size_t size)
{
    static struct env unborn; /* owns the frame in which the record will be */

    account_init(frame_counts.free, (uint64_t)hart_count * SLOTS);
    account_enlarge(ACCOUNT_CODE, arena_pages());
    account_enlarge(ACCOUNT_REQUESTS, drive_requests());
    account_enlarge(ACCOUNT_BINDINGS, drive_extents());
    account_enlarge(ACCOUNT_REGISTRY, store_pages());
    first = &unborn;
    first->id = FIRST_ID;
    first->lean = FIRST_ID;
    first->frames.account = &ACCOUNT_TABLE[ACCOUNT_FIRST];
    first = record_take();
    *first = unborn;
    if (env_reserve() != FIRST_ID) {
        panic("the first env is not the first");
    }
    first->state = ENV_LIVE;
    first->caps = record_take();
    cap_init_root(first->caps);
    first->lone = first->caps;
    cap_list_init(&env_no_caps);

    first->root = table_take(SV39_LEVELS - 1);
    frame_lock(first->root);
    first->root->pins++;
    frame_unlock(first->root);
    first->satp = env_satp(first);
    env_publish(first, FIRST_ID);
    program_load(archive, size);
    for (unsigned i = 1; i <= FIRST_STACK_PAGES; i++) {
        page_map(FIRST_STACK_TOP - i * FRAME_SIZE, page_take(), PTE_R | PTE_W);
    }
    uarea_bind();
    archive_map((uint64_t)archive - DIRECT_BASE, size);
    first_registers[2] = FIRST_STACK_TOP;
    first_registers[5] = FIRST_UAREA;
    first_registers[10] = frame_number(first->root);
    first_registers[11] = first->id;
    printk(PRINT_INFO, "first env: id 0x%x, %lu frames, entry 0x%lx\n",
           first->id, first->frames.account->used[ACCOUNT_FRAMES], first_entry);
}

_Noreturn void
env_enter_first(void)
{
    struct hart *self = hart_self();

    (void)interrupt_poll(); /* it takes its slot */
    self->context = &first->context[self->index];
    self->uarea = (uint64_t)self->context->uarea;
    csr_write(satp, first->satp);
    tlb_flush();
    slot_timer_set();
    env_go(first_registers, first_entry);
}
