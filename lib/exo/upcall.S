/* SPDX-License-Identifier: MIT */
/* Where upcalls arrive. */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "lib/exo/own.h"

/* An exception. The libOS's handler is C and keeps s0 to s11; what it may
   change is saved here: on the stack of exceptions if there is one, else on that
   which was interrupted, below a red zone of nothing, for this ABI has none. t0,
   t1, a7 and the pc are the kernel's to save. */
    .section .text.exo_resident, "ax"
    .macro handler handler, level, kind
    addi sp, sp, -14*8
    sd ra, 0*8(sp)
    sd t2, 1*8(sp)
    sd t3, 2*8(sp)
    sd t4, 3*8(sp)
    sd t5, 4*8(sp)
    sd t6, 5*8(sp)
    sd a0, 6*8(sp)
    sd a1, 7*8(sp)
    sd a2, 8*8(sp)
    sd a3, 9*8(sp)
    sd a4, 10*8(sp)
    sd a5, 11*8(sp)
    sd a6, 12*8(sp)
    mv a0, t0                   /* struct uarea *: its first level is ours */
    ld t1, \handler
    jalr t1
    ld ra, 0*8(sp)
    ld t2, 1*8(sp)
    ld t3, 2*8(sp)
    ld t4, 3*8(sp)
    ld t5, 4*8(sp)
    ld t6, 5*8(sp)
    ld a0, 6*8(sp)
    ld a1, 7*8(sp)
    ld a2, 8*8(sp)
    ld a3, 9*8(sp)
    ld a4, 10*8(sp)
    ld a5, 11*8(sp)
    ld a6, 12*8(sp)
    addi sp, sp, 14*8
    .ifc \kind, event
    ld t0, 24(sp)
    ld gp, 16(sp)
    ld tp, 8(sp)
    ld sp, OWN_EVENT_SP(t0)
    .endif
    .ifc \kind, exception
    ld sp, 8(sp)
    .endif
    li t1, \level
    li a7, CALL_RESUME
    ecall
    unimp                       /* never comes back */
    .endm

    .balign 4
    .global exo_exception_entry
exo_exception_entry:
    ld t1, OWN_EXCEPTION_STACK(t0)
    bnez t1, 1f
    mv t1, sp
1:  addi t1, t1, -16
    sd sp, 8(t1)
    mv sp, t1
    handler exo_exception_handler, LEVEL_EXCEPTION, exception

/* An exception in a handler: on its stack. One where a program has masked events
   is on the program's, which may be what is missing: that goes to the stack of
   exceptions. Stacks of handlers are taken to have 8 KiB at most. */
    .balign 4
    .global exo_double_entry
exo_double_entry:
    ld t1, OWN_EXCEPTION_STACK(t0)
    beqz t1, 1f
    sub a7, t1, sp
    srli a7, a7, 13
    beqz a7, 1f
    ld a7, OWN_EVENT_STACK(t0)
    sub a7, a7, sp
    srli a7, a7, 13
    bnez a7, 2f
1:  mv t1, sp
2:  addi t1, t1, -16
    sd sp, 8(t1)
    mv sp, t1
    handler exo_double_handler, LEVEL_DOUBLE, exception

/* An event: the same at the interrupt level, on a stack of its own and with gp
   and tp of the first thread; the others may still be those of an env that has
   just called one of our gates. */
    .balign 4
    .global exo_event_entry
exo_event_entry:
    sd sp, OWN_EVENT_SP(t0)
    ld sp, OWN_EVENT_STACK(t0)
    addi sp, sp, -32
    sd t0, 24(sp)
    sd gp, 16(sp)
    sd tp, 8(sp)
    .option push
    .option norelax
    lla gp, __global_pointer$
    .option pop
    lla tp, __tls_base
    handler exo_event_handler, LEVEL_INTERRUPT, event
