/* SPDX-License-Identifier: MIT */
/*
 * Page faults that are the libOS's own. The handler runs while anything may be
 * interrupted, but for what it calls itself; so it writes resident data only,
 * and leaves the batch words of the U-area as they were.
 *
 * A page to be copied:
 *
 *     nobody else maps the frame any more, and it is this env's:
 *         under its own name      W is given back
 *         under an ancestor's     it gets this one's name, and is mapped anew
 *     else                        it is copied; the owner lets go of it, so
 * that it passes to one of those who still map it
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "lib/exo/page.h"
#include "lib/posix/asked.h"
#include "lib/posix/disk.h"
#include "lib/posix/layout.h"
#include "lib/posix/memory.h"
#include "lib/posix/posix.h"
#include "lib/posix/space.h"
#include "lib/posix/swap.h"
#include "lib/posix/table.h"

#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)
#define CAUSE_FETCH 12
#define CAUSE_LOAD 13
#define CAUSE_STORE 15

static bool
guard_is_own(const volatile struct frame *f)
{
    const volatile struct frame *root = &RECORDS[exo_root];

    return f->guard.word[0] == root->guard.word[0] &&
           f->guard.word[1] == root->guard.word[1];
}

/* The frame is this env's, and nobody else maps it. */
static int64_t
page_take(int table, uint64_t address, uint64_t entry)
{
    uint64_t frame = PTE_FRAME(entry);
    int64_t error;

    if (guard_is_own(&RECORDS[frame])) {
        return table_protect(table, address, 1, 0, PTE_W);
    }
    do {
        error = sys_frame_set_guard(POSIX_CAP_OWN, POSIX_CAP_OWN, frame);
    } while (error == -EAGAIN);
    return error < 0 ? error
                     : table_set(table, address, frame,
                                 (entry & PTE_X) | PTE_W | PTE_MAY_WRITE);
}

static int64_t
page_copy(int table, uint64_t address, uint64_t entry)
{
    uint64_t old = PTE_FRAME(entry);
    bool clean;
    int64_t frame = page_new(POSIX_CAP_OWN, &clean);
    uint64_t number = (uint64_t)frame;
    int64_t at = frame < 0 ? frame : table_scratch(POSIX_CAP_OWN, &number, 1);

    if (at < 0) {
        if (frame > 0) {
            (void)sys_frame_free(number, 0);
        }
        return at;
    }
    exo_page_copy((void *)at, (const void *)address);
    table_scratch_end(1);
    (void)table_clear(table, address, 1);
    if (RECORDS[old].owner == exo_id) {
        while (sys_frame_free(old, 0) == -EAGAIN) {
        }
    }
    return table_set(table, address, number,
                     (entry & PTE_X) | PTE_W | PTE_MAY_WRITE);
}

bool
memory_is_lost(uint64_t address)
{
    uint64_t page = address & ~(PAGE - 1);
    int table = address < USER_END ? table_find(page) : TABLE_NONE;

    return address < USER_END && memory_is_file(page) &&
           (table == TABLE_NONE || table_entry(table, page) == 0);
}

/* 1; 0 if the fault is not the libOS's; or the negative of an error. */
static int64_t
fault_handle(uint64_t cause, uint64_t address)
{
    uint64_t page = address & ~(PAGE - 1);
    int table = address < USER_END ? table_find(page) : TABLE_NONE;
    uint64_t entry = table == TABLE_NONE ? 0 : table_entry(table, page);
    uint64_t frame = PTE_FRAME(entry);
    int64_t result;
    int rights;

    if (entry != 0) {
        if (cause != CAUSE_STORE ||
            (entry & (PTE_MAY_WRITE | PTE_W)) != PTE_MAY_WRITE) {
            return 0;
        }
        result = RECORDS[frame].maps == 1 && RECORDS[frame].owner == exo_id
                     ? page_take(table, page, entry)
                     : page_copy(table, page, entry);
        return result < 0 ? result : 1;
    }
    result = table == TABLE_NONE ? 0 : swap_in(page);
    if (result != 0) {
        return result;
    }
    rights = address < USER_END ? memory_rights(page) : -1;
    if (rights < 0 || memory_is_file(page) || !(rights & PROT_READ) ||
        (cause == CAUSE_STORE && !(rights & PROT_WRITE)) ||
        (cause == CAUSE_FETCH && !(rights & PROT_EXEC))) {
        return 0;
    }
    result = space_page(page, (rights & PROT_WRITE ? PTE_W : 0) |
                                  (rights & PROT_EXEC ? PTE_X : 0));
    return result < 0 ? result : 1;
}

/* After an error: whether to try again, since there may be a frame now. */
static bool
frame_wait(int64_t error, uint64_t *until)
{
    error = posix_error(error);
    return (error == -ENOMEM || error == -EDQUOT || error == -EAGAIN) &&
           (asked_evict() || swap_wait(until));
}

int
memory_fault(uint64_t cause, uint64_t address)
{
    int64_t handled;
    uint64_t until = 0;

    if (cause != CAUSE_FETCH && cause != CAUSE_LOAD && cause != CAUSE_STORE) {
        return false;
    }
    table_faulting = true;
    do {
        handled = fault_handle(cause, address);
    } while (handled < 0 && frame_wait(handled, &until));
    table_faulting = false;
    return handled > 0 || disk_fault(exo_uarea);
}

/* A fault in a handler of exceptions or events: they may change what fork has
   shared out, but nothing else may happen to them. */
static void
fault_double(struct uarea *uarea)
{
    const struct level *level = &uarea->level[LEVEL_DOUBLE];

    if (table_faulting || !memory_fault(level->cause, level->value)) {
        uarea->masked = MASKED_DOUBLE;
        __asm__ volatile("ebreak");
    }
}

void
memory_begin(void)
{
    table_begin();
    exo_uarea->entry_double = (uint64_t)exo_double_entry;
    exo_double_handler = fault_double;
}
