/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_ATTACK_H
#define CHITIN_TEST_USER_ATTACK_H
/* What the halves of the attack test share. */
#include "kern/abi/account.h"
#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "test/user/child.h"
#include "test/user/expect.h"

#define BOOT ((const volatile struct information *)INFORMATION_BOOT)

struct shared {
    volatile uint64_t victim;  /* how far it came */
    volatile uint64_t other;   /* the one beside it */
    volatile uint64_t entered; /* the gate, how often */
    volatile uint64_t open;    /* the gate lets its callers go */
    volatile uint64_t callee;
    volatile int64_t result;
    volatile uint64_t excess;
    volatile uint64_t epilogues; /* assembly knows where this is */
};

#define SHARED_PAGE ((struct shared *)SHARED)

extern uint64_t page; /* that all envs share */
extern uint64_t far;  /* the hart of the victims */

/* An env beside the victims, which must have had time when it is ended. */
void other_begin(void);
void other_end(void);

/* A victim with slots `first` to `last` of each eight, and one that counts. */
struct child victim_begin(void (*run)(struct uarea *uarea), uint64_t first,
                          uint64_t last);
void spin_victim(struct uarea *uarea);

/* Bad arguments, in attack_arguments.c. */
void arguments(void);

#endif
