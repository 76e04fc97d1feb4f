/* SPDX-License-Identifier: MIT */
/*
 * Processor time: two envs that never yield share a hart by their slots, in
 * proportion, and find all registers as they were; one that cannot be upcalled
 * is saved by force and not charged; one whose epilogue takes too long is
 * charged, forfeits, and is ended at last; sleepers' slots are lent, and alarms
 * wake.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

struct shared {
    volatile uint64_t count[2];
    volatile uint64_t wrong;
    volatile uint64_t excess;
    volatile uint64_t woken;
    volatile uint64_t taken;
};

#define SHARED_PAGE ((struct shared *)SHARED)

/* Counts in shared word a0 for ever, and in word 2 how often a register was not
   what it was. */
void spin_registers(uint64_t index);
__asm__(".text\n"
        ".balign 4\n"
        "spin_registers:\n"
        "   slli a0, a0, 3\n"
        "   li a1, 0x40000000\n"
        "   add a0, a0, a1\n"
        "   .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, "
        "20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"
        "   li x\\n, 0x1357 * \\n\n"
        "   .endr\n"
        "1: ld x31, 0(a0)\n"
        "   addi x31, x31, 1\n"
        "   sd x31, 0(a0)\n"
        "   .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, "
        "20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"
        "   li x31, 0x1357 * \\n\n"
        "   bne x31, x\\n, 2f\n"
        "   .endr\n"
        "   j 1b\n"
        "2: li x31, 1\n"
        "   sd x31, 16(a1)\n"
        "   j 2b\n");

static void
spin_first(struct uarea *uarea)
{
    (void)uarea;
    spin_registers(0);
}

static void
spin_second(struct uarea *uarea)
{
    (void)uarea;
    spin_registers(1);
}

/* Cannot be upcalled: masked, as in a handler. */
static void
spin_masked(struct uarea *uarea)
{
    uarea->masked = MASKED_INTERRUPT;
    spin_registers(0);
}

static void
spin_without(struct uarea *uarea)
{
    uarea->entry_epilogue = 0;
    spin_registers(0);
}

/* An epilogue that takes longer than the grace, and then does its work. */
void epilogue_slow(void);
__asm__(".text\n"
        ".balign 4\n"
        "epilogue_slow:\n"
        "   rdtime t1\n"
        "   sd t1, 0x1f8(t0)\n" /* uarea->own[25] */
        "1: rdtime t1\n"
        "   ld a7, 0x1f8(t0)\n"
        "   sub t1, t1, a7\n"
        "   li a7, 5000\n"
        "   bltu t1, a7, 1b\n"
        "   lw t1, 0x114(t0)\n" /* uarea->excess */
        "   li a7, 0x40000000\n"
        "   sd t1, 24(a7)\n"
        "   j exo_epilogue\n");

/* An epilogue of which each sixth is slow. */
void epilogue_sixth(void);
__asm__(".text\n"
        ".balign 4\n"
        "epilogue_sixth:\n"
        "   ld t1, 0x1f0(t0)\n" /* uarea->own[24] */
        "   addi t1, t1, 1\n"
        "   sd t1, 0x1f0(t0)\n"
        "   li a7, 6\n"
        "   remu t1, t1, a7\n"
        "   beqz t1, epilogue_slow\n"
        "   j exo_epilogue\n");

static void
spin_sixth(struct uarea *uarea)
{
    uarea->entry_epilogue = (uint64_t)epilogue_sixth;
    spin_registers(0);
}

static void
spin_slow(struct uarea *uarea)
{
    uarea->entry_epilogue = (uint64_t)epilogue_slow;
    spin_registers(0);
}

static inline uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

/* An epilogue that sets an alarm, which is none of its overrun. */
void epilogue_alarm(void);
__asm__(".text\n"
        ".balign 4\n"
        "epilogue_alarm:\n"
        "   .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, "
        "20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
        "   sd x\\n, 0x610 + \\n*8(t0)\n"
        "   .endr\n"
        "   mv s0, t0\n"
        "   ld a0, 0x1f8(t0)\n" /* uarea->own[25]: earlier each time */
        "   addi a0, a0, -1\n"
        "   sd a0, 0x1f8(t0)\n"
        "   li a7, 39\n" /* alarm */
        "   ecall\n"
        "   lw t1, 0x114(s0)\n" /* uarea->excess */
        "   li a7, 0x40000000\n"
        "   sd t1, 24(a7)\n"
        "1: li a0, 0\n"
        "   li a7, 20\n" /* yield */
        "   ecall\n"
        "   j 1b\n");

static void
spin_alarm(struct uarea *uarea)
{
    uarea->entry_epilogue = (uint64_t)epilogue_alarm;
    uarea->own[25] = time_now() + 100000000; /* it is never due */
    spin_registers(0);
}

/* A prologue that takes longer than some slices, and is begun again then. Saved
   by force is only what it has not yet taken up. */
void prologue_slow(void);
__asm__(".text\n"
        ".balign 4\n"
        "prologue_slow:\n"
        "   rdtime t1\n"
        "   andi a0, t1, 7\n"
        "   slli a0, a0, 13\n" /* up to 5.7 ms */
        "   add a0, a0, t1\n"
        "1: rdtime t1\n"
        "   bltu t1, a0, 1b\n"
        "   j exo_prologue\n");

static void
spin_prologue(struct uarea *uarea)
{
    uarea->entry_prologue = (uint64_t)prologue_slow;
    SHARED_PAGE->woken++;
    spin_masked(uarea);
}

/* Sleeps till its alarm, again and again. */
static void
sleeper(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t now;

    uarea->masked = MASKED_INTERRUPT;
    for (;;) {
        __asm__ volatile("rdtime %0" : "=r"(now));
        if (sys_alarm(now + 20000, shared->woken) != 0) {
            shared->wrong = 1;
        }
        (void)exo_sleep(uarea);
        while (uarea->ring_taken != uarea->ring_posted) {
            const struct ring_entry *entry =
                &uarea->ring[uarea->ring_taken % UAREA_RING_ENTRIES];

            if (entry->cookie != shared->woken || entry->value < now + 20000) {
                shared->wrong = 1;
            }
            uarea->ring_taken++;
            shared->taken++;
        }
        if (__atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE) !=
            PENDING_COMPLETION) {
            shared->wrong = 1;
        }
        shared->woken++;
    }
}

/* Lets the others run for so many milliseconds. */
static void
wait(uint64_t milliseconds)
{
    uint64_t end = time_now() + milliseconds * 10000;

    exo_uarea->masked = MASKED_INTERRUPT;
    while (time_now() < end) {
        EXPECT(sys_alarm(end, 1), 0);
        (void)exo_sleep(exo_uarea);
        exo_uarea->ring_taken = exo_uarea->ring_posted;
        __atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE);
    }
    exo_uarea->masked = 0;
}

/* Of each eight slots those of `first` to `last`. This program has the first of
   each eight, and sleeps mostly: then it is lent to who has the second. */
static void
slots_take(uint64_t env, uint64_t first, uint64_t last)
{
    for (uint64_t slot = 0; slot < 1024; slot++) {
        if (slot % 8 >= first && slot % 8 <= last) {
            EXPECT(sys_slot_alloc(0, env, 0, slot), 0);
        }
    }
}

static uint64_t page;

static void
share(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child first = child_make(page, spin_first);
    struct child second = child_make(page, spin_second);

    shared->count[0] = shared->count[1] = shared->wrong = 0;
    slots_take(first.id, 1, 5);
    slots_take(second.id, 6, 7);
    wait(300);
    printf("slots: three to one: %lu to %lu\n", shared->count[0],
           shared->count[1]);
    EXPECT(shared->wrong, 0);
    EXPECT(shared->count[0] > 2 * shared->count[1], 1);
    EXPECT(shared->count[0] < 5 * shared->count[1], 1);
    EXPECT(sys_slot_alloc(0, second.id, 0, 1), -EBUSY);
    EXPECT(sys_slot_free(0, second.id, 0, 1), -EPERM);
    child_end(&first);
    EXPECT(sys_slot_free(0, second.id, 0, 7), 0);
    EXPECT(sys_slot_alloc(0, second.id, 0, 7), 0);
    child_end(&second);
    EXPECT(sys_slot_alloc(0, second.id, 0, 7), -ESRCH);
}

/* Beside one that is saved by force, the other gets its share all the same. */
static void
force(void (*run)(struct uarea *uarea))
{
    struct shared *shared = SHARED_PAGE;
    struct child forced = child_make(page, run);
    struct child other = child_make(page, spin_second);

    shared->count[0] = shared->count[1] = shared->wrong = 0;
    slots_take(forced.id, 1, 3);
    slots_take(other.id, 4, 7);
    wait(200);
    printf("slots: by force: %lu to %lu\n", shared->count[0], shared->count[1]);
    EXPECT(shared->wrong, 0);
    EXPECT(shared->count[0] > shared->count[1] / 2, 1);
    EXPECT(shared->count[1] > shared->count[0] / 2, 1);
    child_end(&forced);
    child_end(&other);
}

/* A slice that ends inside a prologue loses nothing that is saved. */
static void
prologues(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child slow = child_make(page, spin_prologue);
    struct child other = child_make(page, spin_second);

    shared->count[0] = shared->count[1] = shared->wrong = shared->woken = 0;
    slots_take(slow.id, 1, 3);
    slots_take(other.id, 4, 7);
    wait(300);
    printf("slots: slow prologues: %lu to %lu\n", shared->count[0],
           shared->count[1]);
    EXPECT(shared->wrong, 0);
    EXPECT(shared->count[0] > 0, 1);
    EXPECT(shared->woken, 1); /* it did not begin anew */
    child_end(&slow);
    child_end(&other);
}

/* Slots are charged to an account, and what ends gives them back. */
static void
limit(void)
{
    for (unsigned round = 0; round < 2; round++) {
        struct child child;

        child_account = (uint64_t)sys_account_carve(40, 3);
        EXPECT((int64_t)child_account > 0, 1);
        child = child_make(page, spin_second);
        for (uint64_t slot = 1; slot <= 3; slot++) {
            EXPECT(sys_slot_alloc(0, child.id, 0, slot), 0);
        }
        EXPECT(sys_slot_alloc(0, child.id, 0, 4), -EDQUOT);
        EXPECT(sys_slot_free(0, child.id, 0, 2), 0);
        EXPECT(sys_slot_alloc(0, child.id, 0, 4), 0);
        EXPECT(sys_slot_alloc(0, child.id, 0, 2), -EDQUOT);
        child_end(&child);
        /* It went back to ours when the last in it had ended. */
        EXPECT(sys_account_close(child_account), -EPERM);
    }
    child_account = 0;
}

/* Who has an event does not sleep. */
static void
sleepless(void)
{
    uint64_t before = time_now();

    exo_uarea->masked = MASKED_INTERRUPT;
    EXPECT(sys_alarm(before + 1000000, 1), 0);
    exo_uarea->pending = PENDING_NOTIFY;
    EXPECT(exo_sleep(exo_uarea), 0);
    EXPECT(exo_uarea->pending, PENDING_NOTIFY);
    exo_uarea->pending = 0;
    EXPECT(sys_alarm(~0UL, 0), 0);
    exo_uarea->masked = 0;
}

static void
overrun(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child slow = child_make(page, spin_slow);
    struct child other = child_make(page, spin_second);

    shared->count[0] = shared->count[1] = shared->wrong = shared->excess = 0;
    slots_take(slow.id, 1, 3);
    slots_take(other.id, 4, 7);
    wait(100);
    printf("slots: charged: %lu to %lu, excess %lu\n", shared->count[0],
           shared->count[1], shared->excess);
    EXPECT(shared->wrong, 0);
    EXPECT(shared->excess > 1, 1);
    /* It pays with one of its three slots each time that they have passed. */
    EXPECT(shared->count[0] * 4 < shared->count[1] * 3, 1);
    wait(1500);
    EXPECT(sys_slot_alloc(0, slow.id, 0, 1), -ESRCH); /* it was ended */
    child_end(&slow);
    child_end(&other);
}

/* As one whose hart stops now and then: twenty times in a second, of which it
   is forgiven more. */
static void
overrun_seldom(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child late = child_make(page, spin_sixth);
    struct child other = child_make(page, spin_second);

    shared->excess = 0;
    slots_take(late.id, 1, 6);
    slots_take(other.id, 7, 7);
    wait(4500);
    printf("slots: overruns forgiven: excess %lu\n", shared->excess);
    EXPECT(shared->excess > 0, 1);
    EXPECT(sys_slot_free(0, late.id, 0, 1), 0); /* it lives */
    child_end(&late);
    child_end(&other);
}

static void
alarm_late(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child late = child_make(page, spin_alarm);
    struct child other = child_make(page, spin_second);
    uint64_t end = time_now() + 2000000; /* 200 ms */

    shared->count[0] = shared->count[1] = shared->wrong = shared->excess = 0;
    slots_take(late.id, 1, 3);
    slots_take(other.id, 4, 7);
    while (time_now() < end) { /* sleeping takes an alarm, an earlier one */
    }
    printf("slots: alarms in epilogues: %lu to %lu, excess %lu\n",
           shared->count[0], shared->count[1], shared->excess);
    EXPECT(shared->wrong, 0);
    EXPECT(shared->excess < 4, 1); /* the host may stop us just there */
    child_end(&late);
    child_end(&other);
}

static void
sleepers(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child asleep = child_make(page, sleeper);
    struct child other = child_make(page, spin_second);

    shared->count[0] = shared->count[1] = shared->wrong = 0;
    shared->woken = shared->taken = 0;
    slots_take(asleep.id, 1, 6);
    EXPECT(sys_slot_alloc(0, other.id, 0, 7), 0); /* the rest is lent */
    wait(200);
    printf("slots: woken %lu times, %lu lent\n", shared->woken,
           shared->count[1]);
    EXPECT(shared->wrong, 0);
    EXPECT(shared->woken > 20 && shared->woken <= 105, 1);
    EXPECT(shared->taken, shared->woken);
    EXPECT(shared->count[1] > 100000, 1);
    child_end(&asleep);
    child_end(&other);
}

int
main(void)
{
    page = frame_clean(0);
    (void)window_open(page);
    EXPECT(sys_slot_alloc(0, exo_id, 0, 1024), -EINVAL);
    EXPECT(sys_slot_alloc(0, exo_id, 8, 1), -EINVAL);
    EXPECT(sys_slot_alloc(0, exo_id + 1, 0, 1), -ESRCH);
    EXPECT(sys_slot_alloc(0, exo_id, 0, 0), 0);
    EXPECT(sys_slot_alloc(0, exo_id, 0, 0), -EBUSY);
    for (uint64_t slot = 8; slot < 1024; slot += 8) {
        EXPECT(sys_slot_alloc(0, exo_id, 0, slot), 0);
    }
    EXPECT(sys_alarm(~0UL, 0), 0);
    sleepless();
    limit();
    share();
    prologues();
    force(spin_masked);
    force(spin_without);
    overrun();
    overrun_seldom();
    alarm_late();
    sleepers();
    printf("test: slots ok\n");
    return 0;
}
