/* SPDX-License-Identifier: MIT */
/*
 * Taking what an env owes, a step at a time.
 *
 * Invariant, under the env's lock: what is in taking[] was the env's, is broken
 * or being broken, and is taken whatever becomes of the request.
 *
 * By count the frames are found along the env's list. How far that has come is
 * where the env's record stands in the list: it is always there, and nobody but
 * this file moves it. So whatever the env does to its list meanwhile, each
 * frame is looked at once in a pass: first those that it marked as expendable,
 * then data that is not more than what is missing, then page tables and large
 * frames. Frames that others would inherit are passed over.
 */
#include "kern/disk/save.h"
#include "kern/disk/store.h"
#include "kern/event.h"
#include "kern/frame_one.h"
#include "kern/pt.h"
#include "kern/revoke_request.h"
#include "kern/slot.h"
#include "kern/time.h"

/* What one step does at most: frames to take, bindings of them to break, pages
   to save, frames of the list to look at, slots to take. Rule 6 bounds all of
   it together, and an edge with it. */
#define STEP_FRAMES REVOKE_TAKING
#define STEP_BINDINGS 12
#define STEP_COPIES 2
#define STEP_LOOKS 48
#define STEP_SLOTS 16

/* How often the lock of a save place is tried before the contents are lost. */
#define PLACE_TRIES 100

enum pass { PASS_EXPENDABLE, PASS_DATA, PASS_ANY, PASSES };

static struct frame *
record_of(const struct env *e)
{
    return frame_record(((uint64_t)e - DIRECT_BASE) >> FRAME_SHIFT);
}

static void
slots_take(struct env *e, struct request *r)
{
    unsigned taken = 0;

    if (r->name != REVOKE_ANY) {
        if (slot_free(e, r->name >> 16, r->name & 0xffff) == 0) {
            revoke_tell(e, LOSS(RESOURCE_SLOT, r->name, 0));
        }
        revoke_set_left(e, r, 0);
        return;
    }
    for (unsigned hart = 0; hart < hart_count; hart++) {
        for (unsigned i = 0; i < SLOTS; i++) {
            uint64_t own = atomic_load_explicit(&e->context[hart].own[i / 64],
                                                memory_order_relaxed);

            if (own >> i % 64 == 0) {
                i |= 63; /* none in the rest of the word */
                continue;
            }
            if (!(own >> i % 64 & 1)) {
                continue;
            }
            if (r->left == 0 || taken++ == STEP_SLOTS) {
                return;
            }
            if (slot_free(e, hart, i) == 0) {
                revoke_tell(e, LOSS(RESOURCE_SLOT, hart << 16 | i, 0));
                revoke_meet(e, RESOURCE_SLOT, hart << 16 | i, 1);
            }
        }
    }
    revoke_set_left(e, r, 0); /* it has no more */
}

/* Bindings, or entries of the registry. */
static void
disks_take(struct env *e, struct request *r)
{
    uint32_t name[STEP_SLOTS];
    unsigned most = r->left < STEP_SLOTS ? r->left : STEP_SLOTS;
    uint64_t kind = r->kind;
    unsigned taken;

    if (kind == RESOURCE_EXTENT) {
        taken = extent_take(e->id, r->name == REVOKE_ANY ? EXTENT_ANY : r->name,
                            most, name);
    } else {
        taken = store_take(
            e->id, r->name == REVOKE_ANY ? REGISTRY_NONE : r->name, most, name);
    }
    for (unsigned i = 0; i < taken; i++) {
        revoke_tell(e, LOSS(kind, name[i], 0));
    }
    /* By name: that is gone, whoever did it. Nothing taken: it has no more. */
    revoke_set_left(e, r,
                    r->name != REVOKE_ANY || taken == 0 ? 0 : r->left - taken);
}

/* Puts the env's record at the head of its list: a pass begins. */
static void
pass_begin(struct env *e, enum pass pass)
{
    struct frame *record = record_of(e);

    word_lock(&frame_lists.lock);
    list_remove(&e->frames.first, frame_records(), record);
    list_push(&e->frames.first, frame_records(), frame_number(record));
    word_unlock(&frame_lists.lock);
    e->revocation.pass = pass;
}

/* Whether the pass wants a frame; `flags` are those that it must have, unless
   it is the last pass. */
static inline bool
pass_wants(const struct env *e, const struct frame *f, uint32_t flags,
           uint64_t missing)
{
    const uint32_t mask = 0xff | FRAME_STATE_FLAG(FRAME_GUARANTEED);
    uint32_t state = frame_state(f);

    if (e->revocation.pass == PASS_ANY) {
        return revoke_takable(f);
    }
    return (state & (mask | flags)) == (FRAME_DATA | flags) && f->pins == 0 &&
           (uint64_t)1 << order_of(state) <= missing;
}

/* Adds frames that the pass wants to taking[], which is empty, until nothing is
   missing, *looks are used up or there is no room; whether it came to the end
   of the list. */
static bool
pass_collect(struct env *e, uint64_t missing, unsigned *looks)
{
    struct revocation *v = &e->revocation;
    const uint32_t flags =
        v->pass == PASS_EXPENDABLE ? FRAME_STATE_FLAG(FRAME_EXPENDABLE) : 0;
    struct frame *records = frame_records();
    struct frame *record = record_of(e);
    struct frame *last = NULL;
    uint32_t *taking = v->taking;
    unsigned rest = *looks;
    uint64_t number;

    ASSERT(v->taking_count == 0);
    word_lock(&frame_lists.lock);
    for (number = record->next; number != 0 && rest > 0 && missing > 0 &&
                                taking < v->taking + STEP_FRAMES;
         number = last->next) {
        last = &records[number];
        rest--;
        if (pass_wants(e, last, flags, missing)) {
            /* A page table has a shadow. */
            uint64_t pages = pt_is_table(last) ? 2 : (uint64_t)1 << last->order;

            *taking++ = (uint32_t)number;
            missing -= pages < missing ? pages : missing;
        }
    }
    if (last != NULL) {
        list_remove(&e->frames.first, records, record);
        list_insert_after(last, record);
    }
    word_unlock(&frame_lists.lock);
    v->taking_count = (unsigned)(taking - v->taking);
    *looks = rest;
    return number == 0;
}

/* Takes frames that others would inherit out of taking[]; whether there were
   any. */
static bool
heirs_spare(struct revocation *v)
{
    const uint32_t *end = v->taking + v->taking_count;
    uint32_t *kept = v->taking;

    for (const uint32_t *taking = kept; taking < end; taking++) {
        struct frame *f = frame_record(*taking);

        if (frame_type(f) != FRAME_DATA || !pt_has_heir(f)) {
            *kept++ = *taking;
        }
    }
    v->taking_count = (unsigned)(kept - v->taking);
    return kept < end;
}

/* Fills taking[] with what a request asks for. The request ends when there is
   nothing more. */
static void
frames_choose(struct env *e, struct request *r)
{
    struct revocation *v = &e->revocation;
    unsigned looks = STEP_LOOKS;
    bool spared = false; /* to look for heirs is long: once in a step */

    v->named = r->name != REVOKE_ANY;
    if (v->named) {
        if (revoke_name_check(e, RESOURCE_FRAME, r->name) == 0) {
            v->taking[v->taking_count++] =
                (uint32_t)frame_number(revoke_frame_meant(r->name));
        } else {
            revoke_set_left(e, r, 0);
        }
        return; /* it ends when that is gone */
    }
    if (!v->choosing) {
        v->choosing = true;
        pass_begin(e, v->expendable ? PASS_EXPENDABLE : PASS_DATA);
    }
    while (looks > 0 && v->taking_count == 0 && !spared) {
        bool end = pass_collect(e, r->left, &looks);

        spared = heirs_spare(v);
        if (end && v->pass + 1 == PASSES) {
            v->choosing = false;
            revoke_set_left(e, r, v->taking_count == 0 ? 0 : r->left);
            return;
        }
        if (end) {
            v->expendable &= v->pass != PASS_EXPENDABLE;
            pass_begin(e, v->pass + 1);
        }
    }
}

/* Copies a frame that nothing holds any more to the save place that it has: the
   page number of that, or 0. */
static uint64_t
frame_save_contents(const struct env *e, const struct frame *f)
{
    uint64_t number = f->used;
    struct frame *place = frame_record(number);
    bool good;

    if (frame_state(f) & FRAME_STATE_FLAG(FRAME_UNSCRUBBED)) {
        return 0;
    }
    /* Wrong order, so only tried: nobody holds it for long. */
    for (unsigned i = 0; !word_try_lock(&place->lock); i++) {
        if (i == PLACE_TRIES) {
            return 0;
        }
        lock_pause();
    }
    good =
        (frame_state(place) & ~FRAME_STATE_FLAG(FRAME_MARKS | FRAME_CLEAN)) ==
            FRAME_STATE(FRAME_DATA, 0) &&
        place->owner == e->id;
    if (good) {
        frame_clear_flag(place, FRAME_CLEAN);
        page_copy(frame_contents(number), frame_contents(frame_number(f)));
    }
    frame_unlock(place);
    return good ? number : 0;
}

/* What one step has done. */
struct taken {
    unsigned copies; /* frames saved */
    uint64_t met;    /* pages to be counted towards the only request */
};

/* A page that is being written to a save place in an extent counts as taken;
   what becomes of it is told when that is done. */
static inline void
frame_met(struct env *e, uint64_t name, uint64_t pages, struct taken *taken)
{
    if (e->revocation.named) { /* not what others ask for by count */
        revoke_meet(e, RESOURCE_FRAME, name, 0);
    } else if (e->revocation.requests > 1) {
        revoke_meet(e, RESOURCE_FRAME, name, pages);
    } else {
        taken->met += pages;
    }
}

/* A data frame whose bindings were broken; false while some are left, or the
   disk of its save place, which is locked if it has one there, has no room. If
   the env has freed it meanwhile, so be it. `placed` is constant: what has no
   save place goes fast. */
__attribute__((always_inline)) static inline bool
frame_take_unbound(struct env *e, struct frame *f, bool placed,
                   struct drive *disk, struct taken *taken)
{
    uint64_t name = frame_number(f);
    int error = pt_break_end(f, e->id);
    struct disk_request *save = NULL;
    uint64_t place = 0;
    uint32_t state;
    uint64_t pages;

    if (error < 0) { /* a shadow by now: not broken, but taken with its table */
        return error != -EAGAIN || frame_type(f) == FRAME_SHADOW;
    }
    state = frame_state(f);
    if ((state & 0xff) != FRAME_DATA || frame_pins(f) != 0) {
        frame_clear_flag(f, FRAME_CONDEMNED);
        frame_unlock(f);
        return true;
    }
    if (placed && (state & FRAME_STATE_FLAG(FRAME_PLACED))) {
        if (!PLACE_IS_EXTENT(f->used)) {
            place = frame_save_contents(e, f);
        } else if (save_begin(disk, e, f, &save) == -EAGAIN) {
            frame_set_flag(f, FRAME_BREAKING); /* nobody's, until then */
            frame_unlock(f);
            return false;
        }
        taken->copies += place != 0;
    }
    pages = (uint64_t)1 << order_of(state);
    /* First, so that an env which gets the frame anew, on another hart, can
       have read that it had lost it. */
    if (save == NULL) {
        revoke_tell(e, LOSS(RESOURCE_FRAME, name, place));
    }
    if (__builtin_expect(f->pins != 0, 0)) {
        (void)frame_let_go(&e->frames, f); /* a device is not done with it */
    } else {
        frame_put_back(&e->frames, f, state & ~FRAME_STATE_FLAG(FRAME_SAID));
    }
    if (save != NULL) {
        save_start(disk, save);
    }
    frame_met(e, name, pages, taken);
    return true;
}

__attribute__((noinline)) static bool
frame_take_placed(struct env *e, struct frame *f, struct taken *taken)
{
    struct drive *disk = save_open(f);
    bool done = frame_take_unbound(e, f, true, disk, taken);

    if (disk != NULL) {
        lock_release(&disk->lock);
    }
    return done;
}

/* Who marks a frame has the env's lock. */
static inline bool
frame_take_back(struct env *e, struct frame *f, struct taken *taken)
{
    return (frame_state(f) & FRAME_STATE_FLAG(FRAME_PLACED)) != 0
               ? frame_take_placed(e, f, taken)
               : frame_take_unbound(e, f, false, NULL, taken);
}

/* Sorts out of taking[] what is no page table: how many, at most
   REVOKE_TAKING + 1, in f[]. */
static unsigned
tables_keep(const struct env *e, struct revocation *v, struct frame *f[])
{
    const uint32_t *end = v->taking + v->taking_count;
    uint32_t *kept = v->taking;
    struct frame **next = f;

    for (const uint32_t *taking = kept; taking < end; taking++) {
        struct frame *one = frame_record(*taking);

        if (pt_is_table(one) && one->owner == e->id) {
            *kept++ = *taking;
        } else {
            *next++ = one;
        }
    }
    v->taking_count = (unsigned)(kept - v->taking);
    return (unsigned)(next - f);
}

/* A step towards taking what is in taking[]: the data; or, when there is none,
   a page table, which becomes data, with its shadow. */
static void
frames_take(struct env *e)
{
    struct revocation *v = &e->revocation;
    struct frame *f[REVOKE_TAKING + 1];
    struct taken taken = {0, 0};
    unsigned count = tables_keep(e, v, f);

    if (count == 0) {
        /* There is room for the shadow: a table too many is a frame that was
           freed, and made a table since. */
        v->taking_count =
            v->taking_count < REVOKE_TAKING ? v->taking_count : REVOKE_TAKING;
        f[0] = frame_record(v->taking[0]);
        f[1] = frame_record(f[0]->shadow);
        if (env_table_unmake(e, f[0]) < 0) {
            return;
        }
        v->taking[0] = v->taking[--v->taking_count];
        count = 2;
    }
    pt_break_begin(f, count, e->id, STEP_BINDINGS);
    for (unsigned i = 0; i < count; i++) {
        if (taken.copies == STEP_COPIES || !frame_take_back(e, f[i], &taken)) {
            v->taking[v->taking_count++] = (uint32_t)frame_number(f[i]);
        }
    }
    revoke_meet(e, RESOURCE_FRAME, 0, taken.met); /* frame 0 is nobody's */
}

int
revoke_step(struct env *e)
{
    struct revocation *v = &e->revocation;
    struct request *r = revoke_earliest(e);
    uint64_t posted = v->posted + v->missed;
    uint64_t now = time_now();

    ASSERT(lock_held(e->lock));
    if (r != NULL && r->deadline <= now) {
        if (r->kind == RESOURCE_SLOT) {
            slots_take(e, r);
        } else if (r->kind != RESOURCE_FRAME) {
            disks_take(e, r);
        } else if (v->taking_count == 0) {
            frames_choose(e, r);
        }
    }
    if (v->taking_count > 0) {
        frames_take(e);
    }
    if (revoke_first(e, RESOURCE_FRAME, true) == NULL) {
        v->choosing = false;
    }
    revoke_note(e);
    if (v->posted + v->missed != posted) {
        event_post_any(e, PENDING_LOSS);
    }
    r = revoke_earliest(e);
    if (v->taking_count > 0 || (r != NULL && r->deadline <= now)) {
        return -EAGAIN;
    }
    return (int)v->requests;
}
