/* SPDX-License-Identifier: MIT */
/*
 * Sleeping, and the two ends of a slice, with what wake.h adds to those of
 * lib/exo/yield.S.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "lib/exo/own.h"
#include "lib/exo/registers.h"
#include "lib/posix/wake.h"

    .section .text.posix_switch, "ax"
    .option norelax

/* void posix_sleep(struct uarea *uarea, const uint32_t *woken). Interrupted
   between look and end, it looks again. */
    .balign 4
    .global posix_sleep
posix_sleep:
    registers_save
    lwu t0, UAREA_MASKED(a0)
    sd t0, OWN_AWAY_MASKED(a0)
    sd sp, OWN_AWAY_SP(a0)
    mv s0, a0
    mv s1, a1
look:
    lw t0, 0(s1)
    bnez t0, 1f
    li a7, CALL_SLEEP
    ecall
look_end:
1:  sd zero, OWN_AWAY_SP(s0)
    registers_load
    ret

/* A slice begins. The interrupt level is masked where that matters, so what was
   interrupted there was saved by force. */
    .balign 4
    .global posix_prologue
posix_prologue:
    lwu t1, UAREA_FORCED(t0)
    bnez t1, 1f
    j exo_prologue
1:  ld t1, UAREA_FORCED_AREA(t0)
    lla a7, look
    bltu t1, a7, 2f
    lla a7, look_end
    bgeu t1, a7, 2f
    lla a7, look
    sd a7, UAREA_FORCED_AREA(t0)
2:  j exo_prologue

/* A slice ends. t0, t1 and a7 are the kernel's to restore; with wakes that are
   due every register is saved, and the bindings are notified from the lowest
   on. */
    .balign 4
    .global posix_epilogue
posix_epilogue:
    ld t1, OWN_DUE(t0)
    bnez t1, 1f
    j exo_epilogue
1:  everything_move sd, t0
    mv s0, t0
2:  ld t1, OWN_DUE(s0)
    beqz t1, 4f
    addi t2, t1, -1
    and t2, t1, t2              /* without its lowest bit */
    sd t2, OWN_DUE(s0)
    li a0, -1
    xor t1, t1, t2
3:  addi a0, a0, 1
    srli t1, t1, 1
    bnez t1, 3b
    li a1, -1                   /* on any hart */
    li a7, CALL_NOTIFY
    ecall
    j 2b
4:  li a0, 0
    j exo_epilogue_yield

/* int64_t fork_switch(void): fork.h. Whom fork_make has given this stack pointer
   as that of a yield goes on behind it, as after any other. */
    .balign 4
    .global fork_switch
fork_switch:
    registers_save
    mv a0, sp
    call fork_make
    registers_load
    ret
