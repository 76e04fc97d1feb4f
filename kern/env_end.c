/* SPDX-License-Identifier: MIT */
/*
 * How envs end: by who controls them, by a fault, or by overrunning their
 * slices. First every hart lets go of the env; then what it owned goes back, a
 * few frames at a time, whoever makes the steps: callers of env_destroy, harts
 * that idle, edges of slots. The record, which tells of all else, goes last.
 */
#include "kern/abi/error.h"
#include "kern/code/object.h"
#include "kern/context.h"
#include "kern/csr.h"
#include "kern/disk/store.h"
#include "kern/event.h"
#include "kern/panic.h"
#include "kern/pt.h"
#include "kern/revoke.h"
#include "kern/slot.h"
#include "kern/time.h"

/* One step of a destroy does so many things at most, while it has not spent so
   many instructions: gives a frame back that nothing holds, breaks so many
   bindings of one that something does, or clears PT_BATCH_MAX entries of a page
   table. Rule 6 bounds all of it together. */
#define STEP_THINGS 16
#define STEP_SPENT 2000
#define STEP_BINDINGS 16
#define SCAN_ENTRIES 4 /* of a table, looked at together */

/* Envs that are dying, by index, and who steps them unasked. */
static _Atomic uint64_t dying[ENVS_MAX / 64];
static _Atomic uint32_t reaping;

static void
row_state(uint32_t id, enum env_state state, uint32_t cause)
{
    struct env_row *row = env_row_open(id);

    row->state = state;
    row->cause = cause;
    env_row_close(row);
}

static void
unpin(struct frame *f)
{
    frame_lock(f);
    f->pins--;
    frame_unlock(f);
}

uint64_t
env_ancestor(uint64_t id)
{
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        const struct env_row *row;

        id = __atomic_load_n(&ENV_TABLE[env_index(id)].creator,
                             __ATOMIC_RELAXED);
        row = &ENV_TABLE[env_index(id)];
        if (row->id == id && row->state == ENV_LIVE) {
            return id;
        }
    }
    return FIRST_ID;
}

void
env_post_any(uint64_t id, uint64_t events)
{
    struct env *e = env_lock(id);

    if (e != NULL) {
        event_post_any(e, events);
        env_unlock(e);
    }
}

/* The beginning of the end: no hart enters it again, and each that can lets go
   of it, this one now. Gives its lock back, and tells its ancestor. */
static void
env_stop(struct env *e, enum env_cause cause)
{
    struct hart *self = hart_self();
    uint64_t ancestor = env_ancestor(e->id);

    ASSERT(lock_held(e->lock) && e->state == ENV_LIVE);
    e->state = ENV_DYING;
    row_state(e->id, ENV_DYING, cause);
    revoke_note(e);
    env_quiesce(e);
    if (e->bound >> self->index & 1) {
        context_stop(&e->context[self->index]);
    }
    atomic_fetch_or_explicit(&dying[env_index(e->id) / 64],
                             (uint64_t)1 << env_index(e->id) % 64,
                             memory_order_release);
    lock_release(e->lock);
    env_post_any(ancestor, PENDING_DEATH);
}

/* When no hart can run it any more: gives back what made that possible. -EAGAIN
   while there is more. The record stays pinned. */
static int
env_withdraw(struct env *e)
{
    if (e->slots_taken < hart_count) {
        slot_free_all(e, e->slots_taken++);
        return -EAGAIN;
    }
    if (e->root != NULL && (code_end_one(e->id) || extent_release_env(e->id) ||
                            store_leave_env(e->id))) {
        return -EAGAIN;
    }
    if (e->root != NULL) {
        for (unsigned i = 0; i < HARTS_MAX; i++) {
            if (e->context[i].uarea_frame != NULL) {
                unpin(e->context[i].uarea_frame);
            }
        }
        __atomic_store_n(&e->root->harts, 0, __ATOMIC_SEQ_CST);
        unpin(e->root);
        e->root = NULL;
    }
    return 0;
}

/* Clears some entries of a sealed page table; whether any was left. */
static bool
table_clear(struct frame *table)
{
    uint64_t limit = pt_level(table) == SV39_LEVELS - 1 ? PT_ROOT_ENTRIES
                                                        : PAGE_TABLE_ENTRIES;
    struct pt_place place = {.table = table, .cap = &pt_sealer};
    const pte_t *entry = frame_contents(frame_number(table));

    if (table->used == 0) {
        return false;
    }
    while (place.index < limit - SCAN_ENTRIES &&
           (entry[place.index] | entry[place.index + 1] |
            entry[place.index + 2] | entry[place.index + 3]) == 0) {
        place.index += SCAN_ENTRIES;
    }
    for (; place.index < limit; place.index += PT_BATCH_MAX) {
        uint64_t count = limit - place.index;

        if (pt_remove(&place, count < PT_BATCH_MAX ? count : PT_BATCH_MAX) >
            0) {
            return true;
        }
    }
    return false;
}

int
env_table_unmake(struct env *e, struct frame *table)
{
    if (pt_seal(table, e->id) < 0 || table_clear(table) ||
        pt_break(table, e->id, STEP_BINDINGS) < 0) {
        return -EAGAIN;
    }
    frame_unlock(table);
    return pt_unmake(table, e->id) < 0 ? -EAGAIN : 0;
}

/* Seals a table of the env's own, and clears its entries around the first that
   holds the frame, so that many frames are held by nothing. False if that table
   is not its own. */
static bool
neighbours_clear(const struct env *e, const struct frame *f)
{
    uint32_t link = __atomic_load_n(&f->chain, __ATOMIC_RELAXED);
    struct pt_place place = {.table = frame_record(link / PAGE_TABLE_ENTRIES),
                             .cap = &pt_sealer};

    place.index = link % PAGE_TABLE_ENTRIES;
    place.index -= place.index % PT_BATCH_MAX;
    return link != 0 && pt_is_table(place.table) &&
           pt_seal(place.table, e->id) == 0 &&
           pt_remove(&place, PT_BATCH_MAX) > 0;
}

/* Gives back a data frame that nothing holds; false if it is none. */
static bool
frame_return_idle(struct env *e, struct frame *f)
{
    if (frame_type(f) != FRAME_DATA) {
        return false;
    }
    frame_lock(f);
    return frame_return(&e->frames, f) == 0;
}

/* A step towards giving a frame of any type back. */
static void
frame_release(struct env *e, struct frame *f)
{
    if (frame_type(f) == FRAME_DATA) {
        if (!neighbours_clear(e, f)) {
            (void)pt_release(&e->frames, e->id, f, STEP_BINDINGS);
        }
    } else if (pt_is_table(f)) { /* data then, as its shadow, and listed */
        (void)env_table_unmake(e, f);
    } else if (pt_break(f, e->id, STEP_BINDINGS) == 0) {
        if (frame_type(f) == FRAME_ENV) {
            f->pins--; /* the capability list */
        }
        frame_become(f, FRAME_DATA);
        frame_unlock(f);
    }
}

/* The next frame to give back: not the record, which tells of the others. It
   is among the first two, however many there are. */
static struct frame *
frame_next(const struct env *e)
{
    struct frame *record =
        frame_record(((uint64_t)e - DIRECT_BASE) >> FRAME_SHIFT);

    for (uint32_t number = e->frames.first; number != 0;
         number = frame_record(number)->next) {
        struct frame *f = frame_record(number);

        if (f != record) {
            /* A shadow goes with its table, which has the same owner. */
            return frame_type(f) == FRAME_SHADOW ? frame_record(f->shadow) : f;
        }
    }
    return NULL;
}

/* The children of an env that goes are its creator's from now on. */
static void
children_adopt(uint32_t id)
{
    uint32_t creator = ENV_TABLE[env_index(id)].creator;

    for (unsigned i = 1; i < ENVS_MAX; i++) {
        if (ENV_TABLE[i].creator == id) {
            struct env_row *row = env_row_open((uint64_t)i << ENV_INDEX_SHIFT);

            row->creator = creator;
            env_row_close(row);
        }
    }
}

/* The end: gives back the record, and the env's lock with it. -EAGAIN, with the
   lock held, while somebody has the record mapped. */
static int
env_delist(struct env *e)
{
    struct frame *record =
        frame_record(((uint64_t)e - DIRECT_BASE) >> FRAME_SHIFT);
    struct frame_list last = e->frames;
    uint32_t id = e->id;

    if (pt_break(record, e->id, STEP_BINDINGS) < 0) {
        return -EAGAIN;
    }
    /* Nobody shall map it again while its lock is not held. */
    frame_set_flag(record, FRAME_BREAKING);
    frame_unlock(record);
    if (e->creator) {
        children_adopt(id);
    }
    atomic_fetch_and_explicit(&dying[env_index(id) / 64],
                              ~((uint64_t)1 << env_index(id) % 64),
                              memory_order_relaxed);
    env_unlist(e);
    frame_lock(record);
    record->pins--;
    frame_become(record, FRAME_DATA);
    (void)frame_return(&last, record); /* it is data, and nothing holds it */
    account_leave(account_number(last.account), true);
    /* Last: who sees this finds all of it given back. */
    row_state(id, ENV_NONE, ENV_TABLE[env_index(id)].cause);
    env_unreserve(id);
    return 0;
}

int
env_destroy_step(struct env *e)
{
    uint64_t before = csr_read(instret);
    unsigned things = 0;

    ASSERT(lock_held(e->lock));
    if (e == hart_self()->context->env || e->id == FIRST_ID) {
        lock_release(e->lock);
        return -EBUSY;
    }
    if (e->state == ENV_LIVE) {
        env_stop(e, CAUSE_DESTROYED);
        return -EAGAIN;
    }
    /* Acquire: whoever let go of it has done so. */
    while (atomic_load_explicit(&e->bound, memory_order_acquire) == 0 &&
           things++ < STEP_THINGS && csr_read(instret) - before < STEP_SPENT) {
        struct frame *f;

        if (env_withdraw(e) < 0) {
            continue;
        }
        f = frame_next(e);
        if (f == NULL) {
            if (env_delist(e) == 0) {
                return 0;
            }
            break;
        }
        if (!frame_return_idle(e, f)) {
            frame_release(e, f);
        }
    }
    lock_release(e->lock);
    return -EAGAIN;
}

/* A step of taking what some env owes. */
static void
take_step(uint64_t now)
{
    static unsigned last;
    struct env *e;

    last = revoke_due(now, last);
    e = last != 0 ? env_lock(ENV_TABLE[last].id) : NULL;
    if (e != NULL && e->state == ENV_LIVE) {
        (void)revoke_step(e);
    }
    if (e != NULL) {
        env_unlock(e);
    }
}

uint64_t
env_reap_next(void)
{
    uint64_t disks = drive_deadline();
    uint64_t envs = revoke_next();

    return disks < envs ? disks : envs;
}

bool
env_reap(void)
{
    static unsigned turn; /* so that one that is stuck does not stop others */
    uint64_t now = time_now();
    bool owing = revoke_next() <= now;
    static bool other;
    bool found = false;
    uint64_t any = 0;

    if (drive_deadline() <= now) {
        drive_watch(now);
        return true;
    }
    for (unsigned i = 0; i < ENVS_MAX / 64; i++) {
        any |= atomic_load_explicit(&dying[i], memory_order_acquire);
    }
    if ((any == 0 && !owing) || reaping ||
        atomic_exchange_explicit(&reaping, 1, memory_order_acquire)) {
        return false;
    }
    owing = owing && (any == 0 || (other = !other)); /* in turns */
    if (owing) {
        take_step(now);
    }
    for (unsigned i = 0; i < ENVS_MAX && !found && !owing && any != 0; i++) {
        struct env *e;

        turn = (turn + 1) % ENVS_MAX;
        if (!(dying[turn / 64] >> turn % 64 & 1)) {
            continue;
        }
        e = env_lock(ENV_TABLE[turn].id);
        if (e != NULL && e->state == ENV_DYING) {
            found = true;
            (void)env_destroy_step(e);
        } else if (e != NULL) {
            env_unlock(e);
        }
    }
    atomic_store_explicit(&reaping, 0, memory_order_release);
    return found || owing;
}

/* What is left of the slice goes to a caller who waits, or else to the nearest
   ancestor that can run here. */
_Noreturn void
env_abort(uint32_t cause)
{
    struct hart *self = hart_self();
    struct env *e = env_current();
    struct context *ancestor = context_find(env_ancestor(e->id));

    if (e->id == FIRST_ID) {
        panic("the first env ended: it overran its slices too often");
    }
    lock_acquire(e->lock);
    if (e->state == ENV_LIVE) {
        env_stop(e, cause);
    } else {
        lock_release(e->lock);
    }
    if (self->resume == NULL) {
        self->resume = ancestor;
    }
    slot_run();
}

/* Whether something was taken from it that it has not heard of yet. */
static bool
lost_unread(const struct env *e)
{
    return e->told != NULL && e->revocation.posted != e->told->losses_taken;
}

_Noreturn void
env_fault_fatal(uint64_t cause, uint64_t pc, uint64_t value)
{
    if (env_current()->id == FIRST_ID) {
        panic("the first env ended: cause %lu at pc 0x%lx, value 0x%lx, in its "
              "double-fault handler",
              cause, pc, value);
    }
    env_abort(lost_unread(env_current()) ? CAUSE_LOSS : CAUSE_FAULT);
}
