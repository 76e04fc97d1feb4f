/* SPDX-License-Identifier: MIT */
/*
 * fork: another env with page tables of its own, in which all private pages of
 * this one are mapped too, without the right to write; nor has this one that
 * any more (fault.c).
 *
 * Not shared for a moment are what faults are handled with (image.h), the page
 * of the stack that is in use, and the U-area: the child gets copies of the
 * first two, made here, with what must differ already changed.
 *
 * The env is made first: from then on all that is made for the child is given
 * to it at once, so that to give up means to end it.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/exo/own.h"
#include "lib/exo/page.h"
#include "lib/posix/fork.h"
#include "lib/posix/image.h"
#include "lib/posix/memory.h"
#include "lib/posix/posix.h"
#include "lib/posix/row.h"
#include "lib/posix/set.h"
#include "lib/posix/shared.h"
#include "lib/posix/swap.h"
#include "lib/posix/table.h"
#include "lib/posix/wake.h"

#define HART 0
#define PTE_KEEP (PTE_X | PTE_A | PTE_MAY_WRITE | PTE_HEIR)
#define COPY_DROP ((uint64_t)1 << 63)
#define CHILDREN_MAX (CAP_LIST_ENTRIES - POSIX_CAP_CHILDREN)
#define SLOTS_EACH 4
#define SCATTER 0x9e3779b97f4a7c15 /* 2^64 by the golden ratio */

/* Entries of the capability list that have a child's name, and whose. */
static uint64_t caps_used POSIX_RESIDENT = 0;
static uint8_t cap_of[POSIX_PROCESSES] POSIX_RESIDENT = {0};

/* What a child has of those below, and with which rights. */
static const uint8_t caps_keep[POSIX_CAP_CHILDREN] = {
    [POSIX_CAP_DOMAIN] = CAP_FRESH | CAP_PASS,
    [POSIX_CAP_SHARED] = CAP_READ | CAP_WRITE | CAP_PASS,
    [POSIX_CAP_CONSOLE] = CAP_WRITE | CAP_PASS,
};

/* The child in the making. */
struct making {
    struct process *row;
    uint64_t cap;
    uint64_t id;
    uint64_t stack; /* the pointer */
    uint64_t uarea; /* its frame */
    uint32_t root;
    uint32_t middle[MIDDLES_MAX];
    uint32_t number[TABLES_MAX]; /* 0: it has no such table */
    int64_t error;
};
static struct making making POSIX_RESIDENT = {.row = NULL};

uint64_t
process_control(const struct process *p)
{
    uint64_t cap = cap_of[process_index(p)];

    return cap != 0 ? cap : POSIX_CAP_OWN;
}

void
process_control_drop(const struct process *p)
{
    uint64_t cap = cap_of[process_index(p)];

    if (cap != 0) {
        (void)sys_cap_drop(cap);
        caps_used &= ~((uint64_t)1 << (cap - POSIX_CAP_CHILDREN));
        cap_of[process_index(p)] = 0;
    }
}

/* A name for the child. */
static int64_t
cap_make(void)
{
    unsigned i =
        caps_used == ~(uint64_t)0 ? CHILDREN_MAX : set_first(~caps_used);
    int64_t error = -ENOSPC;

    if (i < CHILDREN_MAX) {
        error = sys_cap_fresh(POSIX_CAP_DOMAIN, POSIX_CAP_CHILDREN + i);
    }
    if (error < 0) {
        return error;
    }
    caps_used |= (uint64_t)1 << i;
    making.cap = POSIX_CAP_CHILDREN + i;
    cap_of[process_index(making.row)] = (uint8_t)making.cap;
    return 0;
}

/* A frame that is not to be used before it is filled; nothing after an error.
 */
static uint64_t
frame_make(void)
{
    int64_t frame =
        making.error < 0 ? making.error : sys_frame_alloc(making.cap, 0, 0);

    making.error = frame < 0 ? frame : 0;
    return frame < 0 ? 0 : (uint64_t)frame;
}

static void
env_make(void)
{
    uint64_t record = frame_make();
    uint64_t list = frame_make();
    int64_t root = making.error < 0 ? making.error : table_new(making.cap, 2);
    int64_t id = root;

    while (id >= 0) {
        id = sys_env_create(making.cap, record, list, (uint64_t)root, 0);
        if (id != -EAGAIN) {
            break;
        }
        id = 0;
    }
    making.root = root < 0 ? 0 : (uint32_t)root;
    making.id = id < 0 ? 0 : (uint64_t)id;
    making.row->env = (uint32_t)making.id;
    making.error = id < 0 ? id : 0;
    if (id < 0) {
        if (root > 0) {
            table_drop((uint64_t)root);
        }
        if (record != 0) {
            (void)sys_frame_free(record, 0);
        }
        if (list != 0) {
            (void)sys_frame_free(list, 0);
        }
    }
}

/* A table of the child's, linked into the one above. */
static uint32_t
below_make(uint32_t above, uint64_t index, unsigned level)
{
    int64_t table =
        making.error < 0 ? making.error : table_new(making.cap, level);
    int64_t error = table;

    while (error >= 0) {
        error = sys_frame_give(making.cap, (uint64_t)table, making.id);
        if (error != -EAGAIN) {
            break;
        }
        error = 0;
    }
    if (error < 0 && table > 0) {
        table_drop((uint64_t)table);
    }
    if (error >= 0) {
        error = sys_pt_link(making.cap | making.cap << 8, above, index,
                            (uint64_t)table);
    }
    making.error = error < 0 ? error : 0;
    return error < 0 ? 0 : (uint32_t)table;
}

static void
run_copy(unsigned table, uint64_t index, uint64_t count, uint64_t keep)
{
    int64_t done = 0;

    while (making.error == 0 && count > 0) {
        done = sys_pt_copy(making.cap | POSIX_CAP_OWN << 8,
                           table_book.number[table], making.number[table],
                           index | index << 16, count, keep);
        making.error = done < 0 ? done : 0;
        index += done > 0 ? (uint64_t)done : 0;
        count -= done > 0 ? (uint64_t)done : 0;
    }
}

/* A group with pages of shared mappings, in runs of one kind. */
static void
mixed_copy(unsigned table, uint64_t index, uint64_t count)
{
    uint64_t base = (uint64_t)table_book.region[table] << REGION_SHIFT;
    uint64_t end = index + count;

    while (index < end) {
        bool shared;
        uint64_t to =
            (memory_shared(base + index * PAGE, &shared) - base) / PAGE;

        to = to < end ? to : end;
        run_copy(table, index, to - index,
                 shared ? PTE_KEEP | PTE_W : PTE_KEEP | COPY_DROP);
        index = to;
    }
}

/* What each process has of its own, or gets by page_place. */
static bool
is_apart(uint64_t address, uint64_t *end)
{
    const uint64_t apart[3][2] = {
        {(uint64_t)libos_stacks, (uint64_t)libos_resident_end},
        {making.stack & ~(PAGE - 1), (making.stack | (PAGE - 1)) + 1},
        {POSIX_VIEWS, POSIX_VIEWS_END}};

    *end = USER_END;
    for (unsigned i = 0; i < 3; i++) {
        if (address >= apart[i][0] && address < apart[i][1]) {
            *end = apart[i][1];
            return true;
        }
        if (address < apart[i][0] && apart[i][0] < *end) {
            *end = apart[i][0];
        }
    }
    return false;
}

static void
table_copy(unsigned table)
{
    uint64_t base = (uint64_t)table_book.region[table] << REGION_SHIFT;

    for (unsigned groups = table_book.groups[table]; groups != 0;
         groups &= groups - 1) {
        uint64_t at = base + (uint64_t)set_first(groups) * GROUP_SPAN;
        uint64_t end = at + GROUP_SPAN;
        uint64_t next;

        for (; at < end; at = next) {
            bool apart = is_apart(at, &next);
            uint64_t count;

            next = next < end ? next : end;
            count = (next - at) / PAGE;
            if (apart) {
                continue;
            }
            if (table_book.shared[table]) {
                mixed_copy(table, table_index(at), count);
            } else {
                run_copy(table, table_index(at), count, PTE_KEEP | COPY_DROP);
            }
        }
    }
}

/* What is below the root: the tables of private pages, and what all processes
   have in common. */
static void
tables_copy(void)
{
    const struct table_book *b = &table_book;

    for (unsigned i = 0; i < b->middles; i++) {
        making.middle[i] = below_make(making.root, b->middle_gib[i], 1);
    }
    for (unsigned i = 0; i < b->tables && making.error == 0; i++) {
        making.number[i] = 0;
        for (unsigned m = 0; b->groups[i] != 0 && m < b->middles; m++) {
            if (b->middle_gib[m] == b->region[i] >> 9) {
                making.number[i] =
                    below_make(making.middle[m], b->region[i] & 511, 0);
                table_copy(i);
            }
        }
    }
    if (making.error == 0) {
        int64_t error = sys_pt_link(making.cap | POSIX_CAP_SHARED << 8,
                                    making.root, LIBOS_TEXT >> 30, b->common);

        making.error = error < 0 ? error : 0;
    }
}

/* Pages of the child's own, of one table, mapped and given; what of them is all
   zero is not looked at. */
static void
pages_place(uint64_t address, uint64_t *frame, unsigned count)
{
    int table = table_find(address);
    int64_t error = making.error;
    bool zero;

    for (unsigned i = 0; i < count && error >= 0; i++) {
        error = page_new(making.cap, &zero);
        frame[i] = error < 0 ? 0 : (uint64_t)error;
    }
    for (unsigned i = 0; i < count && error >= 0; i++) {
        exo_uarea->batch[i] =
            frame[i] << 10 | EXO_R | EXO_W | EXO_AD | PTE_HEIR;
    }
    if (error >= 0) {
        error = sys_pt_map(making.cap | making.cap << 8, making.number[table],
                           table_index(address), count);
    }
    for (unsigned i = 0; i < count && frame[i] != 0; i++) {
        do {
            error = error < 0 ? error
                              : sys_frame_give(making.cap, frame[i], making.id);
        } while (error == -EAGAIN);
        if (error < 0) { /* the mapping goes with the env */
            while (sys_frame_free(frame[i], FRAME_FREE_BREAK) == -EAGAIN) {
            }
        }
    }
    making.error = error < 0 ? error : 0;
}

/* The child's book is the parent's, but for the numbers of tables. */
static void
book_fill(struct table_book *child)
{
    const struct table_book *b = &table_book;
    unsigned count = 0;

    child->root = making.root;
    for (unsigned i = 0; i < b->middles; i++) {
        child->middle[i] = making.middle[i];
    }
    for (unsigned i = 0; i < b->tables; i++) {
        if (making.number[i] != 0) {
            child->region[count] = b->region[i];
            child->groups[count] = b->groups[i];
            child->shared[count] = b->shared[i];
            child->number[count++] = making.number[i];
        }
    }
    child->tables = count;
    child->last = 0;
    for (unsigned i = 0; i < TABLE_VIEWS; i++) {
        child->viewed[i] = 0;
    }
}

/* What is resident, seen at `pages`, with what must differ in the child. */
static void
resident_fill(char *pages)
{
    for (uint64_t at = 0; at < (uint64_t)(libos_resident_end - libos_resident);
         at += PAGE) {
        exo_page_copy(pages + at, libos_resident + at);
    }
#define CHILDS(variable)                                                       \
    ((__typeof__(&(variable)))(void *)(pages +                                 \
                                       ((char *)&(variable)-libos_resident)))
    *CHILDS(exo_root) = making.root;
    *CHILDS(exo_id) = making.id;
    *CHILDS(exo_map_window) = 0;
    CHILDS(page_reserve)->count = 0;
    *CHILDS(process_self) = making.row;
    book_fill(CHILDS(table_book));
    *CHILDS(caps_used) = 0;
    *CHILDS(swap_own) = (struct swap_own){.pages = 0};
    memset(CHILDS(cap_of), 0, sizeof(cap_of));
#undef CHILDS
}

/* A frame under a name that nobody had before is all zero. */
static void
uarea_fill(struct uarea *u)
{
    const struct uarea *mine = exo_uarea;

    u->self = POSIX_UAREA;
    u->version = UAREA_VERSION;
    u->entry_exception = mine->entry_exception;
    u->entry_interrupt = mine->entry_interrupt;
    u->entry_prologue = mine->entry_prologue;
    u->entry_epilogue = mine->entry_epilogue;
    u->entry_double = mine->entry_double;
    u->own[(OWN_EVENT_STACK - UAREA_OWN) / 8] =
        mine->own[(OWN_EVENT_STACK - UAREA_OWN) / 8];
    u->own[(OWN_EXCEPTION_STACK - UAREA_OWN) / 8] =
        mine->own[(OWN_EXCEPTION_STACK - UAREA_OWN) / 8];
    u->own[(OWN_AWAY_SP - UAREA_OWN) / 8] = making.stack;
}

/* Only what is above the stack pointer is anything. */
static void
stack_copy(char *page)
{
    uint64_t offset = making.stack & (PAGE - 1);
    const uint64_t *from = (const uint64_t *)making.stack;
    uint64_t *to = (uint64_t *)(void *)(page + offset);

    if (offset < PAGE / 2) {
        exo_page_copy(page, (const void *)(making.stack & ~(PAGE - 1)));
        return;
    }
    for (; offset < PAGE; offset += sizeof(*to)) {
        *to++ = *from++;
    }
}

/* U-area, stack, resident pages: made, and filled in one window. */
static void
pages_make(void)
{
    uint64_t frame[TABLE_SCRATCHES - 1] = {0};
    uint64_t stacks = (uint64_t)(libos_resident - libos_stacks) / PAGE;
    uint64_t residents = (uint64_t)(libos_resident_end - libos_stacks) / PAGE;
    uint64_t stack = making.stack & ~(PAGE - 1);
    int64_t at;

    if (stacks > 1 || residents - stacks + 3 > TABLE_SCRATCHES - 1) {
        making.error = -ENOMEM; /* the image has outgrown the window */
        return;
    }
    pages_place(POSIX_UAREA, &frame[0], 1);
    pages_place(stack, &frame[1], 1);
    pages_place((uint64_t)libos_stacks, &frame[2], (unsigned)residents);
    if (making.error < 0) {
        return;
    }
    at = table_scratch(making.cap, frame, (unsigned)residents + 2);
    if (at < 0) {
        making.error = at;
        return;
    }
    uarea_fill((struct uarea *)at);
    stack_copy((char *)at + PAGE);
    resident_fill((char *)at + (2 + stacks) * PAGE);
    table_scratch_end((unsigned)residents + 2);
    making.uarea = frame[0];
}

static void
uarea_bind(void)
{
    int64_t error;

    do {
        error = sys_env_bind(making.cap, making.id, HART, making.uarea);
    } while (error == -EAGAIN);
    making.error = error < 0 ? error : 0;
}

static void
caps_grant(void)
{
    int64_t error = sys_cap_grant(making.cap, making.cap, making.id,
                                  POSIX_CAP_OWN, CAP_RIGHTS_ALL);

    for (uint64_t i = 0; i < POSIX_CAP_CHILDREN && error >= 0; i++) {
        if (caps_keep[i] != 0) {
            error = sys_cap_grant(i, making.cap, making.id, i, caps_keep[i]);
        }
    }
    making.error = error < 0 ? error : 0;
}

/* Where in the vector a process's slots lie is as good as random: who follows
   whom there gets the time that sleepers leave. */
static void
slots_take(void)
{
    const volatile uint32_t *owner =
        (const volatile uint32_t *)INFORMATION_SLOTS;
    uint64_t part = SLOTS / SLOTS_EACH;
    int64_t error = 0;

    for (uint64_t i = 0; i < SLOTS_EACH && error >= 0; i++) {
        uint64_t at = (making.id + i) * SCATTER >> 32;
        uint64_t tried = 0;

        while (owner[i * part + at % part] != 0 && tried < part) {
            at++;
            tried++;
        }
        if (tried < part) {
            error = sys_slot_alloc(making.cap, making.id, HART,
                                   i * part + at % part);
        }
    }
    making.error = error < 0 && error != -EBUSY ? error : 0;
}

static void
fork_undo(void)
{
    if (making.id != 0) {
        env_end(making.cap, (uint32_t)making.id);
    }
    if (making.row->files) {
        file_exit(making.row);
    }
    process_control_drop(making.row);
    process_lock();
    process_free(making.row);
    process_unlock();
}

int64_t
fork_make(uint64_t stack)
{
    bool due;

    making.stack = stack;
    making.id = 0;
    process_lock();
    due = posix_held == 1 && signal_is_due();
    making.row = due ? NULL : process_new();
    process_unlock();
    if (making.row == NULL) {
        return due ? -EINTR : -EAGAIN;
    }
    making.error = cap_make();
    if (making.error == 0) {
        env_make();
    }
    if (making.error == 0) {
        caps_grant();
        tables_copy();
    }
    if (making.error == 0) {
        slots_take();
        pages_make();
    }
    if (making.error == 0) {
        making.error = file_fork(making.row);
        making.row->files = making.error == 0;
    }
    if (making.error == 0) {
        process_lock();
        making.row->state = PROCESS_LIVE;
        /* A kill of all that reached the parent was for this one, too. */
        making.row->kill |= process_self->kill;
        if (making.row->kill) {
            process_wake(process_first());
        }
        process_unlock();
        uarea_bind(); /* it may run before this returns */
    }
    if (making.error < 0) {
        int64_t error = posix_error(making.error);

        fork_undo();
        return error == -ENOSPC || error == -EDQUOT ? -EAGAIN : error;
    }
    return making.row->pid;
}

int64_t
process_fork(void)
{
    int64_t result = swap_in_all(); /* a place is one process's */

    if (result < 0) {
        return posix_error(result);
    }
    result = fork_switch();
    if (result == 0) {
        wake_begin();
    }
    return result;
}
