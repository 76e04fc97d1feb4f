/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_CALL_H
#define CHITIN_LIB_EXO_CALL_H
/*
 * A stub for each kernel call, sys_NAME, made from the call table; what each
 * does and which errors it gives is in docs/calls.md. A call clobbers what the
 * stub says; s0 to s11, ra, sp, gp, tp stay.
 */
#include "kern/abi/call.h"
#include "kern/abi/error.h"
#include "kern/abi/types.h"

#define CALL_CLOBBERS "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a6", "memory"

/* NOLINTBEGIN(readability-function-size): all in registers. */
static inline int64_t
call_raw(uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3,
         uint64_t x4, uint64_t x5)
{
    register uint64_t a0 __asm__("a0") = x0;
    register uint64_t a1 __asm__("a1") = x1;
    register uint64_t a2 __asm__("a2") = x2;
    register uint64_t a3 __asm__("a3") = x3;
    register uint64_t a4 __asm__("a4") = x4;
    register uint64_t a5 __asm__("a5") = x5;
    register uint64_t a7 __asm__("a7") = number;

    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4),
                       "+r"(a5), "+r"(a7)
                     :
                     : CALL_CLOBBERS);
    return (int64_t)a0;
}
/* NOLINTEND(readability-function-size) */

#define ARGUMENTS_0() (void), 0, 0, 0, 0, 0, 0
#define ARGUMENTS_1(t0, n0) (t0 n0), n0, 0, 0, 0, 0, 0
#define ARGUMENTS_2(t0, n0, t1, n1) (t0 n0, t1 n1), n0, n1, 0, 0, 0, 0
#define ARGUMENTS_3(t0, n0, t1, n1, t2, n2)                                    \
    (t0 n0, t1 n1, t2 n2), n0, n1, n2, 0, 0, 0
#define ARGUMENTS_4(t0, n0, t1, n1, t2, n2, t3, n3)                            \
    (t0 n0, t1 n1, t2 n2, t3 n3), n0, n1, n2, n3, 0, 0
#define ARGUMENTS_5(t0, n0, t1, n1, t2, n2, t3, n3, t4, n4)                    \
    (t0 n0, t1 n1, t2 n2, t3 n3, t4 n4), n0, n1, n2, n3, n4, 0
#define ARGUMENTS_6(t0, n0, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)            \
    (t0 n0, t1 n1, t2 n2, t3 n3, t4 n4, t5 n5), n0, n1, n2, n3, n4, n5

#define STUB_MAKE(number, name, parameters, x0, x1, x2, x3, x4, x5)            \
    static inline int64_t sys_##name parameters                                \
    {                                                                          \
        return call_raw(number, x0, x1, x2, x3, x4, x5);                       \
    }
#define STUB_EXPAND(...) STUB_MAKE(__VA_ARGS__)
#define STUB(number, name, path, arguments, meaning)                           \
    STUB_EXPAND(number, name, arguments)
CALL_TABLE(STUB)
#undef STUB

/* The number of each call, for the entries of a batch: NUMBER_NAME. */
#define NUMBER(number, name, path, arguments, meaning) NUMBER_##name = (number),
enum { CALL_TABLE(NUMBER) };
#undef NUMBER

#endif
