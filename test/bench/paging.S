/* SPDX-License-Identifier: MIT */
/*
 * Pagers: the exception handlers of a libOS that does its own paging, as lean
 * as it could write them, and the stretches of code that need them. The page
 * tables of a pager cover one window; what faults elsewhere is a bug here.
 */
#include "kern/abi/call_numbers.h"
#include "kern/abi/uarea.h"
#include "test/bench/mark.h"
#include "test/bench/pager.h"

#define WORD(word) (8 * (word))
#define LEVEL(field) (UAREA_EXCEPTION + (field))
#define CAUSE_STORE_PAGE_FAULT 15

    .text
    .option norelax

/* Sees the address, and goes on behind the instruction, which has 4 bytes. */
    .balign 4
    .global bench_trap_handler
bench_trap_handler:
    ld t1, LEVEL(LEVEL_VALUE)(t0)
    lla a7, bench_pager
    sd t1, WORD(PAGER_VALUE)(a7)
    ld t1, LEVEL(LEVEL_PC)(t0)
    addi t1, t1, 4
    sd t1, LEVEL(LEVEL_PC)(t0)
    li t1, LEVEL_EXCEPTION
    li a7, CALL_RESUME
    ecall
    unimp

/* A call loses a0 to a6 and t2 to t6; what else is lost the kernel has saved.
   s0 is the pager, t0 the U-area, until there is a call. */
    .macro pager_enter
    lla t1, bench_pager
    sd s0, WORD(PAGER_SAVED)(t1)
    mv s0, t1
    .set saved, PAGER_SAVED
    .irp r, a0, a1, a2, a3, a4, a5, a6, t2, t3, t4, t5, t6
    .set saved, saved + 1
    sd \r, WORD(saved)(s0)
    .endr
    ld a0, LEVEL(LEVEL_CAUSE)(t0)
    li a1, CAUSE_STORE_PAGE_FAULT
    bne a0, a1, pager_lost
    .endm
    .macro pager_leave
    .set saved, PAGER_SAVED
    .irp r, a0, a1, a2, a3, a4, a5, a6, t2, t3, t4, t5, t6
    .set saved, saved + 1
    ld \r, WORD(saved)(s0)
    .endr
    ld s0, WORD(PAGER_SAVED)(s0)
    li t1, LEVEL_EXCEPTION
    li a7, CALL_RESUME
    ecall
    .endm
/* The arguments caps, table, index and count for the page that faulted. */
    .macro pager_page
    ld a1, WORD(PAGER_UAREA)(s0)
    ld a2, LEVEL(LEVEL_VALUE)(a1)
    li a0, 0
    ld a1, WORD(PAGER_TABLE)(s0)
    srli a2, a2, 12
    andi a2, a2, 511
    li a3, 1
    .endm

pager_lost:
    unimp                       /* a double fault: the kernel says where */

/* Lets the page be written. */
    .balign 4
    .global bench_unprotect_handler
bench_unprotect_handler:
    pager_enter
    pager_page
    li a4, 0
    li a5, 4                    /* W */
    ld a7, WORD(PAGER_PROTECT)(s0)
    ecall
    li a1, 1
    bne a0, a1, pager_lost
    pager_leave

/* Maps the frame in a0 there, and goes on. */
    .macro pager_map
    slli a0, a0, 10
    ori a0, a0, 0xc6            /* D A, W R */
    ld a1, WORD(PAGER_UAREA)(s0)
    sd a0, UAREA_BATCH(a1)
    pager_page
    ld a7, WORD(PAGER_MAP)(s0)
    ecall
    li a1, 1
    bne a0, a1, pager_lost
    pager_leave
    .endm

/* Maps a frame that is ready. */
    .balign 4
    .global bench_demand_handler
bench_demand_handler:
    pager_enter
    ld a0, WORD(PAGER_FRAME)(s0)
    beqz a0, pager_lost
    sd zero, WORD(PAGER_FRAME)(s0)
    pager_map

/* Maps a frame that it takes and clears: it must not be clean already. */
    .balign 4
    .global bench_scrub_handler
bench_scrub_handler:
    pager_enter
    li a0, 0
    li a1, 0
    li a2, 0
    ld a7, WORD(PAGER_ALLOC)(s0)
    ecall
    blez a0, pager_lost
    sd a0, WORD(PAGER_FRAME)(s0)
    ld a7, WORD(PAGER_SCRUB)(s0)
    ecall
    bnez a0, pager_lost
    ld a0, WORD(PAGER_FRAME)(s0)
    pager_map

/* uint64_t bench_store(uint64_t address): one store. */
    .balign 4
    .global bench_store
bench_store:
    addi sp, sp, -16
    sd s0, 0(sp)
    mv t2, a0
    .option push
    .option norvc
    count_begin s0
    sd t2, 0(t2)
    count_end t4
    .option pop
    sub a0, t4, s0
    ld s0, 0(sp)
    addi sp, sp, 16
    ret

/* uint64_t bench_protect_stores(uint64_t table, uint64_t index,
   uint64_t count, uint64_t address, uint64_t number): takes W from `count`
   pages by the call `number`, then stores to each. */
    .balign 4
    .global bench_protect_stores
bench_protect_stores:
    addi sp, sp, -48
    sd s0, 0(sp)
    sd s1, 8(sp)
    sd s2, 16(sp)
    sd s3, 24(sp)
    mv s1, a3
    slli s2, a2, 12
    add s2, s2, a3
    li s3, 0x1000
    mv a7, a4
    mv a3, a2
    mv a2, a1
    mv a1, a0
    li a0, 0
    li a4, 4                    /* W */
    li a5, 0
    count_begin s0
    ecall
1:  sd s1, 0(s1)
    add s1, s1, s3
    bne s1, s2, 1b
    count_end t4
    lla t0, bench_result
    sd a0, 0(t0)
    sub a0, t4, s0
    ld s0, 0(sp)
    ld s1, 8(sp)
    ld s2, 16(sp)
    ld s3, 24(sp)
    addi sp, sp, 48
    ret
