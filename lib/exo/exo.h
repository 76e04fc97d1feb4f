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
   on the interrupted stack, or on that whose end is in own word
   OWN_EXCEPTION_STACK (own.h) if that is not 0; faults in it are double faults.
 */
extern void (*exo_exception_handler)(struct uarea *uarea);

/* Called for double faults, in the same way, if exo_double_entry is the entry
   for them, which by default it is not: on the stack of the handler in which
   they came; or, where the program has masked events itself, on that of
   exceptions, if there is one. */
extern void (*exo_double_handler)(struct uarea *uarea);

/* Called for events, in the same way, with the interrupt level masked and what
   was interrupted in uarea->level[LEVEL_INTERRUPT]; on return the program goes
   on. The handler takes the bits of `pending` that it sees, in one step. The
   default takes them and forgets them. No handler may
   yield, sleep, call or fault. */
extern void (*exo_event_handler)(struct uarea *uarea);

/* Puts code, and data, where program.ld keeps what handlers need: on pages that
   can be guaranteed (pager.h). */
#define EXO_RESIDENT __attribute__((section(".text.exo_resident")))
#define EXO_RESIDENT_DATA __attribute__((section(".data.exo_resident")))

/* Makes a U-area enter lib/exo for everything. Events are handled on a stack of
   their own, aligned to 16, which ends there. */
void exo_uarea_init(struct uarea *uarea, void *event_stack_end);

/*
 * Gives the hart to env `id`, which goes on at its prologue, or to whoever is
 * next if that is 0, and returns 0 when the hart is given back; or the negative
 * of an error at once. `uarea` is the caller's own. Needs exo_prologue as
 * prologue entry.
 */
int64_t exo_yield(uint64_t id, struct uarea *uarea);

/* Gives the hart away until an event is pending; at once if one is. If the
   interrupt level is masked it stays so, and the bits of `pending` are the
   caller's to take: so nothing is missed between a look at what it waits for
   and this. */
int64_t exo_sleep(struct uarea *uarea);

/* The same, or until a predicate of the caller's holds (sys_sleep_until): 1 if
   it held at once, 0 when the env is awake for whatever reason: to look again,
   one calls again; or the negative of an error at once. */
int64_t exo_sleep_until(uint64_t cap, uint64_t code, uint64_t page,
                        uint64_t argument, struct uarea *uarea);

/* Makes a binding, as sys_gate_bind, until it is done; and remembers whose gate
   it leads to, which exo_call needs to go on waiting. */
int64_t exo_bind(struct uarea *uarea, uint64_t cap, uint64_t env, uint64_t gate,
                 uint64_t binding);

/*
 * Calls the gate of `binding` with one argument, and returns what it returns;
 * or the negative of an error. Trusts the callee with nothing but the result:
 * the registers that C preserves are saved here. Slices that come meanwhile are
 * given to the callee. One call at a time on a hart.
 */
int64_t exo_call(uint64_t binding, struct uarea *uarea, uint64_t argument);

/* Gives the rest of this slice to the gate of `binding`, with one argument, and
   waits for nothing: 0 when the hart is given back, as with exo_yield; or the
   negative of an error at once. */
int64_t exo_send(uint64_t binding, struct uarea *uarea, uint64_t argument);

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

/*
 * sys_batch until all `count` entries are done (0), or one has failed: its
 * error, and in uarea->batch_next the index of its header's word. An entry that
 * itself says -EAGAIN counts as failed. In *done, how many succeeded. `uarea`
 * is the caller's own on this hart.
 */
int64_t exo_batch(struct uarea *uarea, uint64_t first, uint64_t count,
                  uint64_t *done);

/* The entries that go with these. In assembly; not to be called. */
void exo_prologue(void);
void exo_epilogue(void);
void exo_exception_entry(void);
void exo_double_entry(void);
void exo_event_entry(void);

#endif
