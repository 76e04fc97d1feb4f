/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CODE_PRICE_H
#define CHITIN_KERN_CODE_PRICE_H
/*
 * What instructions of a program cost in fuel: at least as many instructions of
 * the machine as the compiler makes of them, on the longest way through. The
 * price is a function of the verified program and its use alone, not of what
 * the compiler found to save. So programs that are kept on disks end the same
 * for ever, and the interpreter stops where compiled code does. Who changes a
 * price changes what such programs may do; the compiler refuses its own output
 * (-EINVAL) if that is dearer than its price.
 *
 * For slots of programs that code_verify_step has found good.
 */
#include "kern/code/verify.h"

/* One slot, without what accesses pay that turn out to be misaligned. 0 for
   what control does not reach. */
uint32_t code_price_slot(const struct code_instruction *program,
                         const struct code_note *notes,
                         const struct code_use *use, uint32_t at);

/* An access of `size` bytes, no atomic one, to an address that is no multiple
   of it: on top of its slot, when it happens. */
static inline uint32_t
code_price_misaligned(uint32_t size)
{
    return 3 * size + 8;
}

/* Entering the function that starts there by a call: saving registers, and
   zeroing its frame. */
uint32_t code_price_entry(const struct code_note *start);

/* The slots of one function from `first` to `last`, each once. That is what a
   jump back takes from the fuel. */
uint32_t code_price_run(const struct code_instruction *program,
                        const struct code_note *notes,
                        const struct code_use *use, uint32_t first,
                        uint32_t last);

/* The whole of a function; with code_price_entry it is what a call takes. */
static inline uint32_t
code_price_function(const struct code_instruction *program,
                    const struct code_note *notes, const struct code_use *use,
                    uint32_t start)
{
    return code_price_run(program, notes, use, start,
                          start + notes[start].length - 1);
}

#endif
