/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 *
 *  - an entry of the table is an env's from env_reserve until its last frame is
 *    gone, and its generation grows each time: no id is given out twice. An
 *    entry whose generations are used up is never used again;
 *  - record, capability list, root and bound U-areas are owned by the env and
 *    pinned, so they go back last;
 *  - ENV_TABLE tells everybody what is true of the envs, and of the last one in
 *    each row that has none.
 */
#include "kern/env.h"

#include "kern/abi/error.h"
#include "kern/context.h"
#include "kern/csr.h"
#include "kern/event.h"
#include "kern/panic.h"
#include "kern/pt.h"
#include "kern/revoke.h"
#include "kern/slot.h"
#include "kern/time.h"

_Static_assert(offsetof(struct context, id) == CONTEXT_ID &&
                   offsetof(struct context, satp) == CONTEXT_SATP &&
                   offsetof(struct context, uarea) == CONTEXT_UAREA &&
                   offsetof(struct context, env) == CONTEXT_ENV &&
                   offsetof(struct context, bindings) == CONTEXT_BINDINGS &&
                   offsetof(struct context, caller) == CONTEXT_CALLER &&
                   offsetof(struct context, forfeits) == CONTEXT_FORFEITS,
               "hart_offsets.h is not what the compiler laid out");
_Static_assert(sizeof(struct env) <= FRAME_SIZE, "an env's record is a frame");
_Static_assert(ENV_ROWS == ENVS_MAX && sizeof(struct env_row) == 64,
               "the table of envs is not what trap.S and envs expect");

/*
 * An entry of the table. The lock is its env's: it stands here, where it stays,
 * so that who waits for it need not know whether the env is there still.
 */
struct row {
    struct lock lock;
    struct env *env;     /* whose record it is, while there is an id */
    uint64_t id;         /* 0: nobody's, or not yet. Who looks an env up has the
                            lock, and so has who takes it away */
    uint32_t generation; /* the last one given out; under reserve_lock, */
    bool reserved;       /* likewise */
    uint64_t unused[2];
};

_Static_assert(sizeof(struct row) == 64, "a row is one cache line");
_Static_assert(LOCK_ENV == 0, "the locks of the rows are those of envs");

struct cap_list env_no_caps;
static struct lock reserve_lock = {.rank = LOCK_OF_ENV};
static _Alignas(64) struct row env_table[ENVS_MAX];

static struct lock rows_lock = {.rank = LOCK_LEAF};

struct env_row *
env_row_open(uint64_t id)
{
    struct env_row *row = &ENV_TABLE[env_index(id)];

    lock_acquire(&rows_lock);
    __atomic_store_n(&row->sequence, row->sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    return row;
}

void
env_row_close(struct env_row *row)
{
    __atomic_store_n(&row->sequence, row->sequence + 1, __ATOMIC_RELEASE);
    lock_release(&rows_lock);
}

void
env_row_harts(const struct env *e, uint32_t set, uint32_t clear)
{
    struct env_row *row = env_row_open(e->id);

    row->harts = (row->harts & ~clear) | set;
    env_row_close(row);
}

uint32_t
env_reserve(void)
{
    uint32_t id = 0;

    lock_acquire(&reserve_lock);
    for (uint32_t i = 1; i < ENVS_MAX && id == 0; i++) {
        struct row *row = &env_table[i];

        if (!row->reserved && row->generation < ENV_GENERATION_MAX) {
            row->reserved = true;
            id = i << ENV_INDEX_SHIFT | ++row->generation;
        }
    }
    lock_release(&reserve_lock);
    return id;
}

void
env_unreserve(uint32_t id)
{
    lock_acquire(&reserve_lock);
    ASSERT(env_table[env_index(id)].id == 0);
    env_table[env_index(id)].reserved = false;
    lock_release(&reserve_lock);
}

/* Gives a reserved row back whose id was nobody's: it may be given out. */
static void
env_unmake(uint32_t id)
{
    lock_acquire(&reserve_lock);
    env_table[env_index(id)].generation--;
    env_table[env_index(id)].reserved = false;
    lock_release(&reserve_lock);
}

void
env_publish(struct env *e, uint32_t creator)
{
    struct row *row = &env_table[env_index(e->id)];
    struct env_row *seen = env_row_open(e->id);
    uint64_t record = ((uint64_t)e - DIRECT_BASE) >> FRAME_SHIFT;

    ASSERT(row->reserved && row->id == 0);
    e->lock = &row->lock;
    e->seen = seen;
    *seen = (struct env_row){
        .sequence = seen->sequence,
        .id = e->id,
        .creator = creator,
        .account = env_account(e),
        .state = ENV_LIVE,
        .record = (uint32_t)record,
        .list = (uint32_t)(((uint64_t)e->caps - DIRECT_BASE) >> FRAME_SHIFT),
        .root = (uint32_t)frame_number(e->root)};
    env_row_close(seen);
    row->env = e;
    /* Release: who finds it finds it whole. Without the lock, which comes
       before those of frames: who has it finds nobody, or this. */
    __atomic_store_n(&row->id, e->id, __ATOMIC_RELEASE);
}

void
env_unlist(struct env *e)
{
    ASSERT(lock_held(e->lock));
    __atomic_store_n(&env_table[env_index(e->id)].id, 0, __ATOMIC_RELAXED);
    lock_release(e->lock);
}

/* The env of that id, if the locked row is its; else gives the lock back. */
static inline struct env *
row_env(struct row *row, uint64_t id)
{
    if (__atomic_load_n(&row->id, __ATOMIC_ACQUIRE) != id) {
        lock_release(&row->lock);
        return NULL;
    }
    return row->env;
}

/* Apart, so that who need not wait saves no registers. */
__attribute__((cold, noinline)) static struct env *
row_wait(struct row *row, uint64_t id, uint32_t ticket)
{
    lock_wait(&row->lock, ticket);
    return row_env(row, id);
}

struct env *
env_lock(uint64_t id)
{
    uint64_t index = id >> ENV_INDEX_SHIFT;
    struct row *row;
    uint32_t ticket;

    /* Row 0 is nobody's: the id in it would be that of the env 0. */
    if (index - 1 >= ENVS_MAX - 1) {
        return NULL;
    }
    row = &env_table[index];
    return lock_draw(&row->lock, &ticket) ? row_env(row, id)
                                          : row_wait(row, id, ticket);
}

/* Who is about to end goes on to do so only when its page tables are gone. */
struct frame_list *
owner_frames(uint32_t id)
{
    const struct row *row = &env_table[env_index(id)];

    return id != 0 && __atomic_load_n(&row->id, __ATOMIC_ACQUIRE) == id &&
                   row->env->state == ENV_LIVE
               ? &row->env->frames
               : NULL;
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
    if (f->pins != 0 || (f->flags & (FRAME_BREAKING | FRAME_CONDEMNED))) {
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
    *to = (struct frame_list){.account = &ACCOUNT_TABLE[account]};
    error = frame_give(&creator->frames, to, id, owned, 4);
    if (error < 0) {
        account_leave(account, false);
    }
    return error;
}

/* Fills in the record of an env that has its id, in three locked parts. */
static void
env_build(struct env *e, uint32_t id, const struct env_parts *parts)
{
    e->id = id;
    e->caps = frame_contents(frame_number(parts->list));
    cap_list_init(e->caps);
    e->lone = e->caps;
    e->root = parts->root;
    e->satp = env_satp(e);
    e->lean = id;
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
        env_unmake(id);
        return error;
    }
    error = parts_pass(&frames, creator, account, id, parts);
    if (error == 0) {
        frame_zero(parts->record);
        e->guard = *guard;
        e->frames = frames;
        env_build(e, id, parts);
        creator->creator = true;
        env_publish(e, creator->id);
    }
    frame_unlock(frame_record(parts->root->shadow));
    frame_unlock(parts->root);
    frame_unlock(parts->list);
    frame_unlock(parts->record);
    if (error < 0) {
        env_unmake(id);
        return error;
    }
    return id;
}

int
env_give(struct env *from, uint32_t owner, struct env *to, struct frame *f)
{
    int error = 0;

    ASSERT(lock_held(to->lock));
    frame_lock(f);
    if ((frame_type(f) != FRAME_DATA && !pt_is_table(f)) ||
        f->owner != owner) { /* given away on another hart */
        error = -EINVAL;
    } else if (f->pins != 0 ||
               (f->flags & (FRAME_BREAKING | FRAME_CONDEMNED))) {
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
           (uint64_t)env_index(e->id) << SATP_ASID_SHIFT |
           frame_number(e->root);
}

void
env_quiesce(struct env *e)
{
    uint32_t others = e->bound & ~(1u << hart_self()->index);

    ASSERT(lock_held(e->lock));
    /* Release: what is not to be found any more. */
    atomic_fetch_or_explicit(&e->unacked, others, memory_order_release);
    for (unsigned i = 0; i < hart_count; i++) {
        if (others >> i & 1) {
            hart_attend(hart_table[i], env_index(e->id));
        }
    }
}

/* Pins a frame as the U-area of an env that owns it. */
static int
uarea_take(const struct env *e, struct frame *f)
{
    const uint32_t mask = ~FRAME_STATE_FLAG(FRAME_MARKS | FRAME_CLEAN);
    const struct uarea *uarea = frame_contents(frame_number(f));
    int error = 0;

    frame_lock(f);
    if ((frame_state(f) & mask) != FRAME_STATE(FRAME_DATA, 0) ||
        f->owner != e->id || uarea->version != UAREA_VERSION) {
        error = -EINVAL;
    } else if (f->pins != 0) {
        error = -EBUSY;
    } else {
        frame_unmark(f);
        /* Mapped it may be: who can write it could before. */
        __atomic_store_n(&f->state, FRAME_STATE(FRAME_UAREA, 0),
                         __ATOMIC_RELAXED);
        f->pins++;
    }
    frame_unlock(f);
    return error;
}

int
env_bind(struct env *e, struct hart *hart, struct frame *f)
{
    struct context *c = &e->context[hart->index];
    uint32_t bit = 1u << hart->index;
    int error;

    ASSERT(lock_held(e->lock));
    if (c->uarea_frame != NULL) {
        return -EBUSY;
    }
    /* From the second hart on, the capability list is read as one that may be
       changed meanwhile. */
    if (e->bound != 0 && !e->shared) {
        e->shared = true;
        e->lone = &env_no_caps;
        env_quiesce(e);
    }
    if (e->unacked != 0) {
        return -EAGAIN;
    }
    error = uarea_take(e, f);
    if (error < 0) {
        return error;
    }
    /* All else is zero since the env was made, but for the slots it has. */
    c->id = e->id;
    c->satp = e->satp;
    c->uarea = frame_contents(frame_number(f));
    c->env = e;
    c->bindings = e->binding;
    c->alarm = TIME_NEVER;
    c->uarea_frame = f;
    c->uarea->hart = hart->index;
    /* Its code may be newer than what that hart has fetched. */
    code_fence(bit);
    __atomic_fetch_or(&e->root->harts, bit, __ATOMIC_SEQ_CST);
    e->bound |= bit;
    env_row_harts(e, bit, 0);
    if (e->told == NULL) {
        e->told = c->uarea;
        revoke_show(e);
    }
    /* Release: the hart may enter it from now on. */
    __atomic_store_n(&hart->directory[env_index(e->id)], c, __ATOMIC_RELEASE);
    hart_attend(hart, env_index(e->id));
    return 0;
}
