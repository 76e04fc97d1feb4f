/* SPDX-License-Identifier: MIT */
/*
 * Revocation, asked of this program itself: what requests say and how they are
 * merged and met; what is taken, in which order, and how it is told; what is
 * not taken; where contents are saved.
 */
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define NEVER (~0UL)
#define COUNT 40
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

static uint64_t frame[COUNT];

static uint64_t window;

static void
map(uint64_t table, uint64_t index, uint64_t number)
{
    exo_uarea->batch[0] = number << 10 | 0xc6; /* D, A, W, R */
    EXPECT(sys_pt_map(0, table, index, 1), 1);
}

/* What anybody can read of it. */
static const volatile struct env_row *
row(void)
{
    return (const volatile struct env_row *)INFORMATION_ENVS + (exo_id >> 20);
}

static int64_t
ask(uint64_t kind, uint64_t name, uint64_t count, uint64_t deadline)
{
    uint32_t asked = row()->asked;
    int64_t result = sys_revoke(0, exo_id, kind, name, count, deadline);

    EXPECT(row()->asked - asked, result == 0 ? count : 0);
    return result;
}

static unsigned
requests(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES; i++) {
        count += exo_uarea->request[i].left != 0;
    }
    return count;
}

static unsigned
owed(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES; i++) {
        count += exo_uarea->request[i].left;
    }
    return count;
}

static bool
mine(uint64_t number)
{
    return RECORDS[number].owner == exo_id;
}

static void
take(void)
{
    int64_t result;

    do {
        result = sys_repossess(0, exo_id);
    } while (result == -EAGAIN);
    EXPECT(result, requests());
    EXPECT(row()->owed, owed());
}

/* The next loss, which must be there. */
static uint64_t
loss(void)
{
    uint64_t at = exo_uarea->losses_taken;

    EXPECT(at < exo_uarea->losses_posted, 1);
    exo_uarea->losses_taken = at + 1;
    return exo_uarea->loss[at % UAREA_LOSS_ENTRIES];
}

static void
no_more_losses(void)
{
    EXPECT(exo_uarea->losses_taken, exo_uarea->losses_posted);
    EXPECT(exo_uarea->losses_missed, 0);
    EXPECT(row()->lost, exo_uarea->losses_posted);
    EXPECT(row()->owed, owed());
}

static void
frames_make(void)
{
    for (unsigned i = 0; i < COUNT; i++) {
        frame[i] = frame_clean(0);
    }
}

static void
frames_free(void)
{
    for (unsigned i = 0; i < COUNT; i++) {
        if (mine(frame[i])) {
            EXPECT(sys_frame_free(frame[i], FRAME_FREE_BREAK), 0);
        }
    }
}

static void
refusals(void)
{
    EXPECT(sys_revoke(60, exo_id, RESOURCE_FRAME, REVOKE_ANY, 1, 0), -EBADF);
    EXPECT(sys_revoke(0, exo_id + 1, RESOURCE_FRAME, REVOKE_ANY, 1, 0), -ESRCH);
    EXPECT(ask(RESOURCE_KINDS, REVOKE_ANY, 1, 0), -EINVAL);
    EXPECT(ask(RESOURCE_FRAME, REVOKE_ANY, 0, 0), -EINVAL);
    EXPECT(ask(RESOURCE_FRAME, REVOKE_ANY, ~0UL, 0), -EINVAL);
    EXPECT(ask(RESOURCE_FRAME, frame[0], 2, 0), -EINVAL);
    EXPECT(ask(RESOURCE_FRAME, 1, 1, 0), -EPERM);
    EXPECT(ask(RESOURCE_FRAME, 1UL << 40, 1, 0), -EPERM);
    EXPECT(ask(RESOURCE_FRAME, exo_root, 1, 0), -EBUSY);
    EXPECT(ask(RESOURCE_SLOT, 5, 1, 0), -EPERM);
    EXPECT(ask(RESOURCE_SLOT, 8 << 16, 1, 0), -EPERM);
    EXPECT(sys_repossess(0, exo_id + 1), -ESRCH);
    EXPECT(sys_repossess(0, exo_id), 0);
    EXPECT(requests(), 0);
}

/* Requests stand in the U-area, grow, and go as frames are freed. */
static void
asked(void)
{
    frames_make();
    exo_uarea->masked = MASKED_INTERRUPT;
    exo_uarea->pending = 0;
    EXPECT(ask(RESOURCE_FRAME, REVOKE_ANY, 3, NEVER), 0);
    EXPECT(exo_uarea->pending, PENDING_REQUEST);
    EXPECT(exo_uarea->request[0].left, 3);
    EXPECT(exo_uarea->request[0].name, REVOKE_ANY);
    EXPECT(exo_uarea->request[0].deadline, NEVER);
    EXPECT(ask(RESOURCE_FRAME, REVOKE_ANY, 2, NEVER), 0);
    EXPECT(exo_uarea->request[0].left, 5);
    EXPECT(ask(RESOURCE_FRAME, REVOKE_ANY, 2, NEVER - 1), 0);
    EXPECT(ask(RESOURCE_FRAME, frame[0], 1, NEVER), 0);
    EXPECT(ask(RESOURCE_FRAME, frame[0], 1, NEVER - 5), 0);
    EXPECT(requests(), 3);
    EXPECT(exo_uarea->request[2].left, 1);
    EXPECT(exo_uarea->request[2].deadline, NEVER - 5);
    EXPECT(sys_repossess(0, exo_id), 3);
    EXPECT(sys_frame_free(frame[0], 0), 0);
    EXPECT(requests(), 2);
    EXPECT(sys_frame_free(frame[1], 0), 0); /* the earlier one first */
    EXPECT(exo_uarea->request[1].left, 1);
    for (unsigned i = 2; i < 8; i++) {
        EXPECT(requests() > 0, 1);
        EXPECT(sys_frame_free(frame[i], 0), 0);
    }
    EXPECT(requests(), 0);
    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES; i++) {
        EXPECT(ask(RESOURCE_FRAME, frame[10 + i], 1, NEVER), 0);
    }
    EXPECT(ask(RESOURCE_FRAME, frame[9], 1, NEVER), -EBUSY);
    frames_free();
    EXPECT(requests(), 0);
    no_more_losses();
    exo_uarea->pending = 0;
    exo_uarea->masked = 0;
}

/* What is taken by name is told, its contents are saved, and it is free. */
static void
named(void)
{
    volatile uint64_t *words = (volatile uint64_t *)(SHARED + 30 * 4096);

    frames_make();
    map(window, 30, frame[0]);
    words[0] = 0x1234;
    words[511] = 0x5678;
    EXPECT(sys_frame_mark(frame[0], 1, MARK_NONE, frame[1]), 1);
    EXPECT(RECORDS[frame[0]].used, frame[1]);
    EXPECT(ask(RESOURCE_FRAME, frame[0], 1, 0), 0);
    EXPECT(ask(RESOURCE_FRAME, frame[2], 1, 0), 0);
    take();
    EXPECT(exo_uarea->pending & PENDING_LOSS, 0); /* the default takes it */
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame[0], frame[1]));
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame[2], 0));
    no_more_losses();
    EXPECT(mine(frame[0]), 0);
    EXPECT(RECORDS[frame[0]].type, FRAME_FREE);
    EXPECT(mine(frame[1]), 1);
    map(window, 30, frame[1]); /* its entry is zero */
    EXPECT(words[0], 0x1234);
    EXPECT(words[511], 0x5678);
    frames_free();
}

/* First what is expendable, then other data, none that is guaranteed. */
static void
chosen(void)
{
    uint64_t before = 0;

    frames_make();
    EXPECT(sys_frame_mark(frame[7], 1, MARK_EXPENDABLE, 0), 1);
    EXPECT(sys_frame_mark(frame[9], 1, MARK_EXPENDABLE, 0), 1);
    EXPECT(sys_frame_mark(frame[9], 1, MARK_NONE, 0), 1);
    EXPECT(sys_frame_mark(frame[30], 1, MARK_EXPENDABLE, 0), 1);
    EXPECT(ask(RESOURCE_FRAME, REVOKE_ANY, 2, 0), 0);
    take();
    for (unsigned i = 0; i < COUNT; i++) {
        EXPECT(mine(frame[i]), i != 7 && i != 30);
    }
    before = loss() + loss();
    EXPECT(before, LOSS(RESOURCE_FRAME, frame[7], 0) +
                       LOSS(RESOURCE_FRAME, frame[30], 0));
    no_more_losses();
    EXPECT(sys_frame_mark(frame[7], 1, MARK_NONE, 0), -EPERM);
    EXPECT(sys_frame_mark(frame[8], 1, 2, 0), -EINVAL);
    EXPECT(sys_frame_mark(frame[8], 1, 0, frame[8]), -EINVAL);
    EXPECT(sys_frame_mark(frame[8], 0, 0, 0), -EINVAL);
    EXPECT(sys_frame_mark(frame[8], 65, 0, 0), -EINVAL);
    frames_free();
}

/* More requests: what is taken by name does not count for another; one of the
   same name is the same, and has the earlier deadline. */
static void
merged(void)
{
    frames_make();
    EXPECT(ask(RESOURCE_FRAME, REVOKE_ANY, 5, NEVER), 0);
    EXPECT(ask(RESOURCE_FRAME, frame[0], 1, NEVER), 0);
    EXPECT(requests(), 2);
    EXPECT(ask(RESOURCE_FRAME, frame[0], 1, 0), 0); /* perhaps taken by then */
    take();
    EXPECT(requests(), 1);
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame[0], 0));
    EXPECT(exo_uarea->request[0].left, 5);
    EXPECT(sys_frame_free(frame[1], FRAME_FREE_BREAK), 0);
    EXPECT(exo_uarea->request[0].left, 4);
    for (unsigned i = 2; i < 6; i++) {
        EXPECT(sys_frame_free(frame[i], 0), 0);
    }
    EXPECT(requests(), 0);
    no_more_losses();
    frames_free();
}

/* What there is no room for in the vector is counted; then it goes on. */
static void
overflow(void)
{
    uint64_t posted = exo_uarea->losses_posted;

    for (unsigned round = 0; round < 5; round++) {
        frames_make();
        for (unsigned i = 0; i < COUNT; i++) {
            EXPECT(ask(RESOURCE_FRAME, frame[i], 1, 0), 0);
            take();
        }
    }
    EXPECT(exo_uarea->losses_posted - posted, UAREA_LOSS_ENTRIES);
    EXPECT(exo_uarea->losses_missed, 5 * COUNT - UAREA_LOSS_ENTRIES);
    exo_uarea->losses_taken = exo_uarea->losses_posted - 1;
    frames_make();
    for (unsigned i = 0; i < 2; i++) {
        (void)loss();
        EXPECT(ask(RESOURCE_FRAME, frame[i], 1, 0), 0);
        take();
        EXPECT(exo_uarea
                   ->loss[(exo_uarea->losses_posted - 1) % UAREA_LOSS_ENTRIES],
               LOSS(RESOURCE_FRAME, frame[i], 0));
    }
    (void)loss();
    EXPECT(exo_uarea->losses_missed, 5 * COUNT - UAREA_LOSS_ENTRIES);
    EXPECT(exo_uarea->losses_taken, exo_uarea->losses_posted);
    frames_free();
}

/* The set: what is in it, what cannot be, and that it has a limit. */
static void
guaranteed(void)
{
    uint64_t page = SHARED + 20 * 4096;
    unsigned count = 0;

    frames_make();
    EXPECT(sys_guarantee(USER_END), -EINVAL);
    EXPECT(sys_guarantee(0), -EINVAL);                  /* nothing is there */
    EXPECT(sys_guarantee((uint64_t)exo_uarea), -EPERM); /* it needs none */
    EXPECT(RECORDS[exo_root].flags & FRAME_GUARANTEED, 0);
    EXPECT(sys_guarantee(page), -EINVAL);
    map(window, 20, frame[0]);
    EXPECT(ask(RESOURCE_FRAME, frame[1], 1, NEVER), 0);
    EXPECT(sys_guarantee(page), -EBUSY);
    EXPECT(sys_frame_free(frame[1], 0), 0);
    EXPECT(RECORDS[frame[0]].flags, 0);
    EXPECT(sys_guarantee(page), 0);
    EXPECT(sys_guarantee(page + 4095), 0); /* again: nothing new */
    EXPECT(RECORDS[frame[0]].flags, FRAME_GUARANTEED);
    EXPECT(RECORDS[window].flags, FRAME_GUARANTEED);
    EXPECT(RECORDS[exo_root].flags, FRAME_GUARANTEED);
    EXPECT(ask(RESOURCE_FRAME, frame[0], 1, 0), -EBUSY);
    EXPECT(ask(RESOURCE_FRAME, window, 1, 0), -EBUSY);
    EXPECT(ask(RESOURCE_FRAME, RECORDS[window].shadow, 1, 0), -EBUSY);

    /* 32 and 4 for the hart; three tables with shadows and one page are in. */
    for (unsigned i = 2; i < COUNT; i++) {
        map(window, 20 + i, frame[i]);
        count += sys_guarantee(SHARED + (20 + i) * 4096) == 0;
    }
    EXPECT(count, 32 + 4 - 3 * 2 - 1);
    EXPECT(sys_guarantee(SHARED + (20 + COUNT - 1) * 4096), -ENOSPC);
    EXPECT(RECORDS[frame[COUNT - 1]].flags, 0);
    /* What is freed, or not to be guaranteed any more, makes room. */
    EXPECT(sys_frame_free(frame[2], FRAME_FREE_BREAK), 0);
    EXPECT(sys_guarantee(SHARED + (20 + COUNT - 1) * 4096), 0);
    EXPECT(sys_guarantee(SHARED + (20 + COUNT - 2) * 4096), -ENOSPC);
    EXPECT(sys_frame_mark(frame[3], 1, MARK_NONE, 0), 1);
    EXPECT(sys_guarantee(SHARED + (20 + COUNT - 2) * 4096), 0);
    /* By count they are passed over: the newest but for these are taken. */
    EXPECT(ask(RESOURCE_FRAME, REVOKE_ANY, 2, 0), 0);
    take();
    (void)loss();
    (void)loss();
    for (unsigned i = 0; i < COUNT; i++) { /* 1 and 2 were freed */
        EXPECT(mine(frame[i]),
               i != 1 && i != 2 && i != COUNT - 3 && i != COUNT - 4);
    }
    frames_free();
    EXPECT(sys_pt_unmap(0, window, 20, COUNT) >= 0, 1);
}

/* A table goes with its shadow, and what it mapped is unmapped; of what has
   been chosen nothing can be guaranteed. */
static void
table(void)
{
    uint64_t made = table_new(0, 0);
    uint64_t shadow = RECORDS[made].shadow;
    int64_t result;

    frames_make();
    for (unsigned i = 0; i < 100; i++) {
        map(made, i, frame[0]);
    }
    map(window, 20, frame[0]);
    EXPECT(RECORDS[frame[0]].maps, 101);
    EXPECT(ask(RESOURCE_FRAME, shadow, 1, 0), 0); /* either name will do */
    take();
    EXPECT(RECORDS[frame[0]].maps, 1);
    EXPECT(mine(frame[0]), true);
    EXPECT(mine(made) || mine(shadow), false);
    EXPECT(loss() + loss(),
           LOSS(RESOURCE_FRAME, made, 0) + LOSS(RESOURCE_FRAME, shadow, 0));
    EXPECT(sys_pt_unmap(0, window, 20, 1), 1);

    for (unsigned i = 0; i < 400; i++) {
        map(window, 100 + i, frame[0]);
    }
    EXPECT(ask(RESOURCE_FRAME, frame[0], 1, 0), 0);
    result = sys_repossess(0, exo_id);
    EXPECT(result, -EAGAIN); /* not all bindings are broken */
    EXPECT(RECORDS[frame[0]].maps > 0, 1);
    EXPECT(sys_guarantee(SHARED + 100 * 4096), -EBUSY);
    take();
    EXPECT(mine(frame[0]), false);
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame[0], 0));
    frames_free();
}

/* Slots by name and by count; one that asks for more than there are ends. */
static void
slots(void)
{
    for (uint64_t slot = 8; slot < 16; slot++) {
        EXPECT(sys_slot_alloc(0, exo_id, 0, slot), 0);
    }
    EXPECT(ask(RESOURCE_SLOT, 11, 1, 0), 0);
    take();
    EXPECT(loss(), LOSS(RESOURCE_SLOT, 11, 0));
    EXPECT(ask(RESOURCE_SLOT, 11, 1, 0), -EPERM);
    EXPECT(ask(RESOURCE_SLOT, REVOKE_ANY, 3, NEVER), 0);
    EXPECT(sys_slot_free(0, exo_id, 0, 15), 0);
    EXPECT(exo_uarea->request[0].left, 2);
    EXPECT(exo_uarea->request[0].kind, RESOURCE_SLOT);
    EXPECT(sys_repossess(0, exo_id), 1);
    EXPECT(ask(RESOURCE_SLOT, 12, 1, NEVER), 0);
    EXPECT(sys_slot_free(0, exo_id, 0, 12), 0); /* meets that one only */
    EXPECT(exo_uarea->request[0].left, 2);
    EXPECT(exo_uarea->request[1].left, 0);
    EXPECT(ask(RESOURCE_SLOT, REVOKE_ANY, 1, 0), 0);
    take();
    EXPECT(LOSS_KIND(loss()), RESOURCE_SLOT);
    EXPECT(exo_uarea->request[0].left + exo_uarea->request[1].left, 2);
    EXPECT(ask(RESOURCE_SLOT, REVOKE_ANY, 1000, 0), 0);
    for (;;) {
        int64_t result = sys_repossess(0, exo_id);

        if (result != -EAGAIN) {
            break;
        }
    }
    while (exo_uarea->losses_taken != exo_uarea->losses_posted) {
        EXPECT(LOSS_KIND(loss()), RESOURCE_SLOT);
    }
    for (uint64_t slot = 8; slot < 16; slot++) { /* it has none */
        EXPECT(sys_slot_free(0, exo_id, 0, slot), -EPERM);
    }
}

static void
nothing(struct uarea *uarea)
{
    uarea->consent = CONSENT_FRAMES;
    for (;;) {
        (void)exo_yield(uarea->own[25], uarea);
    }
}

/* What an owner said of a frame is nothing to the next; and contents go to no
   place that is not the env's any more. */
static void
given(uint64_t shared)
{
    struct child child = harts_child(shared, nothing, 0, exo_id);

    EXPECT(exo_yield(child.id, exo_uarea), 0);
    frames_make();
    map(window, 20, frame[0]);
    EXPECT(sys_guarantee(SHARED + 20 * 4096), 0);
    EXPECT(sys_frame_mark(frame[1], 1, MARK_EXPENDABLE, frame[3]), 1);
    EXPECT(RECORDS[frame[1]].flags, FRAME_EXPENDABLE | FRAME_PLACED);
    EXPECT(sys_pt_unmap(0, window, 20, 1), 1);
    EXPECT(sys_frame_give(0, frame[0], child.id), 0);
    EXPECT(sys_frame_give(0, frame[1], child.id), 0);
    EXPECT(RECORDS[frame[0]].flags, 0);
    EXPECT(RECORDS[frame[1]].flags, 0);
    EXPECT(RECORDS[frame[1]].used, 0);

    map(window, 20, frame[4]);
    map(window, 21, frame[5]);
    *(volatile uint64_t *)(SHARED + 20 * 4096) = 77;
    EXPECT(sys_frame_mark(frame[4], 1, MARK_NONE, frame[5]), 1);
    EXPECT(sys_frame_give(0, frame[5], child.id), 0);
    EXPECT(ask(RESOURCE_FRAME, frame[4], 1, 0), 0);
    take();
    EXPECT(loss(), LOSS(RESOURCE_FRAME, frame[4], 0));
    EXPECT(*(volatile uint64_t *)(SHARED + 21 * 4096), 0);
    EXPECT(sys_pt_unmap(0, window, 21, 1), 1);
    child_end(&child);
    frames_free();
}

static void
large_make(uint64_t *first)
{
    *first = (uint64_t)sys_frame_alloc(0, 9, 0);
    EXPECT((int64_t)*first > 0, 1);
    while (sys_frame_scrub(*first) == -EAGAIN) {
    }
    EXPECT(sys_frame_split(*first), 0);
}

/* Pages that each have a save place, joined: the frame has none. */
static void
joined(void)
{
    uint64_t first;
    uint64_t place;

    large_make(&first);
    large_make(&place);
    for (unsigned i = 0; i < 512; i += MARK_FRAMES_MAX) {
        EXPECT(sys_frame_mark(first + i, MARK_FRAMES_MAX, MARK_EXPENDABLE,
                              place + i),
               MARK_FRAMES_MAX);
    }
    EXPECT(sys_frame_join(first), 0);
    EXPECT(RECORDS[first].flags & FRAME_MARKS, 0);
    EXPECT(RECORDS[first].used, 0);
    EXPECT(ask(RESOURCE_FRAME, first, 1, 0), 0);
    take();
    EXPECT(loss(), LOSS(RESOURCE_FRAME, first, 0));
    no_more_losses();
    EXPECT(sys_frame_join(place), 0);
    EXPECT(sys_frame_free(place, 0), 0);
}

static void
fill(uint64_t table, uint64_t page, unsigned count)
{
    for (unsigned i = 0; i < count; i += 64) {
        for (unsigned j = 0; j < 64; j++) {
            exo_uarea->batch[j] = page << 10 | 0xc2; /* R, A, D */
        }
        EXPECT(sys_pt_map(0, table, i, 64), 64);
    }
}

/* What takes several steps, nobody begins anew: neither a page that is
   mapped often nor a page table is put under another guard, or given. */
static void
begun(void)
{
    uint64_t table = table_new(0, 0);
    uint64_t page = frame_clean(0);
    uint64_t taken[2] = {page, table};

    fill(table, page, 512);
    for (unsigned i = 0; i < 2; i++) {
        EXPECT(ask(RESOURCE_FRAME, taken[i], 1, 0), 0);
        EXPECT(sys_repossess(0, exo_id), -EAGAIN);
        EXPECT(RECORDS[taken[i]].flags & FRAME_CONDEMNED, FRAME_CONDEMNED);
        EXPECT(sys_frame_set_guard(0, 0, taken[i]), -EBUSY);
        EXPECT(sys_pt_map(0, table, 0, 1) < 0, i == 0);
        take();
        EXPECT(mine(taken[i]), 0);
        EXPECT(loss(), LOSS(RESOURCE_FRAME, taken[i], 0));
        if (i == 0) {
            page = frame_clean(0);
            fill(table, page, 512);
        }
    }
    EXPECT(LOSS_NAME(loss()) != table, 1); /* its shadow */
    no_more_losses();
    EXPECT(sys_frame_free(page, 0), 0);
}

/* What is chosen can become a shadow before it is broken: another goes. */
static void
shadowed(void)
{
    uint64_t table = table_new(0, 0);
    uint64_t other = frame_clean(0);
    uint64_t shadow = frame_clean(0);
    uint64_t page = frame_clean(0);
    uint64_t spare = frame_clean(0);

    EXPECT(sys_frame_mark(shadow, 1, MARK_EXPENDABLE, 0), 1);
    EXPECT(sys_frame_mark(page, 1, MARK_EXPENDABLE, 0), 1);
    fill(table, page, 64);
    EXPECT(ask(RESOURCE_FRAME, REVOKE_ANY, 2, 0), 0);
    EXPECT(sys_repossess(0, exo_id), -EAGAIN);
    EXPECT(sys_pt_make(other, shadow, 0), 0);
    take();
    EXPECT(loss(), LOSS(RESOURCE_FRAME, page, 0));
    EXPECT(loss(), LOSS(RESOURCE_FRAME, spare, 0));
    no_more_losses();
    EXPECT(sys_pt_unmake(other), 0);
    EXPECT(sys_frame_free(other, 0), 0);
    EXPECT(sys_frame_free(shadow, 0), 0);
}

int
main(void)
{
    uint64_t shared = frame_clean(0);

    frames_make();
    refusals();
    frames_free();
    asked();
    window = window_open(shared);
    named();
    chosen();
    merged();
    table();
    slots();
    guaranteed();
    given(shared);
    joined();
    begun();
    shadowed();
    overflow(); /* the last: what was missed is counted for ever */
    printf("test: revoke ok\n");
    return 0;
}
