/* SPDX-License-Identifier: MIT */
/*
 * The way in and out of the kernel. In user mode sscratch holds this hart's
 * block, which is also where its kernel stack begins; between the two swaps
 * with sscratch nothing may be touched but the hart block and the U-area, for
 * a fault there would be reported with the wrong registers.
 *
 * The kernel's own registers here are t0, t1 and a7. Calls may lose t0 to t6
 * and a1 to a7; upcalls lose none: those three are in the U-area.
 *
 * Every instruction here counts: test/bench measures these paths.
 */
#include "kern/abi/call.h"
#include "kern/abi/uarea.h"
#include "kern/csr.h"
#include "kern/hart_offsets.h"
#include "kern/layout.h"

    .option norelax
    .section .text.hot, "ax"

/* Every trap. The order serves calls first. xori, not addi: it keeps the sign,
   which is what tells interrupts. */
    .balignw 64, 0x0001
    .global trap_entry
trap_entry:
    csrrw t0, sscratch, t0
    sd t1, HART_SCRATCH_T1(t0)
    csrr t1, scause
    xori t1, t1, CAUSE_USER_CALL
    bnez t1, not_a_call
    li t1, CALL_MAX
    bgeu a7, t1, call_unknown
    slli t1, a7, 3
    add t1, t1, t0
    ld t1, HART_CALLS(t1)
    jr t1

/* Results of fast calls: the next instruction, nothing of the kernel's left. */
    .global call_null
call_null:
    li a0, 0
call_return:
    csrr t1, sepc
    addi t1, t1, 4
    csrw sepc, t1
    csrw sscratch, t0
    li t0, 0
    li t1, 0
    sret

    .global call_unknown
call_unknown:
    li a0, -ERROR_ENOSYS
    j call_return

/* A call in C: (a0 to a5) to a0, on this hart's stack, by the number in a7.
   The compiler preserves s0 to s11; nothing in the kernel touches gp and tp. */
    .global call_c
call_c:
    csrw sscratch, t0
    sd ra, HART_USER_RA(t0)
    sd sp, HART_USER_SP(t0)
    mv sp, t0
    slli a7, a7, 3
    add a7, a7, t0
    ld t1, HART_FUNCTIONS(a7)
    jalr t1
    csrr t1, sepc               /* nothing in there traps */
    addi t1, t1, 4
    csrw sepc, t1
    ld ra, HART_USER_RA(sp)
    li t0, 0
    li t1, 0
    li t2, 0
    li t3, 0
    li t4, 0
    li t5, 0
    li t6, 0
    li a1, 0
    li a2, 0
    li a3, 0
    li a4, 0
    li a5, 0
    li a6, 0
    li a7, 0
    ld sp, HART_USER_SP(sp)
    sret

/* resume: t1 is the level. What is in the U-area is the env's own affair: it
   can only choose where it goes in user mode. */
    .global call_resume
call_resume:
    ld t1, HART_SCRATCH_T1(t0)
    li a7, LEVEL_DOUBLE
    bgtu t1, a7, resume_unknown
    slli t1, t1, 6              /* UAREA_LEVEL_SIZE */
    ld a7, HART_UAREA(t0)
    add t1, t1, a7
    csrw sscratch, t0
    lwu t0, LEVEL_MASKED(t1)
    sw t0, UAREA_MASKED(a7)
    ld a7, LEVEL_PC(t1)
    sc.d zero, a7, (t1)         /* ends a reservation that the handler made */
    csrw sepc, a7
    ld t0, LEVEL_T0(t1)
    ld a7, LEVEL_A7(t1)
    ld t1, LEVEL_T1(t1)
    sret
resume_unknown:
    li a0, -ERROR_EINVAL
    li a7, 0
    j call_return

/* yield: a0 is the id of the env that the rest of the slice goes to. What the
   caller wants to find again it has saved; every register but t0, t1 and a7
   arrives in the other env as it is. A context whose id is not the one asked
   for is nobody's, or that of an env that came later. */
    .global call_yield
call_yield:
    srli t1, a0, ENV_INDEX_SHIFT
    li a7, ENVS_MAX
    bgeu t1, a7, yield_unknown
    slli t1, t1, 3
    ld a7, HART_DIRECTORY(t0)
    add t1, t1, a7
    ld t1, 0(t1)
    ld a7, CONTEXT_ID(t1)
    bne a7, a0, yield_unknown
    sd t1, HART_CONTEXT(t0)
    ld a7, CONTEXT_UAREA(t1)
    sd a7, HART_UAREA(t0)
    ld t1, CONTEXT_SATP(t1)
    csrw satp, t1
    lwu t1, HART_FLUSH(t0)
    bnez t1, yield_flush
yield_flushed:
    csrw sscratch, t0
prologue:                       /* a7 is the U-area */
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
yield_unknown:
    li a0, -ERROR_ESRCH
    li a7, 0
    j call_return

/* Enters a context (t1), whose U-area is in a7, at t2, with all other registers
   as they are. */
    .macro pct_enter
    sd t1, HART_CONTEXT(t0)
    sd a7, HART_UAREA(t0)
    ld t1, CONTEXT_SATP(t1)
    csrw satp, t1
    csrw sepc, t2
    ld t1, HART_FLUSH(t0)
    bnez t1, pct_flush
    csrw sscratch, t0
    ld t0, UAREA_SELF(a7)
    li a7, 0
    sret
    .endm

/* Protected control transfer (kern/gate.h). t2 is the binding; a6 may be used,
   for the caller's id is put there. In: nothing else but t0, t1 and a7. */
    .macro pct sync
    li t1, BINDINGS_MAX
    bgeu t2, t1, pct_unknown
    ld a7, HART_CONTEXT(t0)
    slli t2, t2, BINDING_SHIFT
    ld a7, CONTEXT_BINDINGS(a7)
    add t2, t2, a7
    ld t1, BINDING_ROW(t2)
    ld a7, HART_DIRECTORY(t0)
    add t1, t1, a7
    ld t1, 0(t1)
    ld a6, CONTEXT_ID(t1)
    ld a7, BINDING_ID(t2)
    bne a6, a7, pct_dead
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

pct_flush:                      /* this hart has no ASIDs */
    sfence.vma
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

/* The callee goes back to whoever called it, if that is still there. */
    .global call_pct_return
call_pct_return:
    ld t1, HART_CONTEXT(t0)
    ld t2, CONTEXT_CALLER(t1)
    beqz t2, pct_unknown
    sd zero, CONTEXT_CALLER(t1)
    srli t1, t2, ENV_INDEX_SHIFT
    slli t1, t1, 3
    ld a7, HART_DIRECTORY(t0)
    add t1, t1, a7
    ld t1, 0(t1)
    ld a7, CONTEXT_ID(t1)
    bne a7, t2, pct_dead
    ld a7, CONTEXT_UAREA(t1)
    ld t2, UAREA_ENTRY_RETURN(a7)
    pct_enter

/* _Noreturn void env_go_return(int64_t result): to the return entry of what the
   hart now runs, with the result in a0 and every register else but t0 zero. */
    .global env_go_return
env_go_return:
    csrr t0, sscratch
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

/* The upcall itself: saves what the kernel used, and the pc, at a level, and
   enters the handler. a7 is the U-area; the mask has been set. */
    .macro upcall level, entry
    ld t1, HART_SCRATCH_T1(t0)
    sd t1, \level + LEVEL_T1(a7)
    ld t1, HART_SCRATCH_A7(t0)
    sd t1, \level + LEVEL_A7(a7)
    csrrw t1, sscratch, t0
    sd t1, \level + LEVEL_T0(a7)
    csrr t1, sepc
    sd t1, \level + LEVEL_PC(a7)
    csrr t1, scause
    sd t1, \level + LEVEL_CAUSE(a7)
    csrr t1, stval
    sd t1, \level + LEVEL_VALUE(a7)
    ld t1, \entry(a7)
    csrw sepc, t1
    ld t0, UAREA_SELF(a7)
    li t1, 0
    li a7, 0
    sret
    .endm

/* Exceptions and interrupts. */
not_a_call:
    sd a7, HART_SCRATCH_A7(t0)
    bltz t1, interrupt
    csrr t1, sstatus
    andi t1, t1, SSTATUS_SPP
    bnez t1, kernel_fault
    ld a7, HART_UAREA(t0)
    lwu t1, UAREA_MASKED(a7)
    bnez t1, exception_masked
    sw t1, UAREA_EXCEPTION + LEVEL_MASKED(a7)
    li t1, MASKED_EXCEPTION
    sw t1, UAREA_MASKED(a7)
    upcall UAREA_EXCEPTION, UAREA_ENTRY_EXCEPTION

/* A fault while a level is active that masks exceptions: the double-fault
   entry, once; a fault in there ends the env. t1 is the mask. */
exception_masked:
    andi t1, t1, MASKED_DOUBLE
    bnez t1, exception_fatal
    lwu t1, UAREA_MASKED(a7)
    sw t1, UAREA_DOUBLE + LEVEL_MASKED(a7)
    ori t1, t1, MASKED_DOUBLE
    sw t1, UAREA_MASKED(a7)
    upcall UAREA_DOUBLE, UAREA_ENTRY_DOUBLE

exception_fatal:
    csrw sscratch, t0
    mv sp, t0
    li fp, 0
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    call env_fault_fatal        /* does not return */

/* An interrupt from user mode. C code handles it and comes back: everything
   that the compiler may change is kept on the stack. */
interrupt:
    csrr t1, sstatus
    andi t1, t1, SSTATUS_SPP
    bnez t1, kernel_fault       /* interrupts are off in the kernel */
    sd sp, HART_USER_SP(t0)
    mv sp, t0
    addi sp, sp, -16*8
    csrrw t1, sscratch, t0
    sd t1, 0*8(sp)
    ld t1, HART_SCRATCH_T1(t0)
    sd t1, 1*8(sp)
    sd ra, 2*8(sp)
    sd t2, 3*8(sp)
    sd t3, 4*8(sp)
    sd t4, 5*8(sp)
    sd t5, 6*8(sp)
    sd t6, 7*8(sp)
    sd a0, 8*8(sp)
    sd a1, 9*8(sp)
    sd a2, 10*8(sp)
    sd a3, 11*8(sp)
    sd a4, 12*8(sp)
    sd a5, 13*8(sp)
    sd a6, 14*8(sp)
    sd a7, 15*8(sp)
    csrr t1, sepc
    sd t1, HART_USER_PC(t0)
    call interrupt_poll
    addi t0, sp, 16*8
    ld t1, HART_USER_PC(t0)
    csrw sepc, t1
    ld t1, 1*8(sp)
    ld ra, 2*8(sp)
    ld t2, 3*8(sp)
    ld t3, 4*8(sp)
    ld t4, 5*8(sp)
    ld t5, 6*8(sp)
    ld t6, 7*8(sp)
    ld a0, 8*8(sp)
    ld a1, 9*8(sp)
    ld a2, 10*8(sp)
    ld a3, 11*8(sp)
    ld a4, 12*8(sp)
    ld a5, 13*8(sp)
    ld a6, 14*8(sp)
    ld a7, 15*8(sp)
    ld t0, 0*8(sp)
    ld sp, 16*8 + HART_USER_SP(sp)
    sret

/* A trap taken inside the kernel. Interrupts are off here, so it is a fault of
   the kernel's own: report it, on the emergency stack, for the ordinary one
   may be what failed. t0 is the hart block, t1 and a7 are saved there. */
kernel_fault:
    sd x1, HART_REGISTERS + 1*8(t0)
    sd x2, HART_REGISTERS + 2*8(t0)
    sd x3, HART_REGISTERS + 3*8(t0)
    sd x4, HART_REGISTERS + 4*8(t0)
    .irp n, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, HART_REGISTERS + \n*8(t0)
    .endr
    csrr t1, sscratch
    sd t1, HART_REGISTERS + 5*8(t0)
    ld t1, HART_SCRATCH_T1(t0)
    sd t1, HART_REGISTERS + 6*8(t0)
    ld t1, HART_SCRATCH_A7(t0)
    sd t1, HART_REGISTERS + 17*8(t0)
    csrw sscratch, t0
    mv a0, t0
    li t1, HART_SLOT_SIZE - HART_BLOCK_OFFSET - 16
    add sp, t0, t1
    li fp, 0
    call trap_panic             /* does not return */

/* void env_go(const uint64_t registers[32], uint64_t pc): enters user mode for
   the first time, with those registers. sstatus has been set. */
    .global env_go
env_go:
    csrw sepc, a1
    mv t0, a0
    .irp n, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, \n*8(t0)
    .endr
    ld x5, 5*8(t0)
    sret
