/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_CODE_CODE_H
#define CHITIN_LIB_CODE_CODE_H
/*
 * Makes downloaded code (kern/abi/code.h): out of text, and out of the object
 * files of `clang -target bpf`; and text out of code. Nothing here is trusted:
 * the kernel looks at the program for itself.
 *
 * The text is LLVM's, a line for an instruction; r1 is a register, w1 its lower
 * half:
 *
 *   r1 = r2 | w1 = 5 | r1 = (s8)r2 | r1 = -r1 | r1 = 0x123456789 ll
 *   r1 += r2 | w1 s>>= 3        -= *= /= s/= %= s%= |= &= ^= <<= >>=
 *   r1 = be16 r1                le bswap; 16 32 64
 *   r1 = *(u32 *)(r2 + 4)       u8 u16 u32 u64 s8 s16 s32
 *   *(u32 *)(r1 - 4) = r2 | *(u32 *)(r1 - 4) = 7
 *   lock *(u64 *)(r1 + 0) += r2                      |= &= ^=; u32 with w2
 *   r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)       or and xor; u32 with w2
 *   r2 = xchg_64(r1 + 0, r2) | r0 = cmpxchg_64(r1 + 0, r0, r2)
 *   w2 = xchg32_32(r1 + 0, w2) | w0 = cmpxchg32_32(r1 + 0, w0, w2)
 *   if r1 s>= r2 goto label     == != > >= < <= s> s< s<= &; also w1, numbers
 *   goto label | gotol label | call label | call 7 | exit
 *
 * `label:` stands on a line of its own or before an instruction; instead of a
 * label there may be a distance, with its sign, in slots from the next one.
 * `call 7` calls helper 7. A semicolon separates like a new line; # begins a
 * comment.
 */
#include "kern/abi/code.h"

/* What is wrong with a text or file, and where in it. */
struct code_error {
    const char *fault;
    uint32_t line; /* of the text, from 1 on; of an object 0 */
};

/* Assembles into at most `room` slots. Returns how many it took, or -1 with
 *error set. */
int64_t code_assemble(const char *text, struct code_instruction *program,
                      uint32_t room, struct code_error *error);

/* Writes the instruction `at` as text, cut to `size` bytes with the closing
   zero. Returns how many slots it is, 0 if there is no such instruction. */
uint32_t code_disassemble(const struct code_instruction *program,
                          uint32_t count, uint32_t at, char *text, size_t size);

/*
 * Takes a program out of a relocatable file: the section of that name, or the
 * one that has the function of that name, or without a name (NULL) the first
 * executable one that is not .text, or .text. It is entered at that function,
 * else at the first global one in the section. Local calls are bound, also into
 * other sections, which come along; what refers to a map, to data or to what is
 * not in the file is refused. Returns the number of slots or -1 with *error
 * set.
 */
int64_t code_object_load(const void *file, size_t size, const char *name,
                         struct code_instruction *program, uint32_t room,
                         struct code_error *error);

/* What the reason of a verifier means. */
const char *code_fault_text(enum code_fault fault);

#endif
