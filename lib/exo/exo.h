/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_EXO_H
#define CHITIN_LIB_EXO_EXO_H
/*
 * The thin floor under every libOS: start-up on picolibc, upcalls to C. No
 * policy: what a fault means is for the handler that the libOS sets.
 */
#include "kern/abi/layout.h"
#include "kern/abi/uarea.h"
#include "lib/exo/call.h"

/* What the program was given at its start. */
extern uint64_t exo_root; /* page number of the root page table */
extern uint64_t exo_id;
extern struct uarea *exo_uarea;
extern const void *exo_archive; /* the archive of programs, or NULL */
extern size_t exo_archive_size;
extern uint64_t exo_cap;      /* the capability for memory of its own */
extern uint64_t exo_argument; /* what the creator had to say; else 0 */

/* Called for each exception, with the interrupted registers that the kernel
   saved (pc, t0, t1, a7, cause, value) in uarea->level[LEVEL_EXCEPTION]; on
   return the program goes on at that pc. The default prints and exits. Runs
   on the interrupted stack; faults in it are double faults. */
extern void (*exo_exception_handler)(struct uarea *uarea);

/*
 * Gives the hart to env `id`, which goes on at its prologue, and returns 0 when
 * somebody gives it back; or the negative of an error at once. `uarea` is the
 * caller's own. Needs exo_prologue as prologue entry.
 */
int64_t exo_yield(uint64_t id, struct uarea *uarea);

/*
 * Calls the gate of `binding` with one argument, and returns what it returns;
 * or the negative of an error. Trusts the callee with nothing but the result:
 * the registers that C preserves are saved here. Uses own[0] of the U-area and
 * its return entry: one call at a time.
 */
int64_t exo_call(uint64_t binding, struct uarea *uarea, uint64_t argument);

/* Makes what the program has written be seen by instruction fetch: on this
   hart, and on every other on which the env runs. */
static inline void
exo_code_fence(void)
{
    sys_code_fence();
}

/* Makes the storage of a thread, EXO_TLS_SIZE bytes aligned to 16, what it is
   when one begins. Its address is then the thread's tp. */
void exo_tls_init(void *tls);
extern const char __tls_size[]; /* program.ld: no address, but a number */
#define EXO_TLS_SIZE ((size_t)__tls_size)

/* The prologue entry that goes with exo_yield. In assembly; not to be called.
 */
void exo_prologue(void);

#endif
