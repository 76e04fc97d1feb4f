/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CODE_COMPILE_H
#define CHITIN_KERN_CODE_COMPILE_H
/*
 * Compiles a verified program to RV64IMA, for the kernel to call as a C
 * function. Like the verifier it allocates nothing and takes a bounded number
 * of bounded steps. What it emits is position-independent, in words of 32 bits;
 * what makes it safe opens compile.c.
 *
 * The program never sees an address of the kernel's: its memory begins at
 * CODE_MEMORY_ADDRESS, its stack ends at CODE_STACK_END, wherever they really
 * are. So what it computes depends on what it is given, not on where that lies.
 *
 *     0x800            0x800 + size       0x40000000 - stack   0x40000000
 *     |     memory     |                  |        stack       |
 *
 * W^X, fences and where the output lies are the caller's: nothing may run it
 * before -EAGAIN has become 0 and instruction fetch sees the words.
 */
#include "kern/code/verify.h"

/* Bytes that a run takes on the caller's own stack, with all that it saves;
   what helpers take comes to that. */
#define CODE_COMPILE_STACK 512

/*
 * What a run works on; the kernel's alone, one for each run under way. Made by
 * code_context_begin. Helpers may change memory, size and fuel with the
 * functions below, and set `stop`.
 */
struct code_context {
    uint64_t limit[4]; /* at how many places 1, 2, 4, 8 bytes can begin */
    uint8_t *memory;   /* where it really is: readable, and writable if the use
                          is not read-only; any alignment (but see below) */
    uint8_t *stack;    /* the byte behind the stack, a multiple of 8 */
    uint8_t *bottom;   /* the running frame's lowest byte, in a helper */
    int64_t fuel;      /* in: what there is, beyond what the first function
                          costs; out: what is left, after an exit */
    uint64_t stop;     /* 0; what a helper puts here ends the run, and is the
                          result's stop: CODE_STOP_HELPER or above */
    uint64_t kept;     /* the compiled code's own */
};

/* In a0 and a1. `value` is r0 if stop is CODE_STOP_EXIT, else 0. */
struct code_result {
    uint64_t value;
    uint64_t stop; /* enum code_stop, or from a helper */
};

/*
 * The output's first word, as a C function. Pass the arguments of the use in r1
 * to r5 and 0 for those that are absent; the pointer is CODE_MEMORY_ADDRESS.
 * Takes no lock, and runs with whatever the caller holds.
 */
typedef struct code_result (*code_entry)(struct code_context *context,
                                         uint64_t r1, uint64_t r2, uint64_t r3,
                                         uint64_t r4, uint64_t r5);

/*
 * A helper; those after the last argument of its row in the use hold anything.
 * Addresses that it gets are the program's: code_context_bytes finds what they
 * mean, and is the only way from them to bytes. A helper's own work is in the
 * price of its row, or it takes fuel for it.
 */
typedef uint64_t (*code_helper_function)(struct code_context *context,
                                         uint64_t r1, uint64_t r2, uint64_t r3,
                                         uint64_t r4, uint64_t r5);

/* The memory, of at most CODE_MEMORY_MAX bytes; NULL and 0 if there is none.
   Atomic operations and plain ones look at the alignment of the real address:
   the program sees the same if `memory` is a multiple of 8. */
static inline void
code_context_memory(struct code_context *context, void *memory, uint64_t size)
{
    context->memory = memory;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t beyond = (1U << i) - 1;

        context->limit[i] = size > beyond ? size - beyond : 0;
    }
}

/* `stack` has at least the bytes that the verifier said, and ends at a multiple
   of 8; the program finds its part zeroed, whatever was there. */
static inline void
code_context_begin(struct code_context *context, void *stack, uint32_t size,
                   int64_t fuel)
{
    context->stack = (uint8_t *)stack + size;
    context->bottom = context->stack;
    context->fuel = fuel;
    context->stop = 0;
    code_context_memory(context, NULL, 0);
}

/* For a helper: the bytes at an address of the program's, in its memory or on
   its stack, NULL if not all of them are. Whether it may write to the memory is
   for the use to know. */
static inline uint8_t *
code_context_bytes(const struct code_context *context, uint64_t address,
                   uint64_t size)
{
    uint64_t bytes = context->limit[0];
    uint64_t at = address - CODE_MEMORY_ADDRESS;
    uint64_t below = CODE_STACK_END - address;
    uint64_t height = (uint64_t)(context->stack - context->bottom);

    if (size <= bytes && at <= bytes - size) {
        return context->memory + at;
    }
    return below <= height && size <= below ? context->stack - below : NULL;
}

/* An upper bound for the output of a program of so many slots, in words; what
   it takes is known before the first word is written. All of it is in reach of
   one jump. */
#define CODE_COMPILE_WORDS(count) (192 + 40 * (uint32_t)(count))
_Static_assert(CODE_COMPILE_WORDS(CODE_INSTRUCTIONS_MAX) * 4 < 1 << 20,
               "a jump leads everywhere");

/* The most steps for a program of so many slots: four looks at each, and one
   at what is before the first. */
#define CODE_COMPILE_STEPS(count) (4 * ((uint64_t)(count) + 1))

struct code_compiler {
    const struct code_instruction *program;
    const struct code_use *use;
    struct code_note *notes;
    const uint64_t *helpers;
    uint32_t *output;
    uint32_t capacity; /* words */
    uint32_t count;
    uint32_t stack;  /* bytes; as the verifier said */
    uint32_t length; /* result: words */
    /* The rest is the compiler's own. */
    uint32_t spare; /* words of a slot that its longest way does not run */
    uint32_t pass;
    uint32_t at;
    uint32_t uses;
    uint32_t saves;
    uint32_t rough;
    uint32_t routine[12];
    uint8_t context;
    uint8_t frame;
    uint8_t fuel;
};

/*
 * Begins with the program that `v` has found good. `helpers` has the address of
 * a code_helper_function for each row of the use, which is 32 bits with their
 * sign, as those in the kernel's image are; NULL if there is none. The
 * output is word-aligned. It changes `state` and `waiting` of the notes and a
 * bit of `marks`, which are free once the program is verified: notes are not
 * verified twice, nor compiled twice, without code_verify_begin in between.
 */
void code_compile_begin(struct code_compiler *c, const struct code_verifier *v,
                        uint32_t *output, uint32_t capacity,
                        const uint64_t *helpers);

/*
 * Takes up to `steps` steps. Returns 0 when the output is complete, -EAGAIN if
 * there is more to do, -ENOSPC if `capacity` is too small: then nothing was
 * written, `length` says what is needed, and code_compile_step goes on after
 * output and capacity were set to something larger. -EINVAL would mean that the
 * compiler broke a rule of its own: the output must not run. A step costs at
 * most some 3,000 instructions, most of them 300.
 */
int code_compile_step(struct code_compiler *c, uint32_t steps);

#endif
