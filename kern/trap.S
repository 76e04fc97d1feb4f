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
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "kern/csr.h"
#include "kern/hart_offsets.h"
#include "kern/layout.h"
#include "kern/trap_frame.h"

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
    .global call_return
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
    .irp n, 5, 6, 7, 28, 29, 30, 31, 11, 12, 13, 14, 15, 16, 17
    li x\n, 0
    .endr
    ld sp, HART_USER_SP(sp)
    sret

/* resume: t1 is the level. What is in the U-area is the env's own affair: it
   can only choose where it goes in user mode. An env that is unmasked by it
   gets the event that came meanwhile: the kernel looks before it goes. */
    .global call_resume
call_resume:
    ld t1, HART_SCRATCH_T1(t0)
    li a7, LEVEL_DOUBLE
    bgtu t1, a7, resume_forced
    slli t1, t1, 6              /* UAREA_LEVEL_SIZE */
    ld a7, HART_UAREA(t0)
    add t1, t1, a7
    sd zero, HART_FRESH(t0)
    csrw sscratch, t0
resume_level:                   /* t1 is the level's area, a7 the U-area */
    lwu t0, LEVEL_MASKED(t1)
    sw t0, UAREA_MASKED(a7)
    bnez t0, resume_now
    ld t0, UAREA_PENDING(a7)
    bnez t0, resume_pending
resume_now:
    ld a7, LEVEL_PC(t1)
    sc.d zero, a7, (t1)         /* ends a reservation that the handler made */
    sd zero, LEVEL_CAUSE(t1)    /* it holds nothing any more */
    csrw sepc, a7
    ld t0, LEVEL_T0(t1)
    ld a7, LEVEL_A7(t1)
    ld t1, LEVEL_T1(t1)
    sret

/* What would have gone on is what the event interrupts. */
resume_pending:
    ld t0, UAREA_ENTRY_INTERRUPT(a7)
    beqz t0, resume_now
    csrw sepc, t0
    ld t0, LEVEL_PC(t1)
    sc.d zero, t0, (t1)         /* as above */
    sd t0, UAREA_INTERRUPT + LEVEL_PC(a7)
    ld t0, LEVEL_T0(t1)
    sd t0, UAREA_INTERRUPT + LEVEL_T0(a7)
    ld t0, LEVEL_A7(t1)
    sd t0, UAREA_INTERRUPT + LEVEL_A7(a7)
    ld t0, LEVEL_T1(t1)
    sd t0, UAREA_INTERRUPT + LEVEL_T1(a7)
    sw zero, UAREA_INTERRUPT + LEVEL_MASKED(a7)
    li t0, -1
    slli t0, t0, 63
    ori t0, t0, INTERRUPT_SOFTWARE
    sd zero, LEVEL_CAUSE(t1)
    sd t0, UAREA_INTERRUPT + LEVEL_CAUSE(a7)
    li t0, MASKED_INTERRUPT
    sw t0, UAREA_MASKED(a7)
    ld t0, UAREA_SELF(a7)
    li t1, 0
    li a7, 0
    sret

/* The forced-save area: everything is in it. Where the interrupt level is free,
   its last four registers go by way of that. */
resume_forced:
    li a7, LEVEL_FORCED
    bne t1, a7, resume_unknown
    sd zero, HART_FRESH(t0)
    csrw sscratch, t0
    ld a7, HART_UAREA(t0)
    sw zero, UAREA_FORCED(a7)
    .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, UAREA_FORCED_AREA + \n*8(a7)
    .endr
    lwu t0, UAREA_FORCED_MASKED(a7)
    andi t1, t0, MASKED_INTERRUPT
    bnez t1, 1f
    sw t0, UAREA_INTERRUPT + LEVEL_MASKED(a7)
    ld t0, UAREA_FORCED_AREA(a7)
    sd t0, UAREA_INTERRUPT + LEVEL_PC(a7)
    ld t0, UAREA_FORCED_AREA + 5*8(a7)
    sd t0, UAREA_INTERRUPT + LEVEL_T0(a7)
    ld t0, UAREA_FORCED_AREA + 6*8(a7)
    sd t0, UAREA_INTERRUPT + LEVEL_T1(a7)
    ld t0, UAREA_FORCED_AREA + 17*8(a7)
    sd t0, UAREA_INTERRUPT + LEVEL_A7(a7)
    addi t1, a7, UAREA_INTERRUPT
    j resume_level
1:  sw t0, UAREA_MASKED(a7)
    ld t0, UAREA_FORCED_AREA(a7)
    csrw sepc, t0
    addi t1, a7, UAREA_FORCED_AREA
    sc.d zero, t0, (t1)         /* as above */
    ld t0, UAREA_FORCED_AREA + 5*8(a7)
    ld t1, UAREA_FORCED_AREA + 6*8(a7)
    ld a7, UAREA_FORCED_AREA + 17*8(a7)
    sret
resume_unknown:
    li a0, -ERROR_EINVAL
    li a7, 0
    j call_return

/* The upcall itself: saves what the kernel used, and the pc, at a level, and
   enters the handler. a7 is the U-area; the mask has been set. */
    .macro upcall level, entry, value=1
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
    .if \value
    csrr t1, stval
    sd t1, \level + LEVEL_VALUE(a7)
    .endif
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
    li a7, CAUSE_ILLEGAL ^ CAUSE_USER_CALL
    beq t1, a7, illegal
exception:
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
    sd zero, HART_FRESH(t0)     /* not a prologue any more */
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

/* An illegal instruction: perhaps the first use of floating point by an env
   that has not got the registers of this hart. Then it is made again. */
illegal:
    csrr t1, sstatus
    li a7, SSTATUS_FS | SSTATUS_SPP
    and t1, t1, a7
    bnez t1, exception
    frame_save
    call float_take
    beqz a0, 1f
    frame_return
1:  frame_restore
    j exception

/* An interrupt from user mode. The common one is the end of a slice, whose
   next owner is awake: the env that runs gets its epilogue. Everything else is
   for C: alarms, epilogues that overrun, harts whose timer is not ours to set,
   and every 64th edge, where edges that were missed are made up for. */
interrupt:
    slli t1, t1, 1
    addi t1, t1, -2 * (INTERRUPT_TIMER ^ CAUSE_USER_CALL)
    bnez t1, interrupt_slow
    ld t1, HART_TIMER_FAST(t0)
    ld a7, HART_EDGE(t0)
    bne t1, a7, interrupt_slow
    ld a7, HART_SLOT(t0)
    addi a7, a7, 4              /* the vector is aligned */
    andi t1, a7, 255
    beqz t1, interrupt_slow
    lwu t1, 0(a7)
    sd t1, HART_NEXT(t0)
    srli t1, t1, ENV_INDEX_SHIFT
    slli t1, t1, 3
    ld a7, HART_DIRECTORY(t0)
    add t1, t1, a7
    ld a7, 0(t1)
    ld t1, HART_CONTEXT(t0)
    beq t1, a7, interrupt_slow  /* its own slot again */
    ld t1, CONTEXT_FORFEITS(a7)
    bnez t1, interrupt_slow
    ld a7, CONTEXT_ID(a7)
    ld t1, HART_NEXT(t0)
    bne t1, a7, interrupt_slow  /* nobody's, or asleep */
    ld a7, HART_UAREA(t0)
    lwu t1, UAREA_MASKED(a7)
    bnez t1, interrupt_slow
    ld t1, UAREA_ENTRY_EPILOGUE(a7)
    beqz t1, interrupt_slow
    ld t1, HART_SLOT(t0)
    addi t1, t1, 4
    sd t1, HART_SLOT(t0)
    ld t1, HART_EDGE(t0)
    ld a7, HART_SLOT_TICKS(t0)
    add t1, t1, a7
    sd t1, HART_EDGE(t0)
    csrr t1, time
    ld a7, HART_GRACE_TICKS(t0)
    add t1, t1, a7
    csrw CSR_STIMECMP, t1
    sd t1, HART_GRACE_END(t0)
    li t1, PHASE_GRACE
    sd t1, HART_PHASE(t0)
    ld a7, HART_UAREA(t0)
    sw zero, UAREA_INTERRUPT + LEVEL_MASKED(a7)
    li t1, MASKED_INTERRUPT
    sw t1, UAREA_MASKED(a7)
    upcall UAREA_INTERRUPT, UAREA_ENTRY_EPILOGUE, 0

interrupt_slow:
    csrr t1, sstatus
    andi t1, t1, SSTATUS_SPP
    bnez t1, kernel_fault       /* interrupts are off in the kernel */
    frame_save
    call interrupt_user
    li t1, USER_FORCE
    beq a0, t1, user_force
    li t1, USER_EVENT
    beq a0, t1, user_event
    bnez a0, user_epilogue
    frame_return

    .macro user_upcall entry
    frame_restore
    ld a7, HART_UAREA(t0)
    lwu t1, UAREA_MASKED(a7)
    sw t1, UAREA_INTERRUPT + LEVEL_MASKED(a7)
    ori t1, t1, MASKED_INTERRUPT
    sw t1, UAREA_MASKED(a7)
    upcall UAREA_INTERRUPT, \entry
    .endm
user_event:
    user_upcall UAREA_ENTRY_INTERRUPT
user_epilogue:
    user_upcall UAREA_ENTRY_EPILOGUE

/* Everything that the env had in registers goes to its forced-save area. */
user_force:
    frame_restore
    ld a7, HART_UAREA(t0)
    .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, UAREA_FORCED_AREA + \n*8(a7)
    .endr
    csrrw t1, sscratch, t0
    sd t1, UAREA_FORCED_AREA + 5*8(a7)
    ld t1, HART_SCRATCH_T1(t0)
    sd t1, UAREA_FORCED_AREA + 6*8(a7)
    ld t1, HART_SCRATCH_A7(t0)
    sd t1, UAREA_FORCED_AREA + 17*8(a7)
    csrr t1, sepc
    sd t1, UAREA_FORCED_AREA(a7)
    lwu t1, UAREA_MASKED(a7)
    sw t1, UAREA_FORCED_MASKED(a7)
    ori t1, t1, MASKED_INTERRUPT    /* nor called until it has resumed that */
    sw t1, UAREA_MASKED(a7)
    li t1, 1
    sw t1, UAREA_FORCED(a7)
    mv sp, t0
    li fp, 0
    call slot_run               /* does not return */

/* A trap taken inside the kernel. Interrupts are off here, so it is a fault of
   the kernel's own: report it, on the emergency stack, for the ordinary one
   may be what failed. t0 is the hart block, t1 and a7 are saved there. */
kernel_fault:
    .irp n, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
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
