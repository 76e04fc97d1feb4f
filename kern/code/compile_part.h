/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CODE_COMPILE_PART_H
#define CHITIN_KERN_CODE_COMPILE_PART_H
/*
 * What the parts of the compiler share: compile.c has the passes and jumps,
 * compile_call.c functions and calls, compile_access.c loads, stores and atomic
 * operations, compile_arithmetic.c the rest.
 *
 *   r0          a0        result of the program, of a function, of a helper
 *   r1 to r5    a1 to a5  arguments
 *   r6 to r9    s2 to s5
 *   r10         never itself: t5 has the frame's real upper end
 *
 *   a6          where the memory really is
 *   t3 t4 t5    context, fuel, frame; s6 s8 s7 if the program calls helpers
 *   t0          the address of an access
 *   t1          its value, or any other
 *   t2          where one of the routines returns to
 *   a7 t6       nothing for longer than a few instructions
 */
#include "kern/code/emit.h"
#include "kern/code/price.h"

/* What lies between the program's entry and its body, if it is used: ways out,
   and accesses byte by byte. c->uses has a bit for each, and more. */
enum routine {
    ROUTINE_ACCESS, /* in the order of enum code_stop */
    ROUTINE_ALIGNMENT,
    ROUTINE_FUEL,
    ROUTINE_HELPER,
    ROUTINE_LOAD, /* of 2, 4, 8 bytes */
    ROUTINE_STORE = ROUTINE_LOAD + 3,
    ROUTINES = ROUTINE_STORE + 3,
    USES_MEMORY = ROUTINES, /* it has accesses to it */
    USES_FUEL,
    USES_LOCAL /* it has functions */
};
#define USES_STOP                                                              \
    (1U << ROUTINE_ACCESS | 1U << ROUTINE_ALIGNMENT | 1U << ROUTINE_FUEL |     \
     1U << ROUTINE_HELPER)

_Static_assert(ROUTINES <=
                   sizeof((struct code_compiler){0}.routine) / sizeof(uint32_t),
               "each has its place");

/* A slot that branches, to a place that is not near. */
#define COMPILE_FAR 128U

/* A compare-and-exchange that others disturb so often ends the program. */
#define COMPILE_RETRIES 16

/* Where the context has a field. */
#define CONTEXT(field) ((int64_t)offsetof(struct code_context, field))

static inline bool
compile_uses(const struct code_compiler *c, unsigned what)
{
    return (c->uses >> what & 1) != 0;
}

/* Of r0 to r9. */
static inline unsigned
register_of(unsigned number)
{
    return number <= CODE_ARGUMENTS ? A0 + number : S2 - 6 + number;
}

static inline unsigned
register_destination(const struct code_instruction *i)
{
    return register_of(code_destination(i));
}

/* The logarithm of an access's size. */
static inline unsigned
access_order(const struct code_instruction *i)
{
    unsigned size = code_access_size(i);

    return size == 8 ? 3 : size / 2;
}

/* Where the value of a register is; r10's is computed into `scratch`, over t6.
 */
unsigned value_get(struct code_compiler *c, unsigned number, unsigned scratch);

/* What is known of the function of a slot. */
static inline struct code_note *
compile_function(const struct code_compiler *c, uint32_t at)
{
    return &c->notes[c->notes[at].function];
}

/* What was emitted since `begin` takes no more than its price, and in loops so
   many instructions beyond its words. */
void compile_pay(struct code_compiler *c, uint32_t begin, uint32_t loops,
                 uint32_t price);

/* Takes fuel; what is missing makes it negative. */
void compile_fuel(struct code_compiler *c, uint32_t amount);

/* Ends the program that way if the condition holds. */
void emit_stop_if(struct code_compiler *c, uint32_t operation, unsigned a,
                  unsigned b, enum routine stop);

/* One instruction of the program. */
void compile_arithmetic(struct code_compiler *c,
                        const struct code_instruction *i);
void compile_access(struct code_compiler *c, uint32_t at);

/* What is before the slots: the first function's entry, ways out, routines. */
void compile_head(struct code_compiler *c);

/* The entry of a function that is called, before its first slot. */
void compile_enter(struct code_compiler *c, uint32_t at);
void compile_exit(struct code_compiler *c, uint32_t at);
void compile_local(struct code_compiler *c, uint32_t at);
void compile_helper(struct code_compiler *c, uint32_t at);

/* The survey's part for an access: the routines that it may need. */
uint32_t access_uses(const struct code_compiler *c, uint32_t at);

/* Emits the routine for accesses byte by byte. */
void access_routine(struct code_compiler *c, enum routine routine);

#endif
