/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_CHITIN_BPF_TARGET_H
#define CHITIN_TEST_HOST_CHITIN_BPF_TARGET_H
/* A program of chitin-bpf on the target: compiled here, run by QEMU. */
#include "kern/code/compile.h"
#include "test/host/code_run.h"

/* Compiles the program that `v` has passed, and runs it with the memory, fuel
   and first two arguments of `run`, on a machine of its own. Returns how it
   ended, with r0 set; or CODE_RUNNING if that did not come to an answer, with a
   reason. */
enum code_stop target_run(struct code_verifier *v, struct code_run *run,
                          const char **reason);

#endif
