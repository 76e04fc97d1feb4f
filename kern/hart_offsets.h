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
#define HART_PHASE 88
#define HART_FLOAT 96
#define HART_SLOT 104
#define HART_EDGE 112
#define HART_ALARM 120
#define HART_TIMER_FAST 128
#define HART_NEXT 136
#define HART_VECTOR 144
#define HART_SLOT_TICKS 152
#define HART_GRACE_TICKS 160
#define HART_FRESH 168
#define HART_GRACE_END 176
#define HART_CALLS 184
#define HART_FUNCTIONS 696
#define HART_REGISTERS 1208

/* Phases: a slice runs; its epilogue does, or did until just now, on a hart
   that trap.S may set the timer of; the same on one that it may not. */
#define PHASE_SLICE 0
#define PHASE_GRACE 1
#define PHASE_GRACE_SLOW 2

/* What interrupt_user wants done with the program that was interrupted. */
#define USER_CONTINUE 0
#define USER_EVENT 1
#define USER_EPILOGUE 2
#define USER_FORCE 3

/* Offsets into struct context; kern/env.c asserts them. */
#define CONTEXT_ID 0
#define CONTEXT_SATP 8
#define CONTEXT_UAREA 16
#define CONTEXT_ENV 24
#define CONTEXT_BINDINGS 32
#define CONTEXT_CALLER 40
#define CONTEXT_FORFEITS 48

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

/* Ids of envs (kern/env.h); kern/env.c asserts the number of rows. */
#define ENV_ROWS 256
#define ENV_INDEX_SHIFT 20
/* Errors that assembly returns; kern/syscall.c asserts them. */
#define ERROR_ESRCH 3
#define ERROR_EAGAIN 11
#define ERROR_EBUSY 16
#define ERROR_EINVAL 22
#define ERROR_ENOSYS 38

#endif
