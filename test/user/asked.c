/* SPDX-License-Identifier: MIT */
#include "test/user/asked.h"

#include <string.h>

#include "test/user/spread.h"

/* Where the parent has the U-area, in the table at SHARED. */
#define WINDOW 40

struct child asked_child;
volatile struct uarea *asked_uarea =
    (volatile struct uarea *)(SHARED + WINDOW * 4096);

uint64_t asked_page;
static uint64_t window;
static uint64_t account;

/* ---- The env's: without data ---- */

static void
frames_take(struct uarea *uarea, struct asked *a)
{
    for (uint64_t i = 0; i < a->frames; i++) {
        uint64_t number = spread_page(uarea, a->leaf, ASKED_FIRST + i);

        if (number == 0) {
            a->wrong = __LINE__;
            return;
        }
        a->frame[i] = (uint32_t)number;
        *(volatile uint64_t *)(SHARED + (ASKED_FIRST + i) * 4096) = i;
    }
    for (uint64_t i = 0; i < a->large; i++) {
        int64_t number = sys_frame_alloc(CHILD_CAP_OWN, FRAME_ORDER_2M, 0);

        if (number <= 0) {
            a->wrong = __LINE__;
        }
        a->frame[a->frames + i] = (uint32_t)number;
    }
    if (a->guaranteed == ~0UL) {
        return;
    }
    if (sys_guarantee(CHILD_STACK) != 0) {
        a->wrong = __LINE__;
    }
    for (uint64_t i = a->frames - a->guaranteed; i < a->frames; i++) {
        if (sys_guarantee(SHARED + (ASKED_FIRST + i) * 4096) != 0) {
            a->wrong = __LINE__;
        }
    }
}

/* Frees its oldest frame, and the slot with the highest number: the kernel
   would take others. */
static void
one_free(struct asked *a, const volatile struct request *r)
{
    if (r->kind == RESOURCE_FRAME) {
        uint64_t number = r->name == REVOKE_ANY ? a->frame[a->freed] : r->name;

        if (sys_frame_free(number, FRAME_FREE_BREAK) != 0) {
            a->wrong = __LINE__;
        }
    } else {
        uint64_t slot = r->name == REVOKE_ANY ? 1023 : r->name & 0xffff;

        while (r->name == REVOKE_ANY && VECTOR[slot] != a->id) {
            slot--;
        }
        if (sys_slot_free(CHILD_CAP_OWN, a->id, 0, slot) != 0) {
            a->wrong = __LINE__;
        }
    }
    a->freed++;
}

__attribute__((used)) static void
event_look(struct uarea *uarea)
{
    struct asked *a = ASKED;
    uint64_t events = __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES; i++) {
        const volatile struct request *r = &uarea->request[i];

        while (r->left > 0 && a->freed < a->willing && a->wrong == 0) {
            one_free(a, r);
        }
    }
    while (uarea->losses_taken !=
               __atomic_load_n(&uarea->losses_posted, __ATOMIC_ACQUIRE) &&
           a->losses < ASKED_LOSSES) {
        a->loss[a->losses] =
            uarea->loss[uarea->losses_taken % UAREA_LOSS_ENTRIES];
        uarea->losses_taken++;
        a->losses++;
    }
    a->events |= events;
}

/* The entry for events: on the stack that it interrupts. */
void event_entry(void);
__asm__(".text\n"
        ".balign 4\n"
        "event_entry:\n"
        "   .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, "
        "20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
        "   sd x\\n, 0x610 + \\n*8(t0)\n" /* uarea->save */
        "   .endr\n"
        "   mv s0, t0\n"
        "   mv a0, t0\n"
        "   call event_look\n"
        "   mv t0, s0\n"
        "   .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, "
        "20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
        "   ld x\\n, 0x610 + \\n*8(t0)\n"
        "   .endr\n"
        "   li t1, 1\n" /* LEVEL_INTERRUPT */
        "   li a7, 1\n" /* resume */
        "   ecall\n");

static void
run(struct uarea *uarea)
{
    struct asked *a = ASKED;

    uarea->masked = MASKED_INTERRUPT;
    frames_take(uarea, a);
    a->ready = 1;
    if (a->answer == ANSWER_HANDLED) {
        uarea->entry_interrupt = (uint64_t)event_entry;
        uarea->masked = 0;
    }
    for (;;) {
        if (a->answer == ANSWER_AWAKE) {
            (void)exo_sleep(uarea);
            event_look(uarea);
        } else if (a->answer == ANSWER_YIELDED) {
            (void)exo_yield(a->parent, uarea);
        }
        a->turns++;
    }
}

/* ---- The parent's ---- */

uint64_t
asked_open(void)
{
    uint64_t harts;

    asked_page = frame_clean(0);
    window = window_open(asked_page);
    harts = harts_open();
    /* What this env makes once and keeps, it has by then. */
    asked_prepare(1, 0, ANSWER_YIELDED, 0);
    asked_begin(0, 0);
    asked_end();
    return harts;
}

void
asked_prepare(uint64_t frames, uint64_t guaranteed, enum answer answer,
              uint64_t willing)
{
    memset(ASKED, 0, sizeof(*ASKED));
    ASKED->frames = frames;
    ASKED->guaranteed = guaranteed;
    ASKED->answer = answer;
    ASKED->willing = willing;
}

void
asked_begin(uint64_t hart, uint64_t eighths)
{
    child_account = (uint64_t)sys_account_carve(
        40 + ASKED->frames + 512 * ASKED->large, 384);
    EXPECT((int64_t)child_account > 0, 1);
    account = child_account;
    asked_child = child_make_on(asked_page, run, hart);
    child_account = 0;
    ASKED->parent = exo_id;
    ASKED->id = asked_child.id;
    ASKED->leaf = asked_child.leaf;
    exo_uarea->batch[0] = asked_child.uarea << 10 | 0xc6;
    EXPECT(sys_pt_map(CAP_CHILD << 8, window, WINDOW, 1), 1);
    for (uint64_t eighth = 1; eighth <= eighths; eighth++) {
        harts_slots(asked_child.id, hart, eighth);
    }
    while (eighths == 0 && !ASKED->ready && !ASKED->wrong) {
        EXPECT(exo_yield(asked_child.id, exo_uarea), 0); /* slices end */
    }
    WAIT_UNTIL(ASKED->ready || ASKED->wrong);
    EXPECT(ASKED->wrong, 0);
}

void
asked_end(void)
{
    uint64_t used = ACCOUNTS[ACCOUNT_FIRST].used[ACCOUNT_FRAMES];
    uint64_t limit = ACCOUNTS[account].limit[ACCOUNT_FRAMES];

    EXPECT(ASKED->wrong, 0);
    EXPECT(sys_pt_unmap(0, window, WINDOW, 1) >= 0, 1);
    child_end(&asked_child);
    /* Its account is closed with the last in it, and empty then. */
    EXPECT(used - ACCOUNTS[ACCOUNT_FIRST].used[ACCOUNT_FRAMES], limit);
    for (uint64_t i = 0; i < ASKED->frames + ASKED->large; i++) {
        EXPECT(asked_owns(ASKED->frame[i]), false);
    }
}

int64_t
asked_ask(uint64_t kind, uint64_t name, uint64_t count, uint64_t deadline)
{
    return sys_revoke(CAP_CHILD, asked_child.id, kind, name, count, deadline);
}

uint64_t
asked_requests(void)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES; i++) {
        count += asked_uarea->request[i].left != 0;
    }
    return count;
}

uint64_t
asked_used(enum account_kind kind)
{
    return ACCOUNTS[account].used[kind];
}

bool
asked_owns(uint64_t number)
{
    return RECORDS[number].owner == asked_child.id;
}

uint64_t
asked_owned(void)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < ASKED->frames + ASKED->large; i++) {
        count += asked_owns(ASKED->frame[i]);
    }
    return count;
}
