/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_HART_OFFSETS_H
#define CHITIN_KERN_HART_OFFSETS_H
/* Offsets into struct hart that assembly uses; kern/hart.c asserts them. */
#define HART_SCRATCH_T1 0
#define HART_SCRATCH_A7 8
#define HART_UAREA 16
#define HART_USER_RA 24
#define HART_USER_SP 32
#define HART_USER_PC 40
#define HART_CONTEXT 48
#define HART_DIRECTORY 56
#define HART_SELF 64
#define HART_SATP 72
#define HART_FLUSH 80
#define HART_CALLS 88
#define HART_FUNCTIONS 600
#define HART_REGISTERS 1112

/* Offsets into struct context; kern/env.c asserts them. */
#define CONTEXT_ID 0
#define CONTEXT_SATP 8
#define CONTEXT_UAREA 16
#define CONTEXT_ENV 24
#define CONTEXT_BINDINGS 32
#define CONTEXT_CALLER 40

/* Offsets into struct gate and struct binding (kern/gate.h), and how many of
   the latter an env has, each 1 << BINDING_SHIFT bytes. */
#define GATE_GENERATION 0
#define BINDING_ROW 0
#define BINDING_ID 8
#define BINDING_GATE 16
#define BINDING_GENERATION 24
#define BINDING_ENTRY 32
#define BINDING_SHIFT 6
#define BINDINGS_MAX 16

/* Ids of envs (kern/env.h). */
#define ENVS_MAX 256
#define ENV_INDEX_SHIFT 20
/* Errors that assembly returns; kern/syscall.c asserts them. */
#define ERROR_ESRCH 3
#define ERROR_EBUSY 16
#define ERROR_EINVAL 22
#define ERROR_ENOSYS 38

#endif
