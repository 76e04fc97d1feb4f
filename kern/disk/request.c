/* SPDX-License-Identifier: MIT */
/*
 * Invariants, under the drive's lock:
 *
 *  - a request is free and in the list of those that are; or taken, by the call
 *    that has the lock or by a job; or queued: then the device has it, or it
 * has its bit in drive.again;
 *  - each segment of a request that is not free is within one frame, which has
 *    a pin for it. Those of a dead disk keep theirs for ever;
 *  - of_env[] sums up to how many are not free, of those that are envs';
 *  - the last REQUESTS_KEPT tags are in a list of their own when they are free.
 */
#include "kern/disk/request.h"

#include "kern/disk/binding.h"
#include "kern/disk/frame_dma.h"
#include "kern/disk/save.h"
#include "kern/disk/store.h"
#include "kern/env.h"
#include "kern/event.h"
#include "kern/frame_list.h"
#include "kern/panic.h"
#include "kern/revoke.h"
#include "kern/slot.h"
#include "kern/time.h"

/* How often the device gets a request: the second time after a reset. */
#define TRIES 2

/* What one step of handing out again does, and pieces of memory after which no
   more answers are taken: rule 6. */
#define AGAIN_STEP 8
#define STEP_PIECES 32

void
request_init(struct drive *v)
{
    uint32_t all = v->disk->requests;

    v->free = all - REQUESTS_KEPT;
    v->first_free = 0;
    v->kept = v->free;
    for (uint32_t i = 0; i < all; i++) {
        v->request[i].tag = i;
        v->request[i].next =
            i + 1 != v->free && i + 1 < all ? i + 1 : REQUEST_NONE;
    }
}

struct disk_request *
request_keep_take(struct drive *v, uint32_t id)
{
    struct disk_request *r = &v->request[v->kept];

    if (v->kept == REQUEST_NONE) {
        return NULL;
    }
    v->kept = r->next;
    r->state = REQUEST_TAKEN;
    r->env = id;
    r->segments = 0;
    return r;
}

void
request_keep_free(struct drive *v, struct disk_request *r)
{
    r->state = REQUEST_FREE;
    r->next = v->kept;
    v->kept = r->tag;
}

/* Takes a request for the caller, who fills in what it is for. */
static inline int
request_take(struct drive *v, struct context *c, struct disk_request **taken)
{
    const struct env *e = c->env;
    uint8_t *mine = &v->of_env[env_index(e->id)];
    struct account *account = e->frames.account;
    struct disk_request *r;

    ASSERT(lock_held(&v->lock));
    if (v->dead) {
        return -EIO;
    }
    if (*mine >= v->free || !event_reserve(c)) {
        return -EAGAIN;
    }
    if (!account_charge_one(account, ACCOUNT_REQUESTS)) {
        event_unreserve(c);
        return -EDQUOT;
    }
    r = &v->request[v->first_free];
    v->first_free = r->next;
    v->free--;
    ++*mine;
    r->hart = (uint8_t)hart_self()->index;
    r->env = e->id;
    r->account = account;
    *taken = r;
    return 0;
}

/* The head of a pinned frame that a page is in: mostly it is one itself. */
static inline struct frame *
pinned_frame(ppn_t number)
{
    struct frame *f = frame_record(number);

    return frame_type(f) != FRAME_PART ? f : frame_head(number);
}

/* All of a request's, however many. */
__attribute__((noinline)) static void
segments_unpin(const struct disk_request *r)
{
    for (const struct disk_segment *s = r->segment, *end = s + r->segments;
         s < end; s++) {
        frame_dma_end(pinned_frame(s->address >> FRAME_SHIFT));
    }
}

/* Lets go of what a request holds, and makes it free. Inline where it is often
   done; else request_end. */
__attribute__((always_inline)) static inline void
request_free(struct drive *v, struct disk_request *r)
{
    if (__builtin_expect(r->segments == 1, 1)) {
        frame_dma_end(pinned_frame(r->segment[0].address >> FRAME_SHIFT));
    } else {
        segments_unpin(r);
    }
    if (r->extent != NULL) {
        extent_done(v, r->extent);
    }
    account_release_one(r->account, ACCOUNT_REQUESTS);
    v->of_env[env_index(r->env)]--;
    r->state = REQUEST_FREE;
    r->next = v->first_free;
    v->first_free = r->tag;
    v->free++;
}

void
request_end(struct drive *v, struct disk_request *r)
{
    request_free(v, r);
}

/* Pins one piece, of at most `room` blocks, as a word of the env's names it:
   how many they are, or an error. */
__attribute__((always_inline)) static inline int64_t
piece_pin(const struct drive *v, uint64_t word, uint64_t room,
          const struct cap *cap, unsigned right, struct disk_segment *segment)
{
    const unsigned above = 64 - DISK_PIECE_COUNT_SHIFT;
    uint64_t number = (uint32_t)word;
    uint64_t offset = word << above >> (above + DISK_PIECE_OFFSET_SHIFT);
    uint64_t count = word >> DISK_PIECE_COUNT_SHIFT;
    int error;

    if (number >= FRAME_LIMIT || count == 0 || count > v->piece_pages ||
        count > room) {
        return -EINVAL;
    }
    error = frame_dma_begin(frame_record(number), offset, count, cap, right);
    if (error < 0) {
        return error;
    }
    segment->address = (number + offset) << FRAME_SHIFT;
    segment->bytes = (uint32_t)(count << FRAME_SHIFT);
    return (int64_t)count;
}

/* Pins all pieces that a read or write names: 0, or an error; what has been
   pinned by then is the request's. */
__attribute__((always_inline)) static inline int
pieces_pin(const struct drive *v, struct disk_request *r,
           const struct request_ask *ask, unsigned right)
{
    const uint64_t *word = ask->pieces;
    const uint64_t *end = word + ask->count;
    struct disk_segment *segment = r->segment;
    uint64_t room = DISK_REQUEST_BLOCKS;
    int64_t pinned;

    do {
        pinned = piece_pin(v, __atomic_load_n(word, __ATOMIC_RELAXED), room,
                           ask->cap, right, segment);
        if (pinned < 0) {
            break;
        }
        room -= (uint64_t)pinned;
        segment++;
    } while (++word < end);
    r->segments = (uint32_t)(segment - r->segment);
    r->count = (uint32_t)(DISK_REQUEST_BLOCKS - room);
    return pinned < 0 ? (int)pinned : 0;
}

/* The device has it. */
static inline void
request_given(struct drive *v, struct disk_request *r, unsigned tries)
{
    r->state = REQUEST_QUEUED;
    r->tries = (uint8_t)tries;
    v->row->waiting++;
    if (atomic_load_explicit(&v->deadline, memory_order_relaxed) ==
        TIME_NEVER) {
        uint64_t deadline = time_now() + v->silence;

        atomic_store_explicit(&v->deadline, deadline, memory_order_relaxed);
        if (deadline < hart_self()->alarm) {
            slot_wake_at(deadline);
        }
    }
}

/* Hands it to the device: 0, or -EAGAIN. */
static int
request_submit(struct drive *v, struct disk_request *r)
{
    struct disk *disk = v->disk;
    const struct disk_segment *segment = r->segment;
    struct disk_segment own;
    uint32_t segments = r->segments;
    int error;

    if (r->purpose != REQUEST_ENV) {
        own = (struct disk_segment){(uint64_t)r->frame << FRAME_SHIFT,
                                    FRAME_SIZE};
        segment = &own;
        segments = r->operation != DISK_FLUSH;
    }
    error = disk->driver->submit(disk, r->tag, r->operation, r->block,
                                 r->operation == DISK_FLUSH ? 0 : r->count,
                                 segment, segments);
    if (error == 0) {
        request_given(v, r, r->tries + 1U);
    }
    return error;
}

int
request_begin(struct drive *v, struct context *c, struct disk_request **r)
{
    int error = request_take(v, c, r);

    if (error == 0) {
        (*r)->state = REQUEST_TAKEN;
        (*r)->tries = 0;
        (*r)->extent = NULL;
        (*r)->count = 0;
        (*r)->segments = 0;
    }
    return error;
}

void
request_start(struct drive *v, struct disk_request *r,
              enum disk_operation operation)
{
    r->operation = (uint8_t)operation;
    r->tries = 0;
    r->count = operation != DISK_FLUSH;
    if (v->dead || request_submit(v, r) < 0) { /* later, as after a reset */
        r->state = REQUEST_QUEUED;
        v->row->waiting++;
        v->again |= (uint64_t)1 << r->tag;
        drive_attend_later();
    }
}

static inline bool
extent_has(const struct extent *x, uint64_t block, uint64_t count)
{
    return block < x->count && count <= x->count - block;
}

/* What of a typed extent can be read or written: what was never written holds
   what somebody else left, and what two own is nobody's to write. */
static int
extent_check(const struct drive *v, const struct disk_request *r,
             enum disk_operation operation)
{
    const struct volume *volume = &v->store->volume;

    if (operation != DISK_READ) {
        return volume->state != DISK_READY ||
                       double_frozen(&volume->doubles, r->block, r->count)
                   ? -EBUSY
                   : 0;
    }
    for (uint64_t i = 0; i < r->count; i++) {
        if (block_state(&volume->blocks, r->block + i) == BLOCK_UNINITIALISED) {
            return -ENODATA;
        }
    }
    return 0;
}

/* Does a request, of whatever kind. Where the kind is a constant this is short,
   and there are as many of it. */
__attribute__((always_inline)) static inline int
request_make(struct drive *v, struct extent *x, const struct request_ask *ask,
             enum disk_operation operation)
{
    bool moves = operation == DISK_READ || operation == DISK_WRITE;
    struct disk *disk = v->disk;
    struct disk_request *r;
    uint64_t block = x->first + ask->block;
    int error;

    if (!(x->rights & (operation == DISK_READ ? CAP_READ : CAP_WRITE))) {
        return -EPERM;
    }
    if (moves && ask->count > disk->segments) {
        return -EINVAL;
    }
    error = request_take(v, ask->context, &r);
    if (error < 0) {
        return error;
    }
    r->operation = (uint8_t)operation;
    r->purpose = REQUEST_ENV;
    r->cookie = ask->cookie;
    r->block = block;
    r->extent = x;
    x->waiting++;
    if (moves) {
        error = pieces_pin(v, r, ask,
                           operation == DISK_READ ? CAP_WRITE : CAP_READ);
    } else {
        r->segments = 0;
        r->count = (uint32_t)ask->count;
    }
    if (error == 0 && operation != DISK_FLUSH) {
        error = !extent_has(x, ask->block, r->count) ? -EINVAL
                : x->parent != EXTENT_NONE ? extent_check(v, r, operation)
                                           : 0;
    }
    if (error == 0) {
        error = disk->driver->submit(disk, r->tag, operation, block,
                                     operation == DISK_FLUSH ? 0 : r->count,
                                     r->segment, r->segments);
    }
    if (error == 0) {
        request_given(v, r, 1);
        return 0;
    }
    request_end(v, r);
    event_unreserve(ask->context);
    return error;
}

int
request_read(struct drive *v, struct extent *x, const struct request_ask *ask)
{
    return request_make(v, x, ask, DISK_READ);
}

int
request_write(struct drive *v, struct extent *x, const struct request_ask *ask)
{
    return request_make(v, x, ask, DISK_WRITE);
}

int
request_flush(struct drive *v, struct extent *x, const struct request_ask *ask)
{
    return request_make(v, x, ask, DISK_FLUSH);
}

int
request_discard(struct drive *v, struct extent *x,
                const struct request_ask *ask)
{
    return ask->count == 0 || ask->count > v->disk->discard_blocks
               ? -EINVAL
               : request_make(v, x, ask, DISK_DISCARD);
}

/* When the disk has been silent for too long: from now on it is not, if it has
   something to do. */
static inline void
silence_begin(struct drive *v)
{
    uint64_t deadline = TIME_NEVER;

    if (v->row->waiting > 0) {
        deadline = time_now() + v->silence;
    }
    atomic_store_explicit(&v->deadline, deadline, memory_order_relaxed);
}

void
requests_tell(const struct request_end *ends, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (ends[i].hart == REQUEST_END_LOSS) {
            revoke_saved((uint32_t)ends[i].env, ends[i].cookie);
            continue;
        }
        event_complete(ends[i].env, ends[i].hart, ends[i].cookie,
                       (uint64_t)ends[i].value);
    }
}

static inline void
counters_add(struct disk_row *row, const struct disk_request *r, int error)
{
    if (error < 0) {
        row->errors++;
    } else if (r->operation == DISK_READ) {
        row->reads++;
        row->blocks_read += r->count;
    } else if (r->operation == DISK_WRITE) {
        row->writes++;
        row->blocks_written += r->count;
    } else if (r->operation == DISK_FLUSH) {
        row->flushes++;
    } else {
        row->discards++;
    }
}

/* The device is done with a request of an env's own: makes it free, and fills
   in what is to be told. */
__attribute__((always_inline)) static inline void
own_finish(struct drive *v, struct disk_request *r, int error,
           struct request_end *end)
{
    ASSERT(lock_held(&v->lock) && r->state == REQUEST_QUEUED);
    *end = (struct request_end){r->env, r->hart, r->cookie, error};
    counters_add(v->row, r, error);
    v->row->waiting--;
    if (r->operation == DISK_WRITE && error == 0 &&
        r->extent->parent != EXTENT_NONE) {
        block_written(&v->store->volume.blocks, r->block, r->count);
    }
    request_free(v, r);
}

/* The same of any: 1, or 0 if nobody is to be told. One of a dead disk keeps
   its tag and its pins. */
static unsigned
request_finish(struct drive *v, struct disk_request *r, int error,
               struct request_end *end)
{
    if (r->purpose == REQUEST_ENV && !v->dead) {
        own_finish(v, r, error, end);
        silence_begin(v);
        return 1;
    }
    *end = (struct request_end){r->env, r->hart, r->cookie, error};
    counters_add(v->row, r, error);
    v->row->waiting--;
    if (r->purpose == REQUEST_ENV) {
        v->of_env[env_index(r->env)]--;
        account_release(account_number(r->account), ACCOUNT_REQUESTS, 1);
        return 1;
    }
    r->state = REQUEST_TAKEN;
    silence_begin(v);
    if (r->purpose == REQUEST_SAVE) {
        save_end(v, r, error, end);
        return 1;
    }
    if (!store_answer(v, r, error)) {
        return 0;
    }
    request_end(v, r);
    return 1;
}

unsigned
request_collect(struct drive *v, struct request_end *ends)
{
    struct disk *disk = v->disk;
    unsigned pieces = 0;
    unsigned count = 0;
    enum disk_answer answer = DISK_DONE;

    while (count < REQUEST_STEP && pieces < STEP_PIECES) {
        struct disk_request *r;
        unsigned tag;
        int error;

        answer = disk->driver->complete(disk, &tag, &error);
        if (answer != DISK_DONE) {
            break;
        }
        r = &v->request[tag];
        pieces += r->segments;
        count += request_finish(v, r, error, &ends[count]);
    }
    v->more = answer == DISK_DONE;
    v->broken |= answer == DISK_BROKEN;
    return count;
}

/* The rest of an interrupt: what is done with, after `count` that were. */
__attribute__((noinline)) static void
interrupt_rest(struct drive *v, struct request_end *ends, unsigned count)
{
    bool later;

    if (!v->dead) {
        count += request_collect(v, ends + count);
    }
    later = v->more || v->broken;
    lock_release(&v->lock);
    if (later) {
        drive_attend_later();
    }
    if (atomic_load_explicit(&v->work, memory_order_relaxed)) {
        slot_wake_at(0);
    }
    requests_tell(ends, count);
}

/* The way of the last answer that is waited for, which an env wants, is short.
 */
void
request_interrupt(struct disk *disk)
{
    struct drive *v = disk->user;
    struct request_end ends[1 + REQUEST_STEP];
    struct disk_request *r;
    unsigned tag;
    int error;

    lock_acquire(&v->lock);
    if (__builtin_expect(v->dead, 0)) {
        interrupt_rest(v, ends, 0);
        return;
    }
    disk->driver->acknowledge(disk);
    if (__builtin_expect(
            disk->driver->complete(disk, &tag, &error) != DISK_DONE, 0)) {
        interrupt_rest(v, ends, 0); /* it says so again */
        return;
    }
    r = &v->request[tag];
    if (__builtin_expect(r->purpose != REQUEST_ENV || v->row->waiting > 1, 0)) {
        interrupt_rest(v, ends, request_finish(v, r, error, ends));
        return;
    }
    own_finish(v, r, error, ends);
    atomic_store_explicit(&v->deadline, TIME_NEVER, memory_order_relaxed);
    v->more = false;
    lock_release(&v->lock);
    event_complete(ends->env, ends->hart, ends->cookie, (uint64_t)ends->value);
}

void
request_again_all(struct drive *v)
{
    for (unsigned tag = 0; tag < v->disk->requests; tag++) {
        if (v->request[tag].state == REQUEST_QUEUED) {
            v->again |= (uint64_t)1 << tag;
        }
    }
}

unsigned
request_again_step(struct drive *v, struct request_end *ends, unsigned room)
{
    unsigned count = 0;
    unsigned work = 0;

    for (unsigned tag = 0; v->again != 0 && count < room && work < AGAIN_STEP;
         tag++) {
        struct disk_request *r = &v->request[tag];

        if (!(v->again >> tag & 1)) {
            continue;
        }
        v->again &= ~((uint64_t)1 << tag);
        work++;
        v->row->waiting--;
        if (v->dead || r->tries >= TRIES || request_submit(v, r) < 0) {
            v->row->waiting++;
            count += request_finish(v, r, -EIO, &ends[count]);
        }
    }
    return count;
}
