/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_BENCH_BENCH_H
#define CHITIN_BENCH_BENCH_H
/*
 * What the files of the benchmark share. A measurement is a function NAME(void)
 * that returns what one run of it counted, `overhead` included; its row is in
 * budgets.h.
 */
#include <stdio.h>

#include "lib/exo/exo.h"
#include "test/bench/budgets.h"

#define NUMBER(number, name, path, arguments, meaning) CALL_##name = (number),
enum { CALL_TABLE(NUMBER) };

/* In assembly (primitives.S). bench_result is what the call returned. */
uint64_t bench_nothing(void);
uint64_t bench_null(void);
uint64_t bench_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                    uint64_t a3, uint64_t a4);
uint64_t bench_call6(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                     uint64_t a3, uint64_t a4, uint64_t a5);
uint64_t bench_pct(uint64_t binding, struct uarea *uarea, uint64_t *roundtrip);
void bench_gate(void);
uint64_t bench_ebreak(uint64_t *roundtrip);
uint64_t bench_load(uint64_t *roundtrip);
uint64_t bench_illegal(uint64_t *roundtrip);
void bench_handler(void);
void bench_prologue(void);
void bench_slice(uint64_t end);
void bench_slice_child(void);
uint64_t bench_gap(uint64_t end);
extern int64_t bench_result;

/* Where slice_switch and the other env meet: the page at SHARED. primitives.S
   knows where what lies. */
struct slice {
    uint64_t parent;
    uint64_t stopped; /* the count when the parent was last seen to run */
    uint64_t least;
    uint64_t spin; /* whether the child is to look for the ends of slices */
};

/* What counting costs; how many operations one run did, 1 unless it says. */
extern uint64_t overhead;
extern unsigned operations;

/* What all operations cost, by operation. */
uint64_t per(unsigned count, uint64_t cost);

/* Page tables: 64 places of the window that the child module opened, and 64
   frames of one guard. */
#define PLACE 128
#define PLACES 64
#define LEAF(frame) ((frame) << 10 | 0xc6) /* D, A, W, R */
#define WRITE 0x4

extern uint64_t window;
extern uint64_t bench_page; /* at SHARED, of each env here */
extern uint64_t frames[PLACES];

/* Maps the first `count` frames at the places; what it cost. */
uint64_t map_count(uint64_t count);

/* Complains if the call that was measured did not return `wanted`. */
void want(const char *name, int64_t wanted);

/* For kernel_longest: makes the call and counts it; its result. */
int64_t timed(const char *what, uint64_t number, uint64_t a0, uint64_t a1,
              uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);

/* The same, and it must return that. */
#define TIMED(wanted, what, call, ...)                                         \
    do {                                                                       \
        (void)timed(what, CALL_##call, __VA_ARGS__);                           \
        want(#call " (" what ")", (int64_t)(wanted));                          \
    } while (0)

/* Notes what a call took; EDGE is no call, but the end of a slice. */
#define EDGE CALL_MAX
void row_note(unsigned row, const char *what, uint64_t count);

/* What the calls on downloaded code take, and those on disks. */
void longest_code(void);
void longest_disk(void);

#define DECLARE(name, budget, what) uint64_t name(void);
PRIMITIVE_BUDGETS(DECLARE)
REVOCATION_BUDGETS(DECLARE)
DISK_BUDGETS(DECLARE)
LONGEST_BUDGETS(DECLARE)

#endif
