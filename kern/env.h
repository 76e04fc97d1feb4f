/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_ENV_H
#define CHITIN_KERN_ENV_H
/*
 * Environments: what is protected from what. An env is an address space, a
 * capability list and the resources that it owns; what runs in it is the
 * libOS's business. Its record and its list lie in frames that are its own.
 *
 * An id is an index into the table of envs and a generation, so that the id of
 * an env that is gone names nobody.
 *
 * Life of an env, under its lock:
 *
 *     free entry --create--> LIVE --destroy--> DYING --steps--> free entry
 *
 * A dying env does not run again and is given nothing more; its frames go back
 * a few at a time, as the callers of destroy come again. The first env never
 * dies but with the machine.
 *
 * Switching. The kernel saves nothing of who leaves and restores nothing of
 * who comes: an env that gives the hart away has saved what it needs, and goes
 * on at its prologue, with t0 = U-area and the interrupt level masked.
 */
#include "kern/abi/uarea.h"
#include "kern/cap.h"
#include "kern/frame.h"
#include "kern/gate.h"
#include "kern/hart.h"
#include "kern/hart_offsets.h"
#include "kern/information.h"
#include "kern/lock.h"

/* An id is index << ENV_INDEX_SHIFT | generation; index 0 is not used, and
   generation 0 neither. ENVS_MAX is in kern/hart_offsets.h. */
#define FIRST_ID ((1u << ENV_INDEX_SHIFT) | 1)
#define ENV_GENERATION_MAX ((1u << ENV_INDEX_SHIFT) - 1)

/*
 * An env on one hart, laid out for transfer.S (kern/hart_offsets.h). A hart
 * finds contexts through its directory, whose rows are its own to change: a row
 * of an env that cannot run here points to a context whose id is nobody's.
 */
struct context {
    uint64_t
        id; /* the env's; NOBODY while C has to look before it is entered */
    uint64_t satp;
    struct uarea *uarea; /* in the direct map */
    struct env *env;
    struct binding *bindings; /* the env's */
    uint64_t caller;          /* id, in a synchronous call from it; else 0 */
    uint64_t forfeits;        /* slots of its own that it pays with */

    /* The hart's alone, like all above, while it is in the directory. */
    uint64_t alarm;   /* when; TIME_NEVER: none is set */
    uint64_t cookie;  /* and what the env calls it */
    uint64_t charged; /* until when overruns are forgiven */
    uint32_t excess;
    bool asleep;
    bool died;  /* the callee that it waits for did: it gets -EDIED */
    bool until; /* a predicate was to end its sleep: kern/code/predicate.c */

    _Atomic uint64_t reserved; /* entries of the completion ring that are owed:
                                  what comes to an end takes one back */
    uint64_t posted; /* entries of the ring, ever; by who has the env's lock */

    _Atomic uint64_t own[SLOTS / 64]; /* its slots here; by who changes them */
    struct frame *uarea_frame; /* pinned; NULL: not bound. The env's lock */
};

/* Stands where no id matches. */
#define NOBODY UINT64_MAX

/* Frames that are taken together, and those that can be guaranteed. */
#define REVOKE_TAKING 12
#define REVOKE_GUARANTEED 64

/* What the env is asked to free, and what is taken from it: kern/revoke.c. */
struct revocation {
    struct request request[UAREA_REQUEST_ENTRIES];
    unsigned requests; /* how many stand there */
    uint64_t posted;   /* losses, ever */
    uint64_t missed;   /* those that its U-area had no room for */
    bool choosing;     /* a pass along its list has begun */
    bool expendable;   /* it has marked a frame so */
    bool named;        /* taking[] is for a request by name */
    unsigned pass;
    unsigned taking_count;
    uint32_t taking[REVOKE_TAKING + 1]; /* page numbers */
    uint32_t guaranteed[REVOKE_GUARANTEED];
};

struct env {
    struct lock *lock;    /* immutable: in the table, where it outlives this */
    struct env_row *seen; /* immutable: its row of INFORMATION_ENVS */
    uint32_t id;
    uint32_t slots_taken;   /* dying: harts whose slots it has no more */
    _Atomic unsigned state; /* enum env_state */
    _Atomic uint32_t bound; /* harts with a U-area; a hart takes its own away */
    _Atomic uint32_t unacked; /* harts that may still act on what they read */
    _Atomic bool shared;      /* more than one hart has run it; never unset */
    _Atomic bool creator;     /* it has made envs; never unset */
    struct cap_name guard; /* immutable; control on it is power over the env */
    uint64_t satp;         /* immutable; its ASID is its index */

    struct cap_list *caps;         /* changed under the lock */
    struct cap_list *_Atomic lone; /* the same while one hart runs it at
                                      most; else an empty list */
    struct frame_list frames;      /* what it owns, this record included */
    struct frame *root;            /* pinned; NULL when it is withdrawn */
    struct uarea *told; /* the U-area bound first, where it is told; or NULL */
    uint32_t lean;      /* its id, or 0 while its frames are asked for */
    uint32_t caps_changed;             /* odd while an entry of `caps` is */
    struct revocation revocation;      /* under the lock */
    struct context context[HARTS_MAX]; /* bound under the lock */
    struct gate gate[GATES_MAX]; /* under the lock, but read by transfer.S */
    struct binding
        binding[BINDINGS_MAX]; /* under the lock; read by transfer.S */
};

static inline unsigned
env_index(uint64_t id)
{
    return (unsigned)(id >> ENV_INDEX_SHIFT);
}

/* The env that the executing hart runs. Only for calls. */
static inline struct env *
env_current(void)
{
    return hart_self()->context->env;
}

/* What stands for the list of an env that several harts run, where it is read
   without a look at caps_changed. */
extern struct cap_list env_no_caps;

/* The table of envs as everybody sees it. */
#define ENV_TABLE ((struct env_row *)information_at(INFORMATION_ENVS))

/* Makes the first env from the archive at `archive` (in the direct map, `size`
   bytes): the ELF file `init`, with the empty name and all rights, its stack
   and its U-area on this hart. What is broken fails the boot. */
void env_create_first(const void *archive, size_t size);

/* Enters the first env on this hart. */
_Noreturn void env_enter_first(void);

/* Takes a free entry of the table: the id that its env will have, or 0 if none
   is free. Until env_publish the id is nobody's. */
uint32_t env_reserve(void);

/* Makes an env that is complete but for its lock, with its reserved id, be
   found. */
void env_publish(struct env *e, uint32_t creator);

/* Makes an env, whose lock is held and is given back, be found no more. */
void env_unlist(struct env *e);

/* Frees the entry of an env that is found no more, when all of it is gone. */
void env_unreserve(uint32_t id);

/* Around each change of the row of an env of that id. In between a lock is held
   that comes after all others of envs. */
struct env_row *env_row_open(uint64_t id);
void env_row_close(struct env_row *row);

/* Sets and clears bits of the harts on which an env can run, in its row. */
void env_row_harts(const struct env *e, uint32_t set, uint32_t clear);

/* What an env is made of: two frames, and a page table of level 2. */
struct env_parts {
    struct frame *record;
    struct frame *list;
    struct frame *root;
};

/* Makes an env under the guard of parts that `creator` owns; they pass to it,
   and to `account`, the creator's or one carved off that. Its id, or -EINVAL if
   they are not three, not of the right type or order, -EBUSY if one is in use
   (the root: another env's), -ENOSPC, -EPERM (the account), -EDQUOT. */
int64_t env_create(struct env *creator, const struct cap_name *guard,
                   const struct env_parts *parts, uint32_t account);

/* The account that an env is charged to. */
static inline uint32_t
env_account(const struct env *e)
{
    return account_number(e->frames.account);
}

/* Moves a frame that `from`, whose id is `owner`, owns to another env, whose
   lock is held: data, or a page table with its shadow, that is not pinned. If
   it is not the owner any more `from` may be gone. 0, -EINVAL, -EBUSY, -EDQUOT.
 */
int env_give(struct env *from, uint32_t owner, struct env *to, struct frame *f);

/* The satp of an env whose id and root are set. */
uint64_t env_satp(const struct env *e);

/* The env of that id with its lock held, if it is alive, or NULL. No lock may
   be held. */
struct env *env_lock(uint64_t id);

static inline void
env_unlock(struct env *e)
{
    lock_release(e->lock);
}

/* Whether an env, whose lock is held, lives; and then on which harts it can
   run. Neither changes meanwhile but for the harts of one that is dying. */
static inline bool
env_lives(const struct env *e)
{
    return atomic_load_explicit(&e->state, memory_order_relaxed) == ENV_LIVE;
}

static inline uint32_t
env_bound(const struct env *e)
{
    return atomic_load_explicit(&e->bound, memory_order_relaxed);
}

/* Ends the current env because of a fault in its double-fault handler. Called
   by trap.S. The end of the first env is a panic. */
_Noreturn void env_fault_fatal(uint64_t cause, uint64_t pc, uint64_t value);

/* Ends the current env, for a reason that is not its wish (enum env_cause). */
_Noreturn void env_abort(uint32_t cause);

/* The nearest ancestor of an env that lives. */
uint64_t env_ancestor(uint64_t id);

/* Posts events to the env of that id, if it lives: where it runs now, else on
   the first hart on which it can. No env may be locked. */
void env_post_any(uint64_t id, uint64_t events);

/* Asks the other harts on which the env, which is locked, can run to pass by
   the kernel's door: after that none acts on what it read before. Whether all
   have done so since it was last asked. */
void env_quiesce(struct env *e);

/* Lets the env run on `hart`: its U-area is `f`, a FRAME_DATA that it owns,
   order 0 and scrubbed. The caller holds the env's lock and has checked
   control. -EINVAL also if the version in it is not UAREA_VERSION; -EBUSY if a
   U-area is bound there already, or the frame is in use; -EAGAIN: call again,
   another hart has to hear of it first. */
int env_bind(struct env *e, struct hart *hart, struct frame *f);

/* One step of the end of an env, whose lock is held and is given back: 0 when
   it is gone, -EAGAIN while there is more. -EBUSY for the env that asks, and
   for the first. */
int env_destroy_step(struct env *e);

/* A step of the end of some env that is dying, of taking what one owes, or of
   looking after a disk that does not answer; false if there is none. For edges
   of slots, and harts that have nothing else to do. No lock may be held. */
bool env_reap(void);

/* When there is, or was, something to do for it that has a time: what envs owe,
   and disks. */
uint64_t env_reap_next(void);

/* A step towards making a page table of a live or dying env, whose lock is
   held, and its shadow data without bindings: 0 when they are, else -EAGAIN. */
int env_table_unmake(struct env *e, struct frame *table);

/* In transfer.S: enters user mode at `pc` with those registers; and at the
   prologue of what the hart now runs, with every register but t0 zero. */
_Noreturn void env_go(const uint64_t registers[32], uint64_t pc);
_Noreturn void env_go_prologue(void);
/* The same at its return entry, with a result in a0 as well. */
_Noreturn void env_go_return(int64_t result);

#endif
