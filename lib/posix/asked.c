/* SPDX-License-Identifier: MIT */
#include "lib/posix/asked.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "kern/abi/call.h"
#include "kern/abi/frame.h"
#include "lib/exo/exo.h"
#include "lib/exo/page.h"
#include "lib/posix/image.h"
#include "lib/posix/memory.h"
#include "lib/posix/posix.h"
#include "lib/posix/swap.h"
#include "lib/posix/table.h"

#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)
#define FIRST_PID 1

/* A page of the process's, as its table has it. */
struct seen {
    int table;
    uint64_t address;
    uint64_t entry;
    uint64_t stack; /* the page of it in which this runs; and the next below */
};

/* Whether the answer is complete, by this page or before it. */
typedef bool page_visit(const struct seen *page, volatile struct request *r);

/* This one's alone, and neither resident nor in use now. */
static bool
is_private(const struct seen *page)
{
    const volatile struct frame *f = &RECORDS[PTE_FRAME(page->entry)];
    bool shared = false;

    if (table_book.shared[page->table]) {
        (void)memory_shared(page->address, &shared);
    }
    return !shared && (page->entry & PTE_HEIR) != 0 && f->owner == exo_id &&
           f->maps == 1 && page->address != page->stack &&
           page->address != page->stack - PAGE &&
           (page->address < POSIX_VIEWS || page->address >= POSIX_VIEWS_END) &&
           (page->address < (uint64_t)libos_stacks ||
            page->address >= (uint64_t)libos_resident_end);
}

static bool
is_zero(uint64_t address)
{
    const uint64_t *word = (const uint64_t *)address;
    uint64_t all = 0;

    for (unsigned i = 0; i < PAGE / sizeof(*word) && all == 0; i++) {
        all = word[i];
    }
    return all == 0;
}

/* A touch makes the page again as it is, by the rights that it has now. */
static bool
is_made_again(const struct seen *page)
{
    int rights = memory_rights(page->address);

    if (rights < 0 ||
        ((rights & PROT_WRITE) == 0) != ((page->entry & PTE_W) == 0) ||
        ((rights & PROT_EXEC) == 0) != ((page->entry & PTE_X) == 0)) {
        return false;
    }
    return (page->stack < POSIX_STACK_TOP &&
            page->address >= POSIX_STACK_BOTTOM &&
            page->address < page->stack - PAGE) ||
           is_zero(page->address);
}

static int64_t
frame_drop(uint64_t frame)
{
    int64_t error;

    do {
        error = sys_frame_free(frame, 0);
    } while (error == -EAGAIN);
    return error;
}

static bool
page_give(const struct seen *page, volatile struct request *r)
{
    if (is_private(page) && is_made_again(page) &&
        table_clear(page->table, page->address, 1) >= 0) {
        (void)frame_drop(PTE_FRAME(page->entry));
    }
    return r->left == 0;
}

/* What is not swapped out: the data of the libOS, which its handlers use. */
static bool
is_image(uint64_t address)
{
    return address >= LIBOS_DATA && address < POSIX_PROGRAM;
}

/* Those behind the last that was swapped out come first, so that each has its
   turn. */
static POSIX_RESIDENT uint64_t swapped_last = 0;
static POSIX_RESIDENT struct swap_batch batch = {.count = 0};

static bool
page_swap(const struct seen *page, volatile struct request *r)
{
    if (is_private(page) && !is_image(page->address) &&
        swap_add(&batch, page->table, page->address, page->entry)) {
        swapped_last = page->address;
    }
    if (batch.count >= r->left) {
        swap_write(&batch);
    }
    return r->left == 0;
}

/* Not for a request: until there is one batch. */
static bool
page_evict(const struct seen *page, volatile struct request *r)
{
    (void)r;
    if (batch.written + batch.count < SWAP_BATCH && is_private(page) &&
        !is_image(page->address) &&
        swap_add(&batch, page->table, page->address, page->entry)) {
        swapped_last = page->address;
    }
    return batch.written + batch.count >= SWAP_BATCH;
}

static bool
page_evict_behind(const struct seen *page, volatile struct request *r)
{
    return page->address > swapped_last && page_evict(page, r);
}

static bool
page_swap_behind(const struct seen *page, volatile struct request *r)
{
    return page->address > swapped_last && page_swap(page, r);
}

/* The page goes to another frame. */
static bool
page_move(const struct seen *page, volatile struct request *r)
{
    uint64_t old = PTE_FRAME(page->entry);
    uint64_t keep = page->entry & (PTE_W | PTE_X | PTE_MAY_WRITE);
    uint64_t number;
    bool clean;
    int64_t frame;
    int64_t at;

    if (old != r->name) {
        return false;
    }
    if (!is_private(page)) {
        return true;
    }
    frame = page_new(POSIX_CAP_OWN, &clean);
    number = (uint64_t)frame;
    at = frame < 0 ? frame : table_scratch(POSIX_CAP_OWN, &number, 1);
    if (at < 0) {
        if (frame > 0) {
            (void)frame_drop(number);
        }
        return true;
    }
    exo_page_copy((void *)at, (const void *)page->address);
    table_scratch_end(1);
    if (table_clear(page->table, page->address, 1) < 0) {
        (void)frame_drop(number);
    } else if (table_set(page->table, page->address, number, keep) == 0) {
        (void)frame_drop(old);
    }
    return true;
}

static void
pages_visit(page_visit *visit, volatile struct request *r)
{
    const struct table_book *b = &table_book;
    struct seen page = {.stack =
                            (uint64_t)__builtin_frame_address(0) & ~(PAGE - 1)};

    for (unsigned i = 0; i < b->tables; i++) {
        uint64_t base = (uint64_t)b->region[i] << REGION_SHIFT;

        page.table = (int)i;
        for (page.address = base; page.address < base + TABLE_SPAN;
             page.address += PAGE) {
            unsigned group = table_index(page.address) / TABLE_GROUP;

            if ((b->groups[i] >> group & 1) == 0) {
                page.address += (TABLE_GROUP - 1) * PAGE;
                continue;
            }
            page.entry = table_entry(page.table, page.address);
            if ((page.entry & PTE_LEAF) != 0 && visit(&page, r)) {
                return;
            }
        }
    }
}

bool
asked_evict(void)
{
    if (posix_is_held() || process_self->pid == FIRST_PID ||
        exo_uarea->level[LEVEL_INTERRUPT].cause != 0) {
        return false;
    }
    batch.written = 0;
    pages_visit(page_evict_behind, NULL);
    swap_write(&batch);
    pages_visit(page_evict, NULL);
    swap_write(&batch);
    return batch.written > 0;
}

static void
pages_swap(volatile struct request *r)
{
    pages_visit(page_swap_behind, r);
    swap_write(&batch);
    if (r->left != 0) {
        pages_visit(page_swap, r);
        swap_write(&batch);
    }
}

static void
requests_answer(void)
{
    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES; i++) {
        volatile struct request *r = &exo_uarea->request[i];

        if (r->kind == RESOURCE_FRAME && r->left != 0) {
            pages_visit(r->name == REVOKE_ANY ? page_give : page_move, r);
        }
        if (r->kind == RESOURCE_FRAME && r->left != 0 &&
            r->name == REVOKE_ANY && process_self->pid != FIRST_PID) {
            pages_swap(r);
        }
    }
}

/* Whether a frame was among what was taken. */
static bool
losses_read(void)
{
    struct uarea *u = exo_uarea;
    uint64_t posted = __atomic_load_n(&u->losses_posted, __ATOMIC_ACQUIRE);
    bool frames = false;

    for (uint64_t i = u->losses_taken; i != posted; i++) {
        frames |= LOSS_KIND(u->loss[i % UAREA_LOSS_ENTRIES]) == RESOURCE_FRAME;
    }
    u->losses_taken = posted;
    return frames;
}

void
asked_answer(void)
{
    requests_answer();
    if (losses_read() && process_self->pid != FIRST_PID) {
        process_exit(SIGBUS);
    }
}
