/* SPDX-License-Identifier: MIT */
/*
 * Protected control transfer that takes time: the slice ends inside a call, the
 * callee or the caller is destroyed meanwhile, from this hart or another, the
 * caller gives up, the callee slept or calls onward; and sending, which waits
 * for nothing.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "lib/exo/own.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

/* What a gate is asked to do, in its argument; else it returns three times
   that. */
#define LINGER 1000 /* takes longer than some slices, or while it is held */
#define FOR_EVER 2000
#define ONWARD 3000 /* calls the next one with what is above */
#define GONE (-1000)

struct shared {
    volatile uint64_t opened; /* gates */
    volatile uint64_t begun;  /* calls of them, */
    volatile uint64_t ended;  /* as far as the gate sees */
    volatile uint64_t caller;
    volatile uint64_t argument;
    volatile int64_t late; /* what a return said that came back, */
    volatile int64_t result;
    volatile uint64_t results;
    volatile uint64_t idle; /* times that a callee was about on its own */
    volatile uint64_t spun;
    volatile uint64_t callee;
    volatile uint64_t next; /* of the callee, for ONWARD */
    volatile uint64_t parent;
    volatile uint64_t request;
    volatile uint64_t wrong;
    volatile int64_t cancelled;
    volatile uint64_t give_back; /* the hart to the parent, once awake */
    volatile uint64_t again;     /* how many returns came back */
    volatile uint64_t held;      /* a gate that lingers does not return */
};

#define SHARED_PAGE ((struct shared *)SHARED)

void time_gate(void);
void prologue_patient(void);
void prologue_cancel(void);
void epilogue_call(void);
void time_again(int64_t error);
int64_t time_body(uint64_t argument, uint64_t caller);

/* The gate, below the stack of what it interrupts. A return that fails goes on
   after it. The prologues: one that lets others have its slices while its call
   is out, and one that ends the call. */
__asm__(".text\n"
        ".balign 4\n"
        "time_gate:\n"
        "   li sp, 0x40002800\n"
        "   mv a1, a6\n"
        "   call time_body\n"
        "   li a7, 28\n" /* pct_return */
        "   ecall\n"
        "   li sp, 0x40002800\n"
        "   j time_again\n"
        ".balign 4\n"
        "prologue_patient:\n"
        "   ld a0, 0x138(t0)\n" /* OWN_CALLEE */
        "   beqz a0, 2f\n"
        "1: li a0, 0\n"
        "   li a7, 20\n" /* yield */
        "   ecall\n"
        "   j 1b\n"
        "2: j exo_prologue\n"
        ".balign 4\n"
        "epilogue_call:\n" /* a call, which must fail */
        "   .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, "
        "20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
        "   sd x\\n, 0x610 + \\n*8(t0)\n" /* uarea->save */
        "   .endr\n"
        "   li t2, 0\n"
        "   li a7, 26\n" /* pct_call */
        "   ecall\n"
        "   li a1, 0x40000000\n"
        "   sd a0, 15*8(a1)\n" /* cancelled */
        "1: li a0, 0\n"
        "   li a7, 20\n" /* yield */
        "   ecall\n"
        "   j 1b\n"
        ".balign 4\n"
        "prologue_cancel:\n"
        "   ld a0, 0x138(t0)\n"
        "   beqz a0, 2b\n"
        "   mv s0, t0\n"
        "   li a7, 44\n" /* pct_cancel */
        "   ecall\n"
        "   li a1, 0x40000000\n"
        "   sd a0, 15*8(a1)\n" /* cancelled */
        "   ld t1, 0x100(s0)\n"
        "   sd t1, 0x40(s0)\n" /* on at the return entry, */
        "   sd s0, 0x48(s0)\n"
        "   li t1, 2\n"
        "   sd t1, 0x70(s0)\n" /* masked as it was */
        "   li a0, -1000\n"
        "   li t1, 1\n"
        "   li a7, 1\n" /* resume */
        "   ecall\n");

static inline void
spin(uint64_t milliseconds)
{
    uint64_t end = time_now() + milliseconds * MILLISECOND;

    while (time_now() < end) {
    }
}

__attribute__((used)) int64_t
time_body(uint64_t argument, uint64_t caller)
{
    struct shared *shared = SHARED_PAGE;

    shared->caller = caller;
    shared->argument = argument;
    shared->begun++;
    if (argument >= ONWARD) {
        return exo_call(1, (struct uarea *)CHILD_UAREA, argument - ONWARD) + 1;
    }
    if (argument >= FOR_EVER) {
        for (;;) {
        }
    }
    if (argument >= LINGER) {
        spin(20);
        while (shared->held != 0) {
        }
    }
    shared->ended++;
    return (int64_t)argument * 3;
}

/* On its own: sleeps, and counts. */
static void
idle(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;

    for (;;) {
        (void)exo_sleep(uarea);
        __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);
        shared->idle++;
        while (shared->give_back != 0) {
            (void)exo_yield(shared->parent, uarea);
        }
    }
}

static void
callee(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;

    if (sys_gate_set(CHILD_CAP_OWN, 0, (uint64_t)time_gate) != 0 ||
        sys_gate_set(CHILD_CAP_OWN, 1, GATE_NOTIFY) != 0 ||
        (shared->next != 0 &&
         exo_bind(uarea, CHILD_CAP_OWN, shared->next, 0, 1) != 0)) {
        shared->wrong = __LINE__;
    }
    shared->opened++;
    idle(uarea);
}

/* After a return that failed. */
__attribute__((used)) void
time_again(int64_t error)
{
    SHARED_PAGE->late = error;
    SHARED_PAGE->again++;
    idle((struct uarea *)CHILD_UAREA);
}

/* Counts, so that others' slices end. */
static void
spinner(struct uarea *uarea)
{
    (void)uarea;
    for (;;) {
        SHARED_PAGE->spun++;
    }
}

/* Calls once for each request. */
static void
call_on(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;

    if (exo_bind(uarea, CHILD_CAP_OWN, shared->callee, 0, 0) != 0) {
        shared->wrong = __LINE__;
    }
    for (;;) {
        uint64_t argument = shared->request;

        if (argument != 0) {
            int64_t result = -EBUSY;

            shared->request = 0;
            while (result == -EBUSY) { /* a slice of the callee's has ended */
                result = exo_call(0, uarea, argument);
            }
            shared->result = result;
            shared->results++;
        }
    }
}

static void
caller(struct uarea *uarea)
{
    call_on(uarea);
}

static void
caller_patient(struct uarea *uarea)
{
    uarea->entry_prologue = (uint64_t)prologue_patient;
    call_on(uarea);
}

static void
caller_cancel(struct uarea *uarea)
{
    uarea->entry_prologue = (uint64_t)prologue_cancel;
    call_on(uarea);
}

/* Gives what is left of its grace to another, if it can. */
static void
caller_late(struct uarea *uarea)
{
    struct shared *shared = SHARED_PAGE;

    if (exo_bind(uarea, CHILD_CAP_OWN, shared->callee, 0, 0) != 0) {
        shared->wrong = __LINE__;
    }
    /* Volatile: nothing that the compiler sees reads it. */
    *(volatile uint64_t *)&uarea->entry_epilogue = (uint64_t)epilogue_call;
    for (;;) {
        shared->results++;
    }
}

static uint64_t page;

/* A callee on a hart, with its gate open, that has a slot of each eight. */
static struct child
callee_make(uint64_t hart, uint64_t eighth)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t before = shared->opened;
    struct child child = harts_child(page, callee, hart, 1);

    harts_slots(child.id, hart, eighth);
    harts_wait_for(&shared->opened, before + 1);
    EXPECT(shared->opened, before + 1);
    EXPECT(shared->wrong, 0);
    return child;
}

/* A caller of that, which has begun a call. */
static struct child
caller_make(void (*run)(struct uarea *uarea), const struct child *callee_of,
            uint64_t hart, uint64_t request)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t before = shared->begun;
    struct child child;

    shared->callee = callee_of->id;
    shared->request = request;
    child = harts_child(page, run, hart, 0);
    harts_slots(child.id, hart, 2);
    harts_wait_for(&shared->begun, before + 1);
    EXPECT(shared->begun, before + 1);
    EXPECT(shared->caller, child.id);
    EXPECT(shared->wrong, 0);
    return child;
}

/* Calls an env of this hart, or sends to it. If one of its own slices has ended
   while it was on its way to sleep, it is busy until it has gone on. */
static int64_t
transfer(int64_t (*how)(uint64_t binding, struct uarea *uarea,
                        uint64_t argument),
         const struct child *to, uint64_t argument)
{
    uint64_t end = time_now() + 10000 * MILLISECOND;
    int64_t result = how(0, exo_uarea, argument);

    while (result == -EBUSY && time_now() < end) {
        EXPECT(exo_yield(to->id, exo_uarea), 0);
        result = how(0, exo_uarea, argument);
    }
    return result;
}

/* The same for a call that goes onward; what it returns has 1 added. */
static int64_t
onward(const struct child *first, const struct child *last, uint64_t argument)
{
    uint64_t end = time_now() + 10000 * MILLISECOND;
    int64_t result = transfer(exo_call, first, ONWARD + argument);

    while (result == -EBUSY + 1 && time_now() < end) {
        EXPECT(exo_yield(last->id, exo_uarea), 0);
        result = transfer(exo_call, first, ONWARD + argument);
    }
    return result;
}

/* Slices end inside a call, also inside an onward one: the caller gives its own
   to the callee, which has none. */
static void
slices(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child other = harts_child(page, spinner, 0, 0);
    struct child last = callee_make(0, 3);
    struct child first;
    uint64_t before;

    shared->next = last.id;
    first = callee_make(0, 4);
    shared->next = 0;
    harts_slots_take(last.id, 0, 3);
    harts_slots_take(first.id, 0, 4);
    harts_slots(other.id, 0, 5);
    before = shared->spun;
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, first.id, 0, 0), 0);
    for (uint64_t i = 0; i < 5; i++) {
        EXPECT(transfer(exo_call, &first, LINGER + i), 3 * (LINGER + i));
        EXPECT(shared->caller, exo_id);
        EXPECT(onward(&first, &last, LINGER + i), 3 * (LINGER + i) + 1);
        EXPECT(shared->caller, first.id);
    }
    EXPECT(shared->spun > before + 1000, 1);
    child_end(&last);
    EXPECT(transfer(exo_call, &first, ONWARD + 1), -ESRCH + 1);
    child_end(&first);
    child_end(&other);
}

/* Sending: the gate runs in our slice, and has nobody to return to. */
static void
send(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child to = callee_make(0, 3);

    EXPECT(exo_send(0, exo_uarea, 5), -ESRCH);
    EXPECT(exo_send(16, exo_uarea, 5), -EINVAL);
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, to.id, 0, 0), 0);
    for (uint64_t i = 1; i <= 100; i++) {
        uint64_t before = shared->ended;
        uint64_t again = shared->again;

        shared->late = 0;
        EXPECT(transfer(exo_send, &to, i), 0);
        harts_wait_for(&shared->again, again + 1);
        EXPECT(shared->again, again + 1);
        EXPECT(shared->ended, before + 1);
        EXPECT(shared->argument, i);
        EXPECT(shared->caller, exo_id);
        EXPECT(shared->late, -EINVAL);
        /* It is in no call, so it can be called. */
        EXPECT(transfer(exo_call, &to, i), 3 * i);
    }
    child_end(&to);
}

/* Calls or notifies a callee, without a slot of our own; whether it was about
   on its own then. */
static bool
wake(bool call)
{
    struct shared *shared = SHARED_PAGE;
    uint64_t before = shared->idle;
    uint64_t end = time_now() + 500 * MILLISECOND;

    harts_slots_take(exo_id, 0, 0);
    shared->give_back = 1;
    if (call) {
        int64_t result = exo_call(0, exo_uarea, 7);

        EXPECT(result == 21 || result == -EBUSY, 1);
    } else {
        EXPECT(sys_notify(1, 0), 0);
    }
    while (shared->idle == before && time_now() < end) {
    }
    EXPECT(shared->idle <= before + 1, 1);
    harts_slots(exo_id, 0, 0);
    shared->give_back = 0;
    return shared->idle == before + 1;
}

/* Asleep, and called, or notified, by one without a slot: it is awake then and
   gets its own slices, though nobody here had set the timer for any. */
static void
woken(void)
{
    struct child to = callee_make(0, 3);

    EXPECT(exo_bind(exo_uarea, CAP_CHILD, to.id, 0, 0), 0);
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, to.id, 1, 1), 0);
    for (int i = 0; i < 20; i++) {
        bool awake = false;

        /* If the host stopped it for long it was not asleep yet, and a call
           has nothing to wake. */
        for (unsigned tries = 0; tries < 3 && !awake; tries++) {
            harts_wait(20);
            awake = wake(i % 2 != 0);
        }
        EXPECT(awake, 1);
    }
    child_end(&to);
}

/* Asleep, and notified: from this hart, or from another. */
static void
notified(uint64_t hart)
{
    struct shared *shared = SHARED_PAGE;
    struct child to = callee_make(hart, 3);

    EXPECT(exo_bind(exo_uarea, CAP_CHILD, to.id, 1, 1), 0);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t before;

        harts_wait(20);
        before = shared->idle;
        EXPECT(sys_notify(1, hart), 0);
        harts_wait_for(&shared->idle, before + 1);
        EXPECT(shared->idle, before + 1);
    }
    child_end(&to);
}

/* The callee is destroyed while its caller waits: by another on this hart, and
   from another hart, when the caller has no slots any more. */
static void
callee_dies(uint64_t hart)
{
    struct shared *shared = SHARED_PAGE;
    struct child to = callee_make(hart, 3);
    uint64_t before = shared->results;
    struct child by =
        caller_make(hart == 0 ? caller_patient : caller, &to, hart, FOR_EVER);

    if (hart != 0) {
        harts_slots_take(by.id, hart, 2);
    } else {
        EXPECT(sys_pct_cancel(to.id), -EINVAL); /* its call is not ours */
    }
    harts_wait(20);
    EXPECT(shared->results, before);
    child_end(&to);
    harts_wait_for(&shared->results, before + 1);
    EXPECT(shared->results, before + 1);
    EXPECT(shared->result, -EDIED);
    child_end(&by);
}

/* The caller is destroyed: the return becomes a yield, and the callee can be
   called by others. */
static void
caller_dies(uint64_t hart)
{
    struct shared *shared = SHARED_PAGE;
    struct child to = callee_make(hart, 3);
    uint64_t before = shared->ended;
    uint64_t results = shared->results;
    uint64_t idle_before = shared->idle;
    struct child by;

    shared->held = 1; /* however long it takes until we look again */
    by = caller_make(caller, &to, hart, LINGER);
    child_end(&by);
    shared->held = 0;
    harts_wait_for(&shared->ended, before + 1);
    harts_wait_for(&shared->idle, idle_before + 1);
    EXPECT(shared->ended, before + 1);
    EXPECT(shared->idle > idle_before, 1);
    EXPECT(shared->results, results);
    EXPECT(shared->late, 0);
    by = caller_make(caller, &to, hart, 9);
    harts_wait_for(&shared->results, results + 1);
    EXPECT(shared->result, 27);
    child_end(&by);
    child_end(&to);
}

/* A caller that gives up goes on, and the return that comes later fails. */
static void
cancel(uint64_t hart)
{
    struct shared *shared = SHARED_PAGE;
    struct child to = callee_make(hart, 3);
    uint64_t results = shared->results;
    uint64_t again = shared->again;
    struct child by;
    uint64_t end;

    EXPECT(sys_pct_cancel(exo_id + 1), -ESRCH);
    EXPECT(sys_pct_cancel(~0UL), -ESRCH);
    EXPECT(sys_pct_cancel(to.id), hart == 0 ? -EINVAL : -ESRCH);
    shared->late = 0;
    shared->cancelled = 1;
    by = caller_make(caller_cancel, &to, hart, LINGER);
    harts_wait_for(&shared->results, ++results);
    /* If the host stopped us for as long as the call took, there was no slice
       in which to give up. */
    for (unsigned i = 0; i < 20 && shared->result == 3 * LINGER; i++) {
        shared->request = LINGER;
        harts_wait_for(&shared->results, ++results);
    }
    EXPECT(shared->cancelled, 0);
    EXPECT(shared->result, GONE);
    harts_wait_for(&shared->again, again + 1);
    EXPECT(shared->late, -EINVAL);
    EXPECT(shared->results, results);
    end = time_now() + 10000 * MILLISECOND;
    do { /* another call, unless it is given up as well */
        results = shared->results;
        shared->request = 5;
        harts_wait_for(&shared->results, results + 1);
    } while (shared->result == GONE && time_now() < end);
    EXPECT(shared->result, 15);
    shared->late = 0;
    child_end(&by);
    child_end(&to);
}

/* An epilogue's time is nobody else's. */
static void
late(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child to = callee_make(0, 3);
    struct child by;

    shared->callee = to.id;
    shared->cancelled = 1;
    by = harts_child(page, caller_late, 0, 0);
    harts_slots(by.id, 0, 2);
    /* The host may have stopped us in the first for longer than the grace. */
    for (unsigned i = 0; i < 50 && shared->cancelled == 1; i++) {
        harts_wait(20);
    }
    EXPECT(shared->wrong, 0);
    EXPECT(shared->cancelled, -EBUSY);
    child_end(&by);
    child_end(&to);
}

int
main(void)
{
    struct shared *shared;
    uint64_t harts;

    page = frame_clean(0);
    (void)window_open(page);
    shared = SHARED_PAGE;
    shared->parent = exo_id;
    harts = harts_open();
    slices();
    send();
    shared->late = 0;
    woken();
    if (harts == 1) { /* in time that no load of the host disturbs */
        late();
    }
    for (uint64_t hart = 0; hart < harts; hart++) {
        notified(hart);
        callee_dies(hart);
        caller_dies(hart);
        cancel(hart);
    }
    printf("test: pct_time ok: %lu harts\n", harts);
    return 0;
}
