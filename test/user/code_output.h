/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_CODE_OUTPUT_H
#define CHITIN_TEST_USER_CODE_OUTPUT_H
/* Compiled code in an env: written into pages that can be written, which then
   become pages that can be executed, and are fenced; never both. */
#include "kern/code/compile.h"

/* Compiles into the one place that there is, exactly, and makes it run. */
code_entry code_output_make(struct code_compiler *c,
                            const struct code_verifier *v,
                            const uint64_t *helpers);

/* Before the next. */
void code_output_end(const struct code_compiler *c);

#endif
