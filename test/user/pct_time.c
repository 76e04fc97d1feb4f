/* SPDX-License-Identifier: MIT */
/*
 * Protected control transfer that takes time: the slice ends inside a call, the
 * callee or the caller is destroyed meanwhile, from this hart or another, the
 * caller gives up, the callee slept or calls onward; and sending, which waits
 * for nothing.
 *
 * With two harts the host may stop either for longer than a slice, at any
 * instruction. So a callee may be found with something masked, its slice having
 * ended before it slept: such calls are made again.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/exo/own.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

/* What a gate is asked to do, in its argument; else it returns three times
   that. */
#define LINGER 1000 /* takes longer than some slices */
#define UNTIL 1500  /* takes till shared->go */
#define FOR_EVER 2000
#define ONWARD 3000 /* calls the next one with what is above */
#define GONE (-1000)

struct shared {
    volatile uint64_t opened; /* gates */
    volatile uint64_t begun;  /* calls of them, */
    volatile uint64_t ended;  /* as far as the gate sees */
    volatile uint64_t caller;
    volatile uint64_t argument;
    volatile int64_t late; /* what a return said that came back */
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
    volatile uint64_t drowsy;    /* the callee sleeps, or will at once */
    volatile uint64_t go;        /* for UNTIL */
};

#define SHARED_PAGE ((struct shared *)SHARED)

_Static_assert(offsetof(struct shared, cancelled) == 15 * 8UL &&
                   NUMBER_pct_cancel == 44,
               "pct_time.S has other numbers");

/* In pct_time.S. */
void time_gate(void);
void prologue_patient(void);
void prologue_cancel(void);
void epilogue_call(void);
/* For it. */
void time_again(int64_t error);
int64_t time_body(uint64_t argument, uint64_t caller);

static inline void
spin(uint64_t milliseconds)
{
    uint64_t end = time_now() + milliseconds * MILLISECOND;

    while (time_now() < end) {
    }
}

int64_t
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
    if (argument >= UNTIL) {
        while (shared->go == 0) {
        }
    } else if (argument >= LINGER) {
        spin(20);
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
        shared->drowsy = 1;
        (void)exo_sleep(uarea);
        __atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);
        shared->drowsy = 0;
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
    shared->drowsy = 0;
    shared->opened++;
    idle(uarea);
}

/* After a return that failed. */
void
time_again(int64_t error)
{
    SHARED_PAGE->late = error;
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
            int64_t result;

            shared->request = 0;
            do { /* the callee has slots of its own: it will get there */
                result = exo_call(0, uarea, argument);
            } while (result == -EBUSY);
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
static uint64_t harts;

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

/* A call of ours by binding 0, or what sends if that is asked for. To a callee
   with something masked we give the hart, till it sleeps. */
static int64_t
call_surely(const struct child *to, bool sends, uint64_t argument)
{
    uint64_t end = time_now() + 10000 * MILLISECOND;
    int64_t result;

    for (;;) {
        result = sends ? exo_send(0, exo_uarea, argument)
                       : exo_call(0, exo_uarea, argument);
        if (result != -EBUSY || time_now() > end) {
            return result;
        }
        EXPECT(exo_yield(to->id, exo_uarea), 0);
    }
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
    /* Without slots, they are never masked again. */
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, last.id, 0, 0), 0);
    EXPECT(call_surely(&last, false, 1), 3);
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, first.id, 0, 0), 0);
    EXPECT(call_surely(&first, false, 1), 3);
    for (uint64_t i = 0; i < 5; i++) {
        EXPECT(exo_call(0, exo_uarea, LINGER + i), 3 * (LINGER + i));
        EXPECT(shared->caller, exo_id);
        EXPECT(exo_call(0, exo_uarea, ONWARD + LINGER + i),
               3 * (LINGER + i) + 1);
        EXPECT(shared->caller, first.id);
    }
    EXPECT(shared->spun > before + 1000, 1);
    child_end(&last);
    EXPECT(exo_call(0, exo_uarea, ONWARD + 1), -ESRCH + 1);
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

        shared->late = 0;
        EXPECT(call_surely(&to, true, i), 0);
        harts_wait_for((volatile uint64_t *)&shared->late, 1);
        EXPECT(shared->ended, before + 1);
        EXPECT(shared->argument, i);
        EXPECT(shared->caller, exo_id);
        EXPECT(shared->late, -EINVAL);
        /* It is in no call, so it can be called. */
        EXPECT(call_surely(&to, false, i), 3 * i);
    }
    child_end(&to);
}

/* Asleep, and called, or notified, by one without a slot: it is awake then and
   gets its own slices, though nobody here had set the timer for any. */
static void
woken(void)
{
    struct shared *shared = SHARED_PAGE;
    struct child to = callee_make(0, 3);

    EXPECT(exo_bind(exo_uarea, CAP_CHILD, to.id, 0, 0), 0);
    EXPECT(exo_bind(exo_uarea, CAP_CHILD, to.id, 1, 1), 0);
    for (unsigned i = 0; i < 20; i++) {
        int64_t result = -EBUSY;
        uint64_t before, end;

        harts_wait_for(&shared->drowsy, 1);
        before = shared->idle;
        end = time_now() + 10000 * MILLISECOND;
        while (result == -EBUSY && time_now() < end) {
            harts_wait(20); /* it sleeps again; perhaps */
            harts_slots_take(exo_id, 0, 0);
            shared->give_back = 1;
            result = i % 2 ? exo_call(0, exo_uarea, 7) : sys_notify(1, 0);
            if (result == -EBUSY) {
                shared->give_back = 0;
                harts_slots(exo_id, 0, 0);
            }
        }
        EXPECT(result, i % 2 ? 21 : 0);
        while (shared->idle == before && time_now() < end) {
        }
        EXPECT(shared->idle, before + 1);
        harts_slots(exo_id, 0, 0);
        shared->give_back = 0;
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

/* How often an env has overrun its slices. */
static uint64_t
excess_of(const struct child *child)
{
    const struct uarea *uarea = exo_map_borrow(CAP_CHILD, child->uarea);
    uint64_t excess;

    EXPECT(uarea != NULL, 1);
    excess = uarea->excess;
    exo_map_return();
    exo_map_forget();
    return excess;
}

/* The callee is destroyed while its caller waits: by another on this hart, and
   from another hart, when the caller has no slots any more. Then it is told
   only if the callee had the hart, which one that pays a forfeit has not:
   whether it was told. */
static bool
callee_dies(uint64_t hart)
{
    struct shared *shared = SHARED_PAGE;
    struct child to = callee_make(hart, 3);
    uint64_t before = shared->results;
    struct child by =
        caller_make(hart == 0 ? caller_patient : caller, &to, hart, FOR_EVER);
    uint64_t excess;

    if (hart != 0) {
        harts_slots_take(by.id, hart, 2);
    } else {
        EXPECT(sys_pct_cancel(to.id), -EINVAL); /* its call is not ours */
    }
    harts_wait(20);
    EXPECT(shared->results, before);
    excess = excess_of(&to);
    child_end(&to);
    harts_wait_for(&shared->results, before + 1);
    if (hart != 0 && excess != 0 && shared->results == before) {
        child_end(&by);
        return false;
    }
    EXPECT(shared->results, before + 1);
    EXPECT(shared->result, -EDIED);
    child_end(&by);
    return true;
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

    shared->go = 0;
    by = caller_make(caller, &to, hart, UNTIL);
    child_end(&by);
    shared->late = 0;
    shared->go = 1;
    harts_wait_for(&shared->ended, before + 1);
    EXPECT(shared->ended, before + 1);
    for (unsigned i = 0;
         i < 1000 && shared->idle == idle_before && shared->late == 0; i++) {
        harts_wait(5);
    }
    /* One that pays a forfeit, with nobody else about, has none to yield to. */
    EXPECT(shared->late == 0 || (shared->late == -ESRCH && excess_of(&to) > 0),
           1);
    EXPECT(shared->idle > idle_before || shared->late != 0, 1);
    EXPECT(shared->results, results);
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
    uint64_t open = shared->begun - shared->ended; /* that never end */
    struct child by;

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
    /* If its slice ended when that was done, it has been done again. */
    EXPECT(shared->cancelled == 0 ||
               (harts > 1 && shared->cancelled == -EINVAL),
           1);
    EXPECT(shared->result, GONE);
    harts_wait_for(&shared->ended, shared->begun - open);
    harts_wait_for((volatile uint64_t *)&shared->late, 1);
    EXPECT(shared->late, -EINVAL);
    EXPECT(shared->results, results);
    do { /* another call, unless it is given up as well */
        results = shared->results;
        shared->request = 5;
        harts_wait_for(&shared->results, results + 1);
    } while (shared->result == GONE);
    EXPECT(shared->result, 15);
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
        for (unsigned i = 0; !callee_dies(hart); i++) {
            EXPECT(i < 3, 1);
        }
        caller_dies(hart);
        cancel(hart);
    }
    printf("test: pct_time ok: %lu harts\n", harts);
    return 0;
}
