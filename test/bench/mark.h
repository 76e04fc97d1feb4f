/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_BENCH_MARK_H
#define CHITIN_BENCH_MARK_H
/*
 * Reading the count of instructions, with a symbol at each place that does:
 * scripts/bench finds by them, in a trace of the same program, which of the
 * kernel's instructions ran between a begin and what follows it. A stretch
 * goes from begin to end, or in rows that measure one way to middle.
 *
 * The pair of reads itself counts one (the first is before the count it reads,
 * the second after), which bench.c measures and takes away.
 */
#ifdef __ASSEMBLER__
.macro count_at kind, register
bench_\kind\()_\@:
    rdinstret \register
    .endm
    .macro count_begin register
    count_at begin, \register
    .endm
    .macro count_middle register
    count_at middle, \register
    .endm
    .macro count_end register
    count_at end, \register
    .endm
#else
#include <stdint.h>

#define COUNT_AT(kind)                                                         \
    ({                                                                         \
        uint64_t count;                                                        \
        __asm__ volatile("bench_" #kind "_c%=: rdinstret %0"                   \
                         : "=r"(count)::"memory");                             \
        count;                                                                 \
    })
#define COUNT_BEGIN() COUNT_AT(begin)
#define COUNT_END() COUNT_AT(end)
#endif

#endif
