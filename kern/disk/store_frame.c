/* SPDX-License-Identifier: MIT */
/*
 * The frames of registries, and who is charged for them.
 *
 * Invariants, under the drive's lock:
 *
 *  - a frame of FRAME_REGISTRY is `frame`, `image`, `writing` or `spare` of one
 *    entry, or recovery's, or in the chain of those that are being released;
 *  - one that nobody has been shown yet has FRAME_BREAKING, so nobody maps it:
 *    it is being filled, or is a proposed image, or a spare one. Until it is
 *    shown its guard is what it was under before;
 *  - an entry whose frame is writable is data, and dirty, or being read or
 *    written: then it is dirty afterwards. A frame ceases to be so with no
 * maps;
 *  - an entry with a holder is charged with `pages` to the account in glue[0]
 *    of its twin; held_of[] sums up to the entries that have one.
 */
#include "kern/disk/store.h"
#include "kern/frame_list.h"
#include "kern/panic.h"
#include "kern/pt.h"

#define LEAVE_STEP 64 /* entries that an env's end lets go of at a time */
#define RECLAIM_STEP 4
#define RECLAIM_LOOKS 64
#define BREAK_STEP 12

#define HOLDER_ACCOUNT 0 /* glue[] of a twin */

/* What the registry takes is in nobody's account: it was charged to the env
   that gave it, and is counted as ACCOUNT_REGISTRY from then on. */
static struct account registry_account = {.limit = {UINT64_MAX}};
static struct frame_list registry_frames = {.account = &registry_account};

uint8_t *
registry_page(uint32_t frame)
{
    return frame_contents(frame);
}

int
store_adopt(struct env *e, struct frame *f)
{
    const uint32_t mask = ~FRAME_STATE_FLAG(FRAME_MARKS | FRAME_CLEAN);
    int error;

    if (frame_type(f) != FRAME_DATA) { /* perhaps no RAM: not to be locked */
        return -EINVAL;
    }
    frame_lock(f);
    if (f->owner != e->id) {
        error = -EPERM;
    } else if ((frame_state(f) & mask) != FRAME_STATE(FRAME_DATA, 0)) {
        error = f->order != 0 || frame_type(f) != FRAME_DATA ? -EINVAL : -EBUSY;
    } else if (frame_busy(f)) {
        error = -EBUSY;
    } else {
        error = frame_give(&e->frames, &registry_frames, REGISTRY_ID, &f, 1);
    }
    if (error == 0) {
        f->harts = 0;
        frame_become(f, FRAME_REGISTRY);
        frame_set_flag(f, FRAME_BREAKING);
    }
    frame_unlock(f);
    return error;
}

/* Frees a locked frame that is not mapped; the lock goes with it. */
static void
free_locked(struct frame *f)
{
    f->harts = 0;
    frame_become(f, FRAME_DATA);
    (void)frame_return(&registry_frames, f);
}

void
store_disown(struct env *e, struct frame *f)
{
    frame_lock(f);
    ASSERT(frame_type(f) == FRAME_REGISTRY && f->maps_and_pins == 0);
    f->harts = 0;
    frame_become(f, FRAME_DATA);
    if (frame_give(&registry_frames, &e->frames, e->id, &f, 1) == 0) {
        frame_unlock(f);
    } else { /* its account has been filled meanwhile */
        (void)frame_return(&registry_frames, f);
    }
}

void
store_return(uint32_t id, struct frame *const f[], unsigned count)
{
    struct env *e = env_lock(id);
    bool alive = e != NULL && env_lives(e);

    for (unsigned i = 0; i < count; i++) {
        if (alive) {
            store_disown(e, f[i]);
        } else {
            frame_lock(f[i]);
            f[i]->guard = pt_sealer.name; /* it holds what it was offered for */
            free_locked(f[i]);
        }
    }
    if (e != NULL) {
        env_unlock(e);
    }
}

static void
guard_set(struct frame *f, int answer, const struct cap_name *guard,
          unsigned shown)
{
    frame_lock(f);
    f->harts =
        (f->harts & REGISTRY_WRITABLE) | (answer == 0 ? REGISTRY_ANYONE : 0);
    f->guard = answer == 1 ? *guard : pt_sealer.name;
    frame_clear_flag(f, shown);
    frame_unlock(f);
}

void
store_guard_set(struct frame *f, int answer, const struct cap_name *guard)
{
    guard_set(f, answer, guard, 0);
}

bool
store_guard_is(const struct frame *f, int answer, const struct cap_name *guard)
{
    const struct cap_name *name = answer == 1 ? guard : &pt_sealer.name;

    return ((f->harts & REGISTRY_ANYONE) != 0) == (answer == 0) &&
           (answer == 0 || cap_name_equal(&f->guard, name));
}

void
store_show(struct frame *f, int answer, const struct cap_name *guard)
{
    guard_set(f, answer, guard, FRAME_BREAKING);
}

void
registry_succeed(uint32_t from, uint32_t to)
{
    const struct frame *old = frame_record(from);

    if (from == 0) {
        store_show(frame_record(to), -EPERM, NULL);
    } else { /* sealed, it is -EPERM's */
        store_show(frame_record(to), (old->harts & REGISTRY_ANYONE) == 0,
                   &old->guard);
    }
}

void
store_writable(struct drive *d, uint32_t e)
{
    struct registry *r = &d->store->volume.registry;
    struct registry_entry *entry = &r->entry[e];
    struct frame *f = frame_record(entry->frame);

    ASSERT(!(entry->flags & REGISTRY_META) && entry->frame != 0);
    frame_lock(f);
    f->harts |= REGISTRY_WRITABLE;
    frame_unlock(f);
    if (entry->state == REGISTRY_CLEAN) {
        registry_set(r, e, REGISTRY_DIRTY, entry->flags);
    }
}

/* Acquire: what was written by a map is done before that falls. */
void
store_unwritable(struct frame *f)
{
    frame_lock(f);
    if (__atomic_load_n(&f->maps, __ATOMIC_ACQUIRE) == 0) {
        f->harts &= ~(uint64_t)REGISTRY_WRITABLE;
    }
    frame_unlock(f);
}

bool
store_is_writable(const struct drive *d, uint32_t e)
{
    const struct registry_entry *entry = &d->store->volume.registry.entry[e];

    return (frame_record(entry->frame)->harts & REGISTRY_WRITABLE) != 0 &&
           !(entry->flags & REGISTRY_META);
}

/* Frees a frame if it is not mapped; whether it was not. */
static bool
free_now(struct frame *f)
{
    frame_lock(f);
    if (__atomic_load_n(&f->maps, __ATOMIC_ACQUIRE) != 0) {
        frame_set_flag(f, FRAME_BREAKING);
        frame_unlock(f);
        return false;
    }
    free_locked(f);
    return true;
}

void
store_free(struct drive *d, struct frame *f)
{
    if (!free_now(f)) {
        f->used = d->store->releasing;
        d->store->releasing = (uint32_t)frame_number(f);
    }
}

/* Breaks some mappings of a frame that is to be free; whether there are more
   such frames. */
bool
store_release_step(struct drive *d)
{
    struct store *s = d->store;
    struct frame *f = frame_record(s->releasing);

    if (s->releasing != 0 && pt_break(f, REGISTRY_ID, BREAK_STEP) == 0) {
        s->releasing = f->used;
        free_locked(f); /* at once: else somebody maps it again */
    }
    return s->releasing != 0;
}

void
registry_release(struct registry *r, uint32_t e, uint32_t frame)
{
    struct drive *d = &drive_table[r->disk];
    struct registry_entry *entry = &r->entry[e];

    if (entry->holder != 0) {
        account_release_one(&ACCOUNT_TABLE[r->twin[e].glue[HOLDER_ACCOUNT]],
                            ACCOUNT_REGISTRY);
    }
    registry_open(entry);
    entry->pages--;
    registry_close(entry);
    store_free(d, frame_record(frame));
}

/* Lets go of an entry. */
static void
unhold(struct drive *d, uint32_t e)
{
    struct registry *r = &d->store->volume.registry;
    struct registry_entry *entry = &r->entry[e];

    if (entry->pages > 0) {
        account_release((uint32_t)r->twin[e].glue[HOLDER_ACCOUNT],
                        ACCOUNT_REGISTRY, entry->pages);
    }
    d->store->held_of[env_index(entry->holder)]--;
    registry_open(entry);
    entry->holder = 0;
    registry_close(entry);
}

int
store_unhold(struct drive *d, uint32_t e, uint32_t id)
{
    const struct registry_entry *entry = &d->store->volume.registry.entry[e];

    if (entry->state == REGISTRY_FREE || entry->holder != id) {
        return -ESTALE;
    }
    unhold(d, e);
    return 0;
}

static int
hold(struct drive *d, uint32_t e, uint32_t id, uint32_t account, uint32_t more)
{
    struct registry *r = &d->store->volume.registry;
    struct registry_entry *entry = &r->entry[e];
    uint64_t pages = more + (entry->holder == id ? 0 : (uint64_t)entry->pages);

    if (account_charge(account, ACCOUNT_REGISTRY, pages) < 0) {
        return -EDQUOT;
    }
    if (entry->holder != id) {
        if (entry->holder != 0) {
            unhold(d, e);
        }
        d->store->held_of[env_index(id)]++;
    }
    r->twin[e].glue[HOLDER_ACCOUNT] = account;
    registry_open(entry);
    entry->holder = id;
    entry->pages += more;
    registry_close(entry);
    return 0;
}

int
store_hold(struct drive *d, uint32_t e, const struct env *env, uint32_t more)
{
    return hold(d, e, env->id, env_account(env), more);
}

void
store_accept(struct drive *d, uint32_t e, uint32_t id, uint32_t account)
{
    struct registry_entry *entry = &d->store->volume.registry.entry[e];

    /* One that ends now lets go of what it holds later, with this lock. */
    if (owner_frames(id) != NULL && hold(d, e, id, account, 1) == 0) {
        return;
    }
    if (entry->holder != 0) {
        unhold(d, e);
    }
    registry_open(entry);
    entry->pages++;
    registry_close(entry);
}

/* The first entry that env `id` holds, from e on; or how many there are. */
static uint32_t
held_next(const struct store *s, uint32_t id, uint32_t e)
{
    const struct registry *r = &s->volume.registry;

    if (s->held_of[env_index(id)] == 0) {
        return r->count;
    }
    while (e < r->count && r->entry[e].holder != id) {
        e++;
    }
    return e;
}

bool
store_leave_env(uint32_t id)
{
    for (unsigned i = 0; i < disk_count; i++) {
        struct drive *d = &drive_table[i];
        unsigned done = 0;
        uint32_t e = 0;

        /* With the lock even if there are none: store_accept. */
        lock_acquire(&d->lock);
        while (done < LEAVE_STEP && (e = held_next(d->store, id, e)) <
                                        d->store->volume.registry.count) {
            unhold(d, e);
            done++;
        }
        lock_release(&d->lock);
        if (done > 0) {
            return true;
        }
    }
    return false;
}

unsigned
store_take(uint32_t id, uint64_t number, unsigned most, uint32_t *name)
{
    bool named = number != REGISTRY_NONE;
    unsigned taken = 0;

    most = named ? 1 : most;

    for (unsigned i = 0; i < disk_count && taken == 0; i++) {
        struct drive *d = &drive_table[i];
        uint32_t count = d->store->volume.registry.count;
        uint32_t first = d->store->first;
        uint32_t e = named ? (uint32_t)(number - first) : 0;
        uint32_t next;

        if (named && number - first >= count) {
            continue;
        }
        lock_acquire(&d->lock);
        while (taken < most && (next = held_next(d->store, id, e)) < count &&
               (!named || next == e)) {
            e = next;
            unhold(d, e);
            name[taken++] = first + e;
        }
        lock_release(&d->lock);
    }
    return taken;
}

bool
store_is_of(uint32_t id, uint64_t number)
{
    uint32_t e;
    struct drive *d = store_open(number, &e);
    bool found = false;

    if (d != NULL) {
        found = d->store->volume.registry.entry[e].holder == id;
        lock_release(&d->lock);
    }
    return found;
}

/* Whether no env has a frame of the entry mapped. */
static bool
unmapped(const struct registry_entry *entry, const struct registry_twin *twin)
{
    const uint32_t frames[] = {entry->frame, twin->image, twin->spare};
    uint32_t maps = 0;

    for (unsigned i = 0; i < 3; i++) {
        maps |=
            __atomic_load_n(&frame_record(frames[i])->maps, __ATOMIC_RELAXED);
    }
    return maps == 0;
}

bool
store_evict(struct drive *d, unsigned most)
{
    struct registry *r = &d->store->volume.registry;
    unsigned looks = RECLAIM_LOOKS;
    unsigned evicted = 0;

    while (evicted < most) {
        uint32_t e = registry_oldest(r, &looks);

        if (e == REGISTRY_NONE) {
            break;
        }
        if (!unmapped(&r->entry[e], &r->twin[e])) {
            registry_touch(r, e);
            looks--;
            continue;
        }
        if (r->entry[e].holder != 0) {
            unhold(d, e);
        }
        registry_release_all(r, e);
        registry_remove(r, e);
        evicted++;
    }
    return evicted > 0;
}

bool
store_reclaim(void)
{
    bool found = false;

    for (unsigned i = 0; i < disk_count && !found; i++) {
        lock_acquire(&drive_table[i].lock);
        found = store_evict(&drive_table[i], RECLAIM_STEP);
        lock_release(&drive_table[i].lock);
    }
    return found;
}
