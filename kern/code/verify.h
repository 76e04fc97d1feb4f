/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CODE_VERIFY_H
#define CHITIN_KERN_CODE_VERIFY_H
/*
 * Checks a downloaded program once, so that it can then run in the kernel's
 * stead. Total on any bytes; allocates nothing; takes a bounded number of
 * bounded steps, a few at a time.
 *
 * What holds of a program that passed, and whose compiler or interpreter does
 * what is said of notes below:
 *  - every instruction that runs is one that is offered, and control reaches
 *    instructions only, never the second half of one;
 *  - calls are at most CODE_DEPTH_MAX deep and their frames together within the
 *    stack of the use; a function ends in `exit` and jumps stay inside it;
 *  - no register is read before it was written;
 *  - an access is proved to lie in the frame of its function, or carries a
 *    guard; only helpers of the use's list are called;
 *  - each loop and each call takes fuel for all that it may run (price.h).
 *
 * Which helpers, arguments and stack a program gets is for the use to say.
 * Locks: none here. Program and notes must not change while they are in use,
 * so the kernel keeps them where no env can write.
 */
#include "kern/code/instruction.h"

/*
 * What is known of each slot of the program, and where the verifier works. For
 * whoever runs it:
 *  - A guard looks at the address (base register plus offset, modulo 2^64) each
 *    time: the bytes must lie in the memory that the use gives, for
 *    CODE_NOTE_MEMORY, or on the stack, from the bottom of the running call's
 *    frame to the top of the program's, for CODE_NOTE_STACK; with both, in
 *    either. Atomic operations with a guard also need an address that is a
 *    multiple of their size. An access with no guard is proved, and its base is
 *    r10.
 *  - A local call clears r0 and the frame of its function, sets r6 to r9 aside,
 *    and lowers r10 by the frame of its caller. A jump to the first slot of a
 *    function does none of that.
 *  - A slot without CODE_NOTE_REACHED is never run, and not all of it was
 *    looked at: it must not be made runnable.
 */
#define CODE_NOTE_START 1U    /* of a function */
#define CODE_NOTE_HALF 2U     /* the second slot of a 64-bit immediate */
#define CODE_NOTE_TARGET 4U   /* a jump leads here */
#define CODE_NOTE_REACHED 8U  /* control can get here */
#define CODE_NOTE_MEMORY 16U  /* guarded: in memory */
#define CODE_NOTE_STACK 32U   /* guarded: on the stack */
#define CODE_NOTE_WAITING 64U /* the verifier is to look at it */

/* In `waiting`, above the lowest bits for r6 to r9. */
#define CODE_NOTE_CALLS 16U

struct code_note {
    uint32_t state;    /* types of r0 to r9 before it; see verify.c */
    uint16_t function; /* where its function starts */
    uint16_t waiting;  /* of the first slot of a function: bits for r6 to r9
                          that it writes, and CODE_NOTE_CALLS */
    union {
        struct {             /* of the first slot of a function */
            uint16_t length; /* in slots */
            uint16_t frame;  /* in bytes, a multiple of 8 */
        };
        uint32_t price; /* of others: what those of the function before it cost
                           together (price.h) */
    };
    /* Of the first slot of a function only. */
    uint16_t stack; /* the most that it and its callers' frames take */
    uint8_t depth;  /* the most calls from the program's; 0: never called */
    uint8_t marks;  /* CODE_NOTE_ */
};

struct code_helper {
    uint32_t number;
    uint32_t arguments; /* how many it reads, from r1 on */
    uint32_t price;     /* of its own work, at most: instructions of the machine
                           from its first to its return */
    bool plain; /* it neither ends a run, nor changes fuel or memory, nor looks
                   at the stack */
};

/* What a register holds when the program begins. */
enum code_argument { CODE_ABSENT, CODE_NUMBER, CODE_POINTER };

/* What programs of one kind get. */
struct code_use {
    const struct code_helper *helpers;
    uint32_t helper_count;
    uint32_t stack; /* bytes for all frames together */
    enum code_argument arguments[CODE_ARGUMENTS];
    bool read_only; /* the memory: stores and atomic operations find only the
                       stack */
};

/* The most steps that a program of so many slots takes: six looks at each
   slot, nine for calls, and 31 for types, of which there are 30 bits. */
#define CODE_VERIFY_STEPS(count) (46 * ((uint64_t)(count) + 1))

struct code_verifier {
    const struct code_instruction *program;
    const struct code_use *use;
    struct code_note *notes;
    uint32_t count;
    uint32_t stack; /* result: bytes that the program needs */
    enum code_fault fault;
    uint32_t fault_at; /* the slot at fault */
    /* The rest is the verifier's own. */
    uint32_t pass;
    uint32_t at;
    uint32_t function;
    uint32_t waiting;
    uint32_t price;
    bool again;
};

/* Begins with a program of `count` slots, and as many notes, whatever these
   hold. `use` stays in use. */
void code_verify_begin(struct code_verifier *v,
                       const struct code_instruction *program, uint32_t count,
                       const struct code_use *use, struct code_note *notes);

/*
 * Takes up to `steps` steps. Returns 0 if the program is good, -EINVAL if it is
 * not, with fault and fault_at set, -EAGAIN if there is more to do. A step
 * costs at most some 300 instructions, and four for each helper of the use.
 */
int code_verify_step(struct code_verifier *v, uint32_t steps);

#endif
