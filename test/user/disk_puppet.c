/* SPDX-License-Identifier: MIT */
#include "test/user/disk_puppet.h"

#include "test/user/expect.h"

struct child puppet;

static uint64_t page;
static uint64_t where;

static void
puppet_main(struct uarea *uarea)
{
    volatile struct puppet *p = PUPPET;

    uarea->consent = CONSENT_CAPS | CONSENT_FRAMES;
    for (;;) {
        p->posted = uarea->ring_posted;
        if (p->asked == p->done) {
            (void)exo_yield(p->parent, uarea);
            continue;
        }
        uarea->ring_taken = uarea->ring_posted; /* who looks has the page */
        uarea->batch[0] = p->batch;
        for (unsigned i = 0; i < 4; i++) {
            uarea->batch[1 + i] = p->more[i];
        }
        p->result =
            call_raw(p->number, p->argument[0], p->argument[1], p->argument[2],
                     p->argument[3], p->argument[4], p->argument[5]);
        p->posted = uarea->ring_posted;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        p->done = p->asked;
    }
}

uint64_t
puppet_open(void)
{
    uint64_t harts;

    page = frame_clean(0);
    (void)window_open(page);
    harts = harts_open();
    PUPPET->parent = exo_id;
    return harts;
}

void
puppet_make(uint64_t hart, bool trusted)
{
    PUPPET->asked = PUPPET->done = 0;
    PUPPET->posted = 0;
    where = hart;
    puppet = harts_child(page, puppet_main, hart, 0);
    if (hart != 0) {
        harts_slots(puppet.id, hart, 1);
    }
    EXPECT(puppet_call(CALL_null, 0, 0, 0, 0, 0), 0);
    if (trusted) {
        EXPECT(sys_cap_grant(0, CAP_CHILD, puppet.id, 4, CAP_RIGHTS_ALL), 0);
    }
}

void
puppet_ask(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
           uint64_t a4)
{
    volatile struct puppet *p = PUPPET;

    p->number = number;
    p->argument[0] = a0;
    p->argument[1] = a1;
    p->argument[2] = a2;
    p->argument[3] = a3;
    p->argument[4] = a4;
    p->argument[5] = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    p->asked = p->asked + 1;
}

int64_t
puppet_answer(void)
{
    volatile struct puppet *p = PUPPET;

    while (p->done != p->asked) {
        if (where == 0) {
            EXPECT(exo_yield(puppet.id, exo_uarea), 0);
        }
    }
    return p->result;
}

int64_t
puppet_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
            uint64_t a4)
{
    puppet_ask(number, a0, a1, a2, a3, a4);
    return puppet_answer();
}
