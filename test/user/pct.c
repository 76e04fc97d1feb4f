/* SPDX-License-Identifier: MIT */
/*
 * Protected control transfer: arguments and result pass in registers, the
 * callee learns who called, and every way in which a call cannot be made is an
 * error: no binding, a gate set anew, a callee that is in a call, masked, or
 * gone. A callee that dies in a call sends the caller back with -EDIED.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

#define READ_CAP 3
#define DIE 66666
#define AGAIN 77777

struct shared {
    volatile uint64_t parent;
    volatile uint64_t caller; /* as the gate saw it */
    volatile uint64_t argument;
    volatile int64_t set;
    volatile int64_t early_return;
    volatile uint32_t mask; /* what the child masks while it is away */
    volatile uint64_t self; /* not 0: call your own gate, and die in it */
    volatile uint64_t undead;
    volatile uint64_t child;
};

/* The child's gate: C, on the child's own stack; a6 becomes an argument. */
void child_gate(void);
__asm__(".text\n"
        ".balign 4\n"
        "child_gate:\n"
        "   li sp, 0x40003000\n"
        "   mv a1, a6\n"
        "   call gate_body\n"
        "   li a7, 28\n" /* pct_return */
        "   ecall\n"
        "   ebreak\n");

/* A call that masks nothing, and has saved nothing: not to return. What is
   behind it is an error. */
static int64_t
call_self(uint64_t binding, uint64_t argument)
{
    register uint64_t t2 __asm__("t2") = binding;
    register uint64_t a0 __asm__("a0") = argument;
    register uint64_t a7 __asm__("a7") = CALL_PCT_CALL;

    __asm__ volatile("ecall" : "+r"(t2), "+r"(a0), "+r"(a7)::"t0", "memory");
    return (int64_t)a0;
}

uint64_t gate_body(uint64_t argument, uint64_t caller);
__attribute__((used)) uint64_t
gate_body(uint64_t argument, uint64_t caller)
{
    struct shared *shared = (struct shared *)SHARED;

    shared->caller = caller;
    shared->argument = argument;
    if (argument == DIE) {
        __asm__ volatile("ebreak");
    }
    if (argument == AGAIN) { /* it is in a call */
        (void)sys_gate_bind(CHILD_CAP_OWN, shared->child, 0, 3);
        return (uint64_t)call_self(3, 1);
    }
    return argument * 3;
}

/* The parent's own gate: calls itself again, which must be refused, and returns
   what that said. */
void parent_gate(void);
__asm__(".text\n"
        ".balign 4\n"
        "parent_gate:\n"
        "   li t2, 7\n"
        "   li a7, 26\n" /* pct_call */
        "   ecall\n"
        "   li a7, 28\n" /* pct_return */
        "   ecall\n"
        "   ebreak\n");

static void
child_main(struct uarea *uarea)
{
    struct shared *shared = (struct shared *)SHARED;

    for (;;) {
        shared->set = sys_gate_set(READ_CAP, 0, (uint64_t)child_gate);
        shared->early_return = call_raw(28, 0, 0, 0, 0, 0, 0);
        if (shared->self != 0) {
            (void)sys_gate_bind(CHILD_CAP_OWN, shared->self, 0, 3);
            (void)exo_call(3, uarea, 1);
            shared->argument = 0;
            (void)call_self(3, DIE); /* unmasked, as exo_call is not */
            shared->undead = 1;
        }
        uarea->masked = shared->mask;
        (void)exo_yield(shared->parent, uarea);
        uarea->masked = 0;
    }
}

int
main(void)
{
    struct shared *shared = (struct shared *)SHARED;
    uint64_t page = frame_clean(0);
    struct child child;

    (void)window_open(page);
    child = child_make(page, child_main);
    shared->parent = exo_id;
    EXPECT(exo_call(0, exo_uarea, 7), -ESRCH); /* never bound */
    EXPECT(exo_call(16, exo_uarea, 7), -EINVAL);
    EXPECT(exo_call(~0UL, exo_uarea, 7), -EINVAL);
    EXPECT(sys_gate_bind(0, child.id, 0, 0), -ENOENT); /* not open yet */
    EXPECT(exo_yield(child.id, exo_uarea), 0);
    EXPECT(shared->set, 0);
    EXPECT(shared->early_return, -EINVAL); /* it was in no call */

    EXPECT(sys_cap_derive(0, 2, 9, CAP_RIGHTS_ALL), 0);
    EXPECT(sys_gate_bind(2, child.id, 0, 0), -EPERM);
    EXPECT(sys_gate_bind(0, child.id, 8, 0), -EINVAL);
    EXPECT(sys_gate_bind(0, child.id, 0, 16), -EINVAL);
    EXPECT(sys_gate_bind(0, child.id + 1, 0, 0), -ESRCH);
    EXPECT(sys_gate_bind(60, child.id, 0, 0), -EBADF);
    EXPECT(sys_gate_bind(0, child.id, 0, 5), 0);
    EXPECT(sys_gate_bind(CAP_CHILD, child.id, 0, 6), 0); /* by control */
    for (uint64_t i = 0; i < 1000; i++) {
        EXPECT(exo_call(5 + i % 2, exo_uarea, i), i * 3);
        EXPECT(shared->argument, i);
        EXPECT(shared->caller, exo_id);
    }
    EXPECT(call_raw(28, 0, 0, 0, 0, 0, 0), -EINVAL); /* nobody called us */

    /* The gate set anew: old bindings are dead. */
    EXPECT(exo_yield(child.id, exo_uarea), 0);
    EXPECT(exo_call(5, exo_uarea, 1), -ESRCH);
    EXPECT(sys_gate_bind(0, child.id, 0, 5), 0);
    EXPECT(exo_call(5, exo_uarea, 1), 3);

    /* Busy: in a call, and masked. */
    shared->child = child.id;
    EXPECT(exo_call(5, exo_uarea, AGAIN), -EBUSY);
    EXPECT(shared->argument, AGAIN);
    EXPECT(shared->caller, exo_id);
    EXPECT(sys_gate_set(0, 3, (uint64_t)parent_gate), 0);
    EXPECT(sys_gate_bind(0, exo_id, 3, 7), 0);
    EXPECT(exo_call(7, exo_uarea, 1), -EBUSY);
    EXPECT(exo_call(7, exo_uarea, 1), -EBUSY); /* from inside, again */
    shared->mask = MASKED_EXCEPTION;
    EXPECT(exo_yield(child.id, exo_uarea), 0);
    EXPECT(sys_gate_bind(0, child.id, 0, 5), 0);
    EXPECT(exo_call(5, exo_uarea, 1), -EBUSY);
    shared->mask = 0;
    EXPECT(exo_yield(child.id, exo_uarea), 0);
    EXPECT(sys_gate_bind(0, child.id, 0, 5), 0);
    EXPECT(exo_call(5, exo_uarea, 1), 3);

    /* Dies inside the call. */
    EXPECT(exo_call(5, exo_uarea, DIE), -EDIED);
    EXPECT(exo_call(5, exo_uarea, 1), -ESRCH);
    EXPECT(sys_gate_bind(0, child.id, 0, 5), -ESRCH);
    child_end(&child);

    /* Another env in the same entry of the table does not answer for it. */
    child = child_make(page, child_main);
    EXPECT(exo_yield(child.id, exo_uarea), 0);
    EXPECT(exo_call(5, exo_uarea, 1), -ESRCH);
    EXPECT(sys_gate_bind(0, child.id, 0, 5), 0);
    EXPECT(exo_call(5, exo_uarea, 2), 6);
    /* Dies in a call from itself: nobody is left to be told. */
    exo_uarea->entry_interrupt = 0; /* it stays pending */
    exo_uarea->pending = 0;
    shared->self = child.id;
    EXPECT(exo_yield(child.id, exo_uarea), 0);
    EXPECT(shared->argument, DIE);
    EXPECT(shared->undead, 0);
    EXPECT(exo_uarea->pending, PENDING_DEATH);
    child_end(&child);
    EXPECT(exo_call(5, exo_uarea, 2), -ESRCH);
    printf("test: pct ok\n");
    return 0;
}
