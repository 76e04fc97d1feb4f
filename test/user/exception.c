/* SPDX-License-Identifier: MIT */
/*
 * Exceptions reach the env's handler with every register as it was, and resume
 * goes back to where the handler says, with every register as it was.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/exo/exo.h"

#define BREAKPOINT 3
#define ILLEGAL 2
#define LOAD_FAULT 13
#define STORE_FAULT 15

static unsigned seen;
static uint64_t cause;
static uint64_t value;

static void
handler(struct uarea *uarea)
{
    struct level *level = &uarea->level[LEVEL_EXCEPTION];

    seen++;
    cause = level->cause;
    value = level->value;
    level->pc += 4; /* every instruction at fault here is four bytes long */
}

static void
expect(const char *what, uint64_t wanted)
{
    if (cause != wanted) {
        printf("test: %s: cause %lu, wanted %lu\n", what, cause, wanted);
        exit(EXIT_FAILURE);
    }
}

/* Fills every register that a program has with a value of its own, traps, and
   counts those that changed. In assembly, in test/user/registers.S. */
unsigned registers_check(void);

int
main(void)
{
    exo_exception_handler = handler;

    __asm__ volatile(".option push; .option norvc; ebreak; .option pop");
    expect("ebreak", BREAKPOINT);
    __asm__ volatile(".word 0xffffffff");
    expect("illegal instruction", ILLEGAL);
    __asm__ volatile(
        ".option push; .option norvc; ld t2, 8(zero); .option pop" ::
            : "t2");
    expect("load", LOAD_FAULT);
    if (value != 8) {
        printf("test: fault address 0x%lx, wanted 8\n", value);
        return EXIT_FAILURE;
    }
    __asm__ volatile(
        ".option push; .option norvc; sd zero, 0(%0); .option pop" ::"r"(main));
    expect("store to text", STORE_FAULT);
    __asm__ volatile(
        ".option push; .option norvc; ld t2, 0(%0); .option pop" ::"r"(
            0xffffffffc0000000)
        : "t2");
    expect("load from the kernel's half", LOAD_FAULT);
    if (seen != 5) {
        printf("test: %u exceptions, wanted 5\n", seen);
        return EXIT_FAILURE;
    }
    if (registers_check() != 0) {
        printf("test: %u registers changed\n", registers_check());
        return EXIT_FAILURE;
    }
    printf("test: exceptions ok\n");
    return 0;
}
