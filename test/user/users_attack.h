/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_USERS_ATTACK_H
#define CHITIN_TEST_USER_USERS_ATTACK_H
/* What a process can try with what is another's, by calls to the kernel: with
   each entry of its list that is not a child's. */
#include <stdint.h>

#include "kern/abi/information.h"

struct users_count {
    unsigned refused;
    unsigned got; /* what nobody may */
};

static const volatile struct env_row *const users_envs =
    (const volatile struct env_row *)INFORMATION_ENVS;

/* The account of an env; 0 if there is no such env. */
uint32_t users_account(uint32_t env);

/* An answer of the kernel's to what is not allowed. */
void users_result(struct users_count *count, int64_t result, const char *what);

/* One frame. After users_attack_env. */
void users_attack_frame(struct users_count *count, uint64_t cap,
                        uint64_t frame);

/* The env itself, its slots and gates, and each frame that it owns. */
void users_attack_env(struct users_count *count, uint32_t env);

/* What is the system's: the console's input, accounts, the machine, the text of
   the libOS. */
void users_attack_machine(struct users_count *count);

/* Blocks of other trees that are in the registry, their nodes, and the
   catalogue. In a domain with a disk (users_disk.c). */
void users_attack_disk(struct users_count *count);

#endif
