/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_CALL_NUMBERS_H
#define CHITIN_ABI_CALL_NUMBERS_H
/* Numbers of the calls that assembly makes; kern/syscall.c asserts them. */
#define CALL_MAX 64

#define CALL_NULL 0
#define CALL_RESUME 1
#define CALL_YIELD 20
#define CALL_PCT_CALL 26
#define CALL_PCT_SEND 27
#define CALL_PCT_RETURN 28
#define CALL_SLEEP 38
#define CALL_NOTIFY 40
#define CALL_SLEEP_UNTIL 50

#endif
