/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_DISK_PUPPET_H
#define CHITIN_TEST_USER_DISK_PUPPET_H
/*
 * A child that makes the calls it is told to make, on this hart or another, on
 * an account of its own, and says what came of them.
 */
#include "test/user/disks.h"
#include "test/user/harts.h"

#define NUMBER(number, name, path, arguments, meaning) CALL_##name = (number),
enum { CALL_TABLE(NUMBER) };
#undef NUMBER

#define PUPPET_PAGES 64

struct puppet {
    uint64_t parent;
    volatile uint64_t asked;
    volatile uint64_t done;
    uint64_t number;
    uint64_t argument[6];
    uint64_t batch; /* its batch word 0 */
    int64_t result;
    volatile uint64_t posted; /* of its ring, when it last looked */
};

#define PUPPET ((volatile struct puppet *)SHARED)

extern struct child puppet;

/* The page at SHARED, and the slots of hart 0; how many harts there are. */
uint64_t puppet_open(void);

/* A new one. It may read and write what has the parent's guard, and has control
   on it, if it is `trusted` (entry 4 of its list). */
void puppet_make(uint64_t hart, bool trusted);

/* Makes it call. */
int64_t puppet_call(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                    uint64_t a3, uint64_t a4);

/* The same, and goes on before it is done; and waits for that. */
void puppet_ask(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2,
                uint64_t a3, uint64_t a4);
int64_t puppet_answer(void);

#endif
