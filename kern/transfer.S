/* SPDX-License-Identifier: MIT */
/*
 * From one env to another: yield, the end of an epilogue, protected control
 * transfer, and where C sends a hart to user mode. The rules of trap.S hold
 * here, too: t0 is the hart block, t1 and a7 are the kernel's.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "kern/csr.h"
#include "kern/hart_offsets.h"
#include "kern/trap_frame.h"

    .option norelax
    .section .text.hot, "ax"

/* Floating point belongs to one env at a time: HART_CONTEXT has just changed,
   and its use is switched off unless it is the owner who comes. Costs two
   instructions while nobody uses it. Uses t1 and a7. */
    .macro float_switch
    ld t1, HART_FLOAT(t0)
    beqz t1, .Lnobody\@
    ld a7, HART_CONTEXT(t0)
    bne a7, t1, .Lother\@
    li t1, SSTATUS_FS
    csrs sstatus, t1
    j .Lnobody\@
.Lother\@:
    li t1, SSTATUS_FS
    csrc sstatus, t1
.Lnobody\@:
    .endm

/* yield: a0 is the id of the env that the rest of the slice goes to, or 0. What
   the caller wants to find again it has saved; every register but t0, t1 and a7
   arrives in the other env as it is, or zero. A context whose id is not the one
   asked for is nobody's, or wants something done first: that is for C, as is
   the choice of anybody. */
    .global call_yield
call_yield:
    ld t1, HART_PHASE(t0)
    bnez t1, yield_grace
    srli t1, a0, ENV_INDEX_SHIFT
    li a7, ENV_ROWS
    bgeu t1, a7, yield_slow
yield_listed:
    slli t1, t1, 3
    ld a7, HART_DIRECTORY(t0)
    add t1, t1, a7
    ld t1, 0(t1)
    ld a7, CONTEXT_ID(t1)
    bne a7, a0, yield_slow
    sd t1, HART_CONTEXT(t0)
    ld a7, CONTEXT_SATP(t1)
    csrw satp, a7
    ld a7, HART_FLUSH(t0)
    bnez a7, yield_flush
yield_flushed:
    ld a7, CONTEXT_UAREA(t1)
    sd a7, HART_UAREA(t0)
    ld t1, HART_FLOAT(t0)
    bnez t1, yield_float
prologue:                       /* a7 is the U-area */
    sd t0, HART_FRESH(t0)
    csrw sscratch, t0
    lwu t1, UAREA_MASKED(a7)
    ori t1, t1, MASKED_INTERRUPT
    sw t1, UAREA_MASKED(a7)
    ld t1, UAREA_ENTRY_PROLOGUE(a7)
    csrw sepc, t1
    ld t0, UAREA_SELF(a7)
    li t1, 0
    li a7, 0
    sret
yield_flush:                    /* this hart has no ASIDs */
    sfence.vma
    j yield_flushed
yield_float:
    float_switch
    ld a7, HART_UAREA(t0)
    j prologue

/* The end of an epilogue, whoever it wants to yield to: the slice is over. */
yield_grace:
    addi t1, t1, -PHASE_GRACE
    bnez t1, yield_slow
    sd zero, HART_PHASE(t0)
    ld a7, HART_EDGE(t0)
    ld t1, HART_ALARM(t0)
    bgeu t1, a7, 1f
    mv a7, t1
1:  csrw CSR_STIMECMP, a7
    sd a7, HART_TIMER_FAST(t0)
    ld a0, HART_NEXT(t0)
    srli t1, a0, ENV_INDEX_SHIFT
    j yield_listed
yield_slow:
    li a7, CALL_YIELD
    j call_c

/* Enters a context (t1) at t2, with all other registers as they are. */
    .macro pct_enter
    sd t1, HART_CONTEXT(t0)
    sd zero, HART_FRESH(t0)
    ld a7, CONTEXT_UAREA(t1)
    sd a7, HART_UAREA(t0)
    ld t1, CONTEXT_SATP(t1)
    csrw satp, t1
    csrw sepc, t2
    ld t1, HART_FLUSH(t0)
    bnez t1, pct_unusual
    ld t1, HART_FLOAT(t0)
    bnez t1, pct_unusual
    csrw sscratch, t0
    ld t0, UAREA_SELF(a7)
    li a7, 0
    sret
    .endm

/* Protected control transfer (kern/gate.h). t2 is the binding; a6 may be used,
   for the caller's id is put there. In: nothing else but t0, t1 and a7. */
    .macro pct sync
    ld t1, HART_PHASE(t0)
    bnez t1, pct_busy           /* an epilogue's time is not to be given away */
    li t1, BINDINGS_MAX
    bgeu t2, t1, pct_unknown
    ld a7, HART_CONTEXT(t0)
    slli t2, t2, BINDING_SHIFT
    ld a7, CONTEXT_BINDINGS(a7)
    add t2, t2, a7
    ld a6, BINDING_ID(t2)
    fence r, r                  /* it was written last: kern/gate.c */
    ld t1, BINDING_ROW(t2)
    ld a7, HART_DIRECTORY(t0)
    add t1, t1, a7
    ld t1, 0(t1)
    ld a7, CONTEXT_ID(t1)
    bne a6, a7, pct_slow\sync
    ld a7, BINDING_GATE(t2)     /* its env is alive, so it is there */
    ld a7, GATE_GENERATION(a7)
    ld a6, BINDING_GENERATION(t2)
    bne a6, a7, pct_dead
    ld a7, CONTEXT_CALLER(t1)
    bnez a7, pct_busy
    ld a7, CONTEXT_UAREA(t1)
    lwu a6, UAREA_MASKED(a7)
    bnez a6, pct_busy
    ld a6, HART_CONTEXT(t0)
    ld a6, CONTEXT_ID(a6)
    .if \sync
    sd a6, CONTEXT_CALLER(t1)
    .endif
    ld t2, BINDING_ENTRY(t2)
    pct_enter
    .endm

    .global call_pct_call
call_pct_call:
    pct 1
    .global call_pct_send
call_pct_send:
    pct 0

pct_unusual:                    /* no ASIDs here, or floating point in use */
    ld t1, HART_FLUSH(t0)
    beqz t1, 1f
    sfence.vma
1:  float_switch
    ld a7, HART_UAREA(t0)
    csrw sscratch, t0
    ld t0, UAREA_SELF(a7)
    li t1, 0
    li a7, 0
    sret
pct_unknown:
    li a0, -ERROR_EINVAL
    j pct_error
pct_dead:
    li a0, -ERROR_ESRCH
    j pct_error
pct_busy:
    li a0, -ERROR_EBUSY
pct_error:
    li a6, 0
    li a7, 0
    li t2, 0
    j call_return

/* The callee goes back to whoever called it. If that is gone, or asleep, C
   decides; in an epilogue the slice is over. */
    .global call_pct_return
call_pct_return:
    ld t1, HART_PHASE(t0)
    bnez t1, yield_grace
    ld t1, HART_CONTEXT(t0)
    ld t2, CONTEXT_CALLER(t1)
    beqz t2, pct_unknown
    srli t1, t2, ENV_INDEX_SHIFT
    slli t1, t1, 3
    ld a7, HART_DIRECTORY(t0)
    add t1, t1, a7
    ld t1, 0(t1)
    ld a7, CONTEXT_ID(t1)
    bne a7, t2, pct_slow2
    ld a7, HART_CONTEXT(t0)
    sd zero, CONTEXT_CALLER(a7)
    ld a7, CONTEXT_UAREA(t1)
    ld t2, UAREA_ENTRY_RETURN(a7)
    pct_enter

/* The context that a transfer leads to is not to be entered just so: C wakes
   it, and the call is made again; or says why not. */
    .macro pct_slow number
    .if \number != CALL_PCT_RETURN
    ld a7, HART_CONTEXT(t0)
    ld a7, CONTEXT_BINDINGS(a7)
    sub t2, t2, a7
    srli t2, t2, BINDING_SHIFT
    .endif
    li t1, \number
    sd t1, HART_SCRATCH_A7(t0)
    frame_save
    li a0, \number
    mv a1, t2
    call context_prepare
    bnez a0, pct_refused
    frame_return
    .endm
pct_slow1:
    pct_slow CALL_PCT_CALL
pct_slow0:
    pct_slow CALL_PCT_SEND
pct_slow2:
    pct_slow CALL_PCT_RETURN
pct_refused:
    sd a0, 10*8(sp)
    frame_restore
    j pct_error

/* _Noreturn void env_go_return(int64_t result): to the return entry of what the
   hart now runs, with the result in a0 and every register else but t0 zero. */
    .global env_go_return
env_go_return:
    csrr t0, sscratch
    sd zero, HART_FRESH(t0)
    ld a7, HART_UAREA(t0)
    ld t1, UAREA_ENTRY_RETURN(a7)
    csrw sepc, t1
    ld t0, UAREA_SELF(a7)
    .irp n, 1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    li x\n, 0
    .endr
    sret

    .global env_go_prologue
env_go_prologue:
    csrr t0, sscratch
    ld a7, HART_UAREA(t0)
    .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    li x\n, 0
    .endr
    j prologue
