/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 *
 *  - an entry of the table is an env's from env_reserve until its last frame is
 *    gone, and its generation grows each time: no id is given out twice. An
 *    entry whose generations are used up is never used again;
 *  - record, capability list, root and bound U-areas are owned by the env and
 *    pinned, so they go back last;
 *  - a row of a hart's directory points to a context only while that env is
 *    alive and has a U-area there.
 */
#include "kern/env.h"

#include "kern/abi/error.h"
#include "kern/csr.h"
#include "kern/panic.h"
#include "kern/pt.h"

_Static_assert(offsetof(struct context, id) == CONTEXT_ID &&
                   offsetof(struct context, satp) == CONTEXT_SATP &&
                   offsetof(struct context, uarea) == CONTEXT_UAREA &&
                   offsetof(struct context, env) == CONTEXT_ENV &&
                   offsetof(struct context, bindings) == CONTEXT_BINDINGS &&
                   offsetof(struct context, caller) == CONTEXT_CALLER,
               "hart_offsets.h is not what the compiler laid out");
_Static_assert(sizeof(struct env) <= FRAME_SIZE, "an env's record is a frame");

/* What one step of a destroy does at most: so many frames, each of so many
   bindings; or so many entries of a page table. Rule 6 bounds the product. */
#define STEP_FRAMES 3
#define STEP_BINDINGS 8

struct row {
    struct env *_Atomic env; /* NULL: free; unborn: about to be an env's */
    uint32_t generation;     /* the last one given out */
};

/* Stands in a row that is taken while its env is being made: nobody's. */
static struct env unborn;

static struct lock table_lock;
static struct row env_table[ENVS_MAX];

static struct context nobody = {.id = UINT64_MAX};
static struct context *directories[HARTS_MAX][ENVS_MAX];

void
env_init_hart(struct hart *hart)
{
    hart->directory = directories[hart->index];
    for (unsigned i = 0; i < ENVS_MAX; i++) {
        hart->directory[i] = &nobody;
    }
}

static unsigned
index_of(uint64_t id)
{
    return (unsigned)(id >> ENV_INDEX_SHIFT);
}

uint32_t
env_reserve(void)
{
    uint32_t id = 0;

    lock_acquire(&table_lock);
    for (uint32_t i = 1; i < ENVS_MAX && id == 0; i++) {
        if (env_table[i].env == NULL &&
            env_table[i].generation < ENV_GENERATION_MAX) {
            env_table[i].env = &unborn;
            id = i << ENV_INDEX_SHIFT | ++env_table[i].generation;
        }
    }
    lock_release(&table_lock);
    return id;
}

void
env_publish(struct env *e)
{
    ASSERT(env_table[index_of(e->id)].env == &unborn);
    /* Release: who finds it finds it whole. No lock: frames may be locked. */
    atomic_store_explicit(&env_table[index_of(e->id)].env, e,
                          memory_order_release);
}

/* Gives a reserved row back. Its id was nobody's, so it may be given out. */
static void
env_unreserve(uint32_t id)
{
    lock_acquire(&table_lock);
    env_table[index_of(id)].generation--;
    env_table[index_of(id)].env = NULL;
    lock_release(&table_lock);
}

/* The record stays while the table's lock is held: env_delist takes it out of
   the table before it goes. */
struct env *
env_lock(uint64_t id)
{
    struct env *e = NULL;

    lock_acquire(&table_lock);
    if (id >> ENV_INDEX_SHIFT < ENVS_MAX) {
        e = env_table[index_of(id)].env;
    }
    if (e != NULL) {
        lock_acquire(&e->lock);
        if (e->id != id || e->state == ENV_NONE) {
            lock_release(&e->lock);
            e = NULL;
        }
    }
    lock_release(&table_lock);
    return e;
}

/* Who is about to end goes on to do so only when its page tables are gone. */
struct frame_list *
owner_frames(uint32_t id)
{
    struct env *e = env_table[index_of(id)].env;

    return e != NULL && e->id == id && e->state == ENV_LIVE ? &e->frames : NULL;
}

void
env_unlock(struct env *e)
{
    lock_release(&e->lock);
}

/* Whether the locked frame is one that a record or list can be made of. */
static int
part_check(const struct frame *f)
{
    if (frame_type(f) != FRAME_DATA || f->order != 0) {
        return -EINVAL;
    }
    return frame_busy(f) ? -EBUSY : 0;
}

/* Takes the lock of the shadow of a locked frame that can be a root. */
static int
root_lock(struct frame *f)
{
    if (frame_type(f) != FRAME_TABLE_2) {
        return -EINVAL;
    }
    if (f->pins != 0 || (f->flags & FRAME_BREAKING)) {
        return -EBUSY;
    }
    return word_try_lock(&frame_record(f->shadow)->lock) ? 0 : -EAGAIN;
}

/* Takes the locks of the three parts, and of the root's shadow, if they are
   good; or none. */
static int
parts_lock(const struct env_parts *parts, uint32_t owner)
{
    struct frame *const part[3] = {parts->record, parts->list, parts->root};
    int error = part[0] == part[1] || part[0] == part[2] || part[1] == part[2]
                    ? -EINVAL
                    : 0;
    unsigned locked = 0;

    for (; error == 0 && locked < 3; locked++) {
        /* In no order: only tried. */
        if (!word_try_lock(&part[locked]->lock)) {
            error = -EAGAIN;
            break;
        }
        if (part[locked]->owner != owner) { /* given away on another hart */
            error = -EINVAL;
        } else if (locked < 2) {
            error = part_check(part[locked]);
        } else {
            error = root_lock(part[2]);
        }
    }
    while (error < 0 && locked > 0) {
        frame_unlock(part[--locked]);
    }
    return error;
}

/* Passes the locked parts of an env to it and its account, one of those that
   the creator may name: 0, -EPERM, or -EDQUOT. */
static int
parts_pass(struct frame_list *to, struct env *creator, uint32_t account,
           uint32_t id, const struct env_parts *parts)
{
    struct frame *const owned[4] = {parts->record, parts->list, parts->root,
                                    frame_record(parts->root->shadow)};
    int error = account_join(account, env_account(creator));

    if (error < 0) {
        return error;
    }
    *to = (struct frame_list){.account = &account_table[account]};
    error = frame_give(&creator->frames, to, id, owned, 4);
    if (error < 0) {
        account_leave(account, false);
    }
    return error;
}

/* Fills in the record of an env that has its id, in three locked parts. */
static void
env_build(struct env *e, struct env *creator, uint32_t id,
          const struct env_parts *parts)
{
    e->id = id;
    e->creator = creator->id;
    e->caps = frame_contents(frame_number(parts->list));
    cap_list_init(e->caps);
    e->root = parts->root;
    e->satp = env_satp(e);
    e->state = ENV_LIVE;
    frame_become(parts->record, FRAME_ENV);
    frame_become(parts->list, FRAME_ENV);
    parts->record->pins++;
    parts->list->pins++;
    parts->root->pins++;
}

int64_t
env_create(struct env *creator, const struct cap_name *guard,
           const struct env_parts *parts, uint32_t account)
{
    struct env *e = frame_contents(frame_number(parts->record));
    uint32_t id = env_reserve();
    struct frame_list frames;
    int error;

    if (id == 0) {
        return -ENOSPC;
    }
    error = parts_lock(parts, creator->id);
    if (error < 0) {
        env_unreserve(id);
        return error;
    }
    error = parts_pass(&frames, creator, account, id, parts);
    if (error == 0) {
        page_clear(e);
        e->guard = *guard;
        e->frames = frames;
        env_build(e, creator, id, parts);
        env_publish(e);
    }
    frame_unlock(frame_record(parts->root->shadow));
    frame_unlock(parts->root);
    frame_unlock(parts->list);
    frame_unlock(parts->record);
    if (error < 0) {
        env_unreserve(id);
        return error;
    }
    return id;
}

int
env_give(struct env *from, struct env *to, struct frame *f)
{
    int error = 0;

    ASSERT(lock_held(&to->lock));
    frame_lock(f);
    if ((frame_type(f) != FRAME_DATA && !pt_is_table(f)) ||
        f->owner != from->id) { /* given away on another hart */
        error = -EINVAL;
    } else if (f->pins != 0 || (f->flags & FRAME_BREAKING)) {
        error = -EBUSY;
    } else if (!pt_is_table(f)) {
        error = frame_give(&from->frames, &to->frames, to->id, &f, 1);
    } else if (word_try_lock(&frame_record(f->shadow)->lock)) {
        struct frame *const pair[2] = {f, frame_record(f->shadow)};

        error = frame_give(&from->frames, &to->frames, to->id, pair, 2);
        frame_unlock(pair[1]);
    } else {
        error = -EAGAIN; /* somebody edits it; locks in this order are tried */
    }
    frame_unlock(f);
    return error;
}

uint64_t
env_satp(const struct env *e)
{
    /* The hart ignores the ASID where it has none. */
    return (uint64_t)SATP_MODE_SV39 << SATP_MODE_SHIFT |
           (uint64_t)index_of(e->id) << SATP_ASID_SHIFT | frame_number(e->root);
}

int
env_bind(struct env *e, struct frame *f)
{
    struct context *here = &e->context[hart_self()->index];
    struct uarea *uarea = frame_contents(frame_number(f));
    int error = 0;

    ASSERT(lock_held(&e->lock));
    if (here->uarea_frame != NULL) {
        return -EBUSY;
    }
    frame_lock(f);
    if (frame_state(f) != FRAME_STATE(FRAME_DATA, 0) || f->owner != e->id ||
        uarea->version != UAREA_VERSION) {
        error = -EINVAL;
    } else if (f->pins != 0) {
        error = -EBUSY;
    } else {
        /* Mapped it may be: who can write it could before. */
        __atomic_store_n(&f->state, FRAME_STATE(FRAME_UAREA, 0),
                         __ATOMIC_RELAXED);
        f->pins++;
    }
    frame_unlock(f);
    if (error == 0) {
        *here = (struct context){.id = e->id,
                                 .satp = e->satp,
                                 .uarea = uarea,
                                 .env = e,
                                 .bindings = e->binding,
                                 .uarea_frame = f};
        __atomic_fetch_or(&e->root->harts, (uint64_t)1 << hart_self()->index,
                          __ATOMIC_SEQ_CST);
        hart_self()->directory[index_of(e->id)] = here;
    }
    return error;
}

static void
unpin(struct frame *f)
{
    frame_lock(f);
    f->pins--;
    frame_unlock(f);
}

/* Withdraws what makes it run: rows, pins, translations. The record itself
   stays pinned. */
static void
env_stop(struct env *e)
{
    struct hart *self = hart_self();
    struct context *here = &e->context[self->index];

    e->state = ENV_DYING;
    self->directory[index_of(e->id)] = &nobody;
    if (here->uarea_frame != NULL) {
        unpin(here->uarea_frame);
        here->uarea_frame = NULL;
        here->id = UINT64_MAX;
    }
    hart_fence(__atomic_load_n(&e->root->harts, __ATOMIC_SEQ_CST));
    __atomic_store_n(&e->root->harts, 0, __ATOMIC_SEQ_CST);
    unpin(e->root);
}

/* Clears some entries of a page table; whether any was left. */
static bool
table_clear(struct frame *table)
{
    uint64_t limit = pt_level(table) == SV39_LEVELS - 1 ? PT_ROOT_ENTRIES
                                                        : PAGE_TABLE_ENTRIES;
    struct pt_place place = {.table = table};

    for (; place.index < limit; place.index += PT_BATCH_MAX) {
        uint64_t count = limit - place.index;

        if (pt_remove(&place, count < PT_BATCH_MAX ? count : PT_BATCH_MAX) >
            0) {
            return true;
        }
    }
    return false;
}

/* A step towards giving a frame of any type back: 0 when it is given back. */
static int
frame_release(struct env *e, struct frame *f)
{
    bool is_table = pt_is_table(f);

    if (frame_type(f) == FRAME_DATA) {
        return pt_release(&e->frames, e->id, f, STEP_BINDINGS);
    }
    if (is_table && table_clear(f)) {
        return -EAGAIN;
    }
    if (pt_break(f, STEP_BINDINGS) < 0) {
        return -EAGAIN;
    }
    if (is_table) {
        frame_unlock(f);
        /* Both it and its shadow are data now, and in the list. */
        return pt_unmake(f) < 0 ? -EAGAIN : 0;
    }
    if (frame_type(f) == FRAME_ENV) {
        f->pins--; /* the capability list */
    }
    frame_become(f, FRAME_DATA);
    return frame_return(&e->frames, f);
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

/* The end: gives back the record, and the env's lock with it. -EAGAIN, with the
   lock held, while somebody has the record mapped. */
static int
env_delist(struct env *e)
{
    struct frame *record =
        frame_record(((uint64_t)e - DIRECT_BASE) >> FRAME_SHIFT);
    struct frame_list last = e->frames;

    if (pt_break(record, STEP_BINDINGS) < 0) {
        return -EAGAIN;
    }
    /* Nobody shall map it again while its lock is not held. */
    frame_set_flag(record, FRAME_BREAKING);
    frame_unlock(record);
    e->state = ENV_NONE;
    lock_release(&e->lock);
    lock_acquire(&table_lock);
    env_table[index_of(e->id)].env = NULL;
    lock_release(&table_lock);
    frame_lock(record);
    record->pins--;
    frame_become(record, FRAME_DATA);
    (void)frame_return(&last, record); /* it is data, and nothing holds it */
    account_leave(account_number(last.account), true);
    return 0;
}

int
env_destroy_step(struct env *e)
{
    ASSERT(lock_held(&e->lock));
    if (e == env_current() || e->id == FIRST_ID) {
        lock_release(&e->lock);
        return -EBUSY;
    }
    if (e->state == ENV_LIVE) {
        env_stop(e);
    }
    for (unsigned i = 0; i < STEP_FRAMES; i++) {
        struct frame *f = frame_next(e);

        if (f == NULL) {
            if (env_delist(e) < 0) {
                break;
            }
            return 0;
        }
        if (frame_release(e, f) < 0) {
            break;
        }
    }
    lock_release(&e->lock);
    return -EAGAIN;
}

/* The env of that id if it runs on the executing hart. Only this hart changes
   its rows, so the answer stays true. */
static struct env *
env_here(uint64_t id)
{
    struct context *c = id >> ENV_INDEX_SHIFT < ENVS_MAX
                            ? hart_self()->directory[index_of(id)]
                            : &nobody;

    return c->id == id ? c->env : NULL;
}

/* The hart goes back to a caller who waits, else to the creator, or if that is
   gone to the first env. */
_Noreturn void
env_fault_fatal(uint64_t cause, uint64_t pc, uint64_t value)
{
    struct hart *self = hart_self();
    struct env *e = env_current();
    struct env *heir;
    uint64_t caller;

    if (e->id == FIRST_ID) {
        panic("the first env ended: cause %lu at pc 0x%lx, value 0x%lx, in its "
              "double-fault handler",
              cause, pc, value);
    }
    caller = self->context->caller;
    /* It may have called itself, and is still in the directory. */
    heir = caller == e->id ? NULL : env_here(caller);
    if (heir == NULL) {
        caller = 0;
        heir = env_here(e->creator);
    }
    if (heir == NULL) {
        heir = env_here(FIRST_ID);
    }
    self->context = &heir->context[self->index];
    self->uarea = (uint64_t)self->context->uarea;
    csr_write(satp, heir->satp);
    tlb_flush();
    lock_acquire(&e->lock);
    env_stop(e);
    lock_release(&e->lock);
    if (caller != 0) {
        env_go_return(-EDIED);
    }
    self->context->uarea->pending |= PENDING_DEATH;
    env_go_prologue();
}
