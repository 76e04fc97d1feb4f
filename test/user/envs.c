/* SPDX-License-Identifier: MIT */
/*
 * A second env, made by hand of frames, page tables and a copy of the text's
 * mappings: it runs when it is yielded to, shares one page, and cannot touch
 * anything else; a fault in its double-fault handler ends it alone; when it has
 * been destroyed, its id is nobody's and its frames are free.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

struct shared {
    volatile uint64_t count;
    volatile uint64_t parent;
    volatile uint64_t misbehave;
    volatile int64_t dropped; /* what the child got when it dropped entry 6 */
};

/* Runs in the child: text only, no data of the parent's. */
static void
child_main(struct uarea *uarea)
{
    struct shared *shared = (struct shared *)SHARED;

    uarea->consent = CONSENT_CAPS;
    for (;;) {
        shared->count++;
        shared->dropped = sys_cap_drop(6);
        if (shared->misbehave) {
            /* No exception entry: each fault leads to the next. */
            __asm__ volatile("ebreak");
        }
        (void)exo_yield(shared->parent, uarea);
    }
}

#define ENVS 255

struct parts {
    uint64_t record;
    uint64_t list;
    uint64_t root;
    uint64_t shadow;
};

static int64_t
bare_make(struct parts *parts)
{
    *parts = (struct parts){frame_clean(CAP_CHILD), frame_clean(CAP_CHILD),
                            frame_clean(CAP_CHILD), frame_clean(CAP_CHILD)};
    EXPECT(sys_pt_make(parts->root, parts->shadow, 2), 0);
    return sys_env_create(CAP_CHILD, parts->record, parts->list, parts->root,
                          0);
}

/* When the table of envs is full, a refusal changes nothing: not even what is
   in the frames that were offered. */
static void
exhaust(uint64_t window)
{
    volatile uint64_t *page = (volatile uint64_t *)(SHARED + 5 * 4096);
    static uint64_t id[ENVS];
    struct parts parts;
    unsigned made = 0;
    uint64_t gift;

    for (int64_t next = bare_make(&parts); next > 0; next = bare_make(&parts)) {
        id[made++] = (uint64_t)next;
    }
    EXPECT(made, ENVS - 1); /* and this one */
    gift = frame_clean(CAP_CHILD);
    EXPECT(sys_frame_give(CAP_CHILD, gift, id[0]), 0);
    EXPECT(sys_frame_free(gift, 0), -EPERM); /* though nothing holds it */
    exo_uarea->batch[0] = parts.record << 10 | 0xc6; /* D, A, W, R */
    EXPECT(sys_pt_map(CAP_CHILD << 8, window, 5, 1), 1);
    page[0] = 77;
    EXPECT(sys_pt_unmap(0, window, 5, 1), 1);
    EXPECT(sys_env_create(CAP_CHILD, parts.record, parts.list, parts.root, 0),
           -ENOSPC);
    EXPECT(sys_pt_map(CAP_CHILD << 8, window, 5, 1), 1);
    EXPECT(page[0], 77);
    EXPECT(sys_pt_unmap(0, window, 5, 1), 1);
    while (made > 0) {
        int64_t error = -EAGAIN;

        for (made--; error == -EAGAIN;) {
            error = sys_env_destroy(CAP_CHILD, id[made]);
        }
        EXPECT(error == 0 || error == -ESRCH, 1);
    }
    EXPECT(sys_env_create(CAP_CHILD, parts.root, parts.list, parts.root, 0),
           -EINVAL);
    EXPECT(sys_pt_unmake(parts.root), 0);
    EXPECT(sys_frame_free(parts.record, 0), 0);
    EXPECT(sys_frame_free(parts.list, 0), 0);
    EXPECT(sys_frame_free(parts.root, 0), 0);
    EXPECT(sys_frame_free(parts.shadow, 0), 0);
}

static volatile uint64_t events;

static void
event_keep(struct uarea *uarea)
{
    events |= __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);
}

int
main(void)
{
    struct shared *shared = (struct shared *)SHARED;
    uint64_t page = frame_clean(0);
    uint64_t window = window_open(page);
    uint64_t old = 0;

    shared->parent = exo_id;
    exo_event_handler = event_keep;
    EXPECT(sys_env_destroy(0, exo_id), -EBUSY);
    EXPECT(sys_yield(0), -ESRCH); /* nobody has a slot */
    EXPECT(sys_yield(~0UL), -ESRCH);
    EXPECT(sys_yield(exo_id + 1), -ESRCH);
    EXPECT(exo_yield(exo_id, exo_uarea), 0); /* to itself */
    for (unsigned round = 0; round < 20; round++) {
        struct child child = child_make(page, child_main);

        /* Its index was another's before: that id names nobody, and what is
           the child's is not the parent's to free. */
        EXPECT(sys_env_destroy(CAP_CHILD, old), -ESRCH);
        EXPECT(sys_yield(old), -ESRCH);
        EXPECT(old == 0 || old >> 20 == child.id >> 20, 1);
        old = child.id;
        EXPECT(sys_frame_free(child.frames[1], 0), -EPERM);
        /* Its record can be read; that does not outlive it. */
        exo_uarea->batch[0] = child.frames[0] << 10 | 0x42; /* A, R */
        EXPECT(sys_pt_map(0, window, 8, 1), 1);
        shared->count = 0;
        shared->misbehave = 0;
        for (unsigned i = 1; i <= 100; i++) {
            EXPECT(exo_yield(child.id, exo_uarea), 0);
            EXPECT(shared->count, i);
        }
        /* It takes capabilities from anyone, and no frames. */
        EXPECT(shared->dropped, -EBADF);
        EXPECT(sys_cap_grant(0, 60, child.id, 6, CAP_READ), 0);
        EXPECT(sys_cap_grant(0, 60, child.id, 6, CAP_READ), -EBUSY);
        EXPECT(sys_cap_grant(0, 0, child.id, 3, CAP_READ), -EBUSY);
        EXPECT(sys_frame_give(0, page, child.id), -EBUSY);
        EXPECT(exo_yield(child.id, exo_uarea), 0);
        EXPECT(shared->dropped, 0);
        if (round % 2 == 1) {
            shared->misbehave = 1;
            EXPECT(exo_yield(child.id, exo_uarea), 0);
            EXPECT(events, PENDING_DEATH);
            events = 0;
            EXPECT(exo_yield(child.id, exo_uarea), -ESRCH);
        }
        child_end(&child);
        events = 0; /* the end by force is told as well */
        EXPECT(sys_pt_unmap(0, window, 8, 1), 0);
    }
    exhaust(window);
    printf("test: envs ok\n");
    return 0;
}
