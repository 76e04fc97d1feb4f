/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_SYSCALL_H
#define CHITIN_KERN_SYSCALL_H
/*
 * The kernel's side of the call table: the prototype of each call done in C,
 * sys_NAME. They run on the caller's hart with no lock held; their result, or
 * the negative of an error, is what the env gets. An error changes nothing.
 */
#include "kern/abi/call.h"
#include "kern/abi/types.h"
#include "kern/hart.h"

#define ARGUMENTS_0() void
#define ARGUMENTS_1(t0, n0) t0 n0
#define ARGUMENTS_2(t0, n0, t1, n1) t0 n0, t1 n1
#define ARGUMENTS_3(t0, n0, t1, n1, t2, n2) t0 n0, t1 n1, t2 n2
#define ARGUMENTS_4(t0, n0, t1, n1, t2, n2, t3, n3) t0 n0, t1 n1, t2 n2, t3 n3
#define ARGUMENTS_5(t0, n0, t1, n1, t2, n2, t3, n3, t4, n4)                    \
    t0 n0, t1 n1, t2 n2, t3 n3, t4 n4
#define ARGUMENTS_6(t0, n0, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)            \
    t0 n0, t1 n1, t2 n2, t3 n3, t4 n4, t5 n5

#define PROTOTYPE_FAST(name, ...)
#define PROTOTYPE_CALL(name, ...) int64_t sys_##name(__VA_ARGS__);
#define PROTOTYPE_ALONE(name, ...) int64_t sys_##name(__VA_ARGS__);
#define PROTOTYPE(number, name, path, arguments, meaning)                      \
    PROTOTYPE_##path(name, arguments)
CALL_TABLE(PROTOTYPE)
#undef PROTOTYPE

#define NUMBER(number, name, path, arguments, meaning) NUMBER_##name = (number),
enum { CALL_TABLE(NUMBER) };
#undef NUMBER

/* Fills the hart's table of ways into the kernel, by call number. */
void syscall_init_hart(struct hart *hart);

#endif
