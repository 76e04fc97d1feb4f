/* SPDX-License-Identifier: MIT */
/*
 * Invariants, under the drive's lock:
 *
 *  - a request is free and in the list of those that are, or taken by the call
 *    that has the lock, or queued: then the device has it, or has its bit in
 *    drive.again;
 *  - each segment of a request that is not free is within one frame, which has
 *    a pin for it. Those of a dead disk keep theirs for ever;
 *  - of_env[] sums up to how many are not free.
 */
#include "kern/disk/request.h"

#include "kern/account.h"
#include "kern/disk/binding.h"
#include "kern/disk/drive.h"
#include "kern/env.h"
#include "kern/event.h"
#include "kern/panic.h"
#include "kern/slot.h"
#include "kern/time.h"

/* How often the device gets a request: the second time after a reset. */
#define TRIES 2

/* What one step of handing out again does: rule 6. */
#define AGAIN_STEP 8

void
request_init(struct drive *v)
{
    v->free = v->disk->requests;
    v->first_free = 0;
    for (uint32_t i = 0; i < v->free; i++) {
        v->request[i].next = i + 1 < v->free ? i + 1 : REQUEST_NONE;
    }
}

int
request_take(struct drive *v, struct context *c, struct disk_request **taken)
{
    const struct env *e = c->env;
    uint8_t *mine = &v->of_env[env_index(e->id)];
    struct disk_request *r;

    ASSERT(lock_held(&v->lock));
    if (v->dead) {
        return -EIO;
    }
    if (*mine >= v->free || !event_reserve(c)) {
        return -EAGAIN;
    }
    if (account_charge(env_account(e), ACCOUNT_REQUESTS, 1) < 0) {
        event_unreserve(c);
        return -EDQUOT;
    }
    r = &v->request[v->first_free];
    v->first_free = r->next;
    v->free--;
    ++*mine;
    r->state = REQUEST_TAKEN;
    r->hart = (uint8_t)hart_self()->index;
    r->tries = 0;
    r->env = e->id;
    r->account = env_account(e);
    r->extent = EXTENT_NONE;
    r->block = 0;
    r->count = 0;
    r->segments = 0;
    *taken = r;
    return 0;
}

/* Lets go of what a request holds, and makes it free. */
static void
request_free(struct drive *v, struct disk_request *r)
{
    for (uint32_t i = 0; i < r->segments; i++) {
        frame_dma_end(frame_head(r->segment[i].address >> FRAME_SHIFT));
    }
    if (r->extent != EXTENT_NONE) {
        extent_done(v, r->extent);
    }
    account_release(r->account, ACCOUNT_REQUESTS, 1);
    v->of_env[env_index(r->env)]--;
    r->state = REQUEST_FREE;
    r->next = v->first_free;
    v->first_free = (uint32_t)(r - v->request);
    v->free++;
}

void
request_drop(struct drive *v, struct context *c, struct disk_request *r)
{
    ASSERT(lock_held(&v->lock) && r->state == REQUEST_TAKEN);
    request_free(v, r);
    event_unreserve(c);
}

int
request_add(struct drive *v, struct disk_request *r, struct frame *f,
            uint64_t offset, uint64_t count, const struct cap *cap)
{
    unsigned right = r->operation == DISK_READ ? CAP_WRITE : CAP_READ;
    int error;

    if (count == 0 || count > DISK_PIECE_PAGES_MAX ||
        count > DISK_REQUEST_BLOCKS - r->count ||
        count > v->disk->segment_bytes >> FRAME_SHIFT ||
        r->segments == v->disk->segments) {
        return -EINVAL;
    }
    error = frame_dma_begin(f, offset, count, cap, right);
    if (error == 0) {
        r->segment[r->segments++] =
            (struct disk_segment){(frame_number(f) + offset) << FRAME_SHIFT,
                                  (uint32_t)(count << FRAME_SHIFT)};
        r->count += (uint32_t)count;
    }
    return error;
}

/* That the device has got something to do, or has done something: it is not
   silent. A hart is told when to look. */
static void
silence_begin(struct drive *v)
{
    uint64_t deadline = TIME_NEVER;

    if (v->free < v->disk->requests) {
        deadline = time_now() + time_ticks(DISK_SILENCE_NANOSECONDS);
    }
    atomic_store_explicit(&v->deadline, deadline, memory_order_relaxed);
}

int
request_submit(struct drive *v, struct disk_request *r)
{
    bool first = v->free + 1 == v->disk->requests;
    int error = v->disk->driver->submit(
        v->disk, (unsigned)(r - v->request), r->operation, r->block,
        r->operation == DISK_FLUSH ? 0 : r->count, r->segment, r->segments);

    if (error < 0) {
        return error;
    }
    r->state = REQUEST_QUEUED;
    r->tries++;
    v->row->waiting++;
    if (first) {
        silence_begin(v);
        slot_wake_at(drive_deadline());
    }
    return 0;
}

static void
counters_add(struct disk_row *row, const struct disk_request *r, int error)
{
    if (error < 0) {
        row->errors++;
        return;
    }
    switch (r->operation) {
    case DISK_READ:
        row->reads++;
        row->blocks_read += r->count;
        break;
    case DISK_WRITE:
        row->writes++;
        row->blocks_written += r->count;
        break;
    case DISK_FLUSH:
        row->flushes++;
        break;
    default:
        row->discards++;
        break;
    }
}

void
request_finish(struct drive *v, unsigned tag, int error,
               struct request_end *end)
{
    struct disk_request *r = &v->request[tag];

    ASSERT(lock_held(&v->lock) && r->state == REQUEST_QUEUED);
    *end = (struct request_end){r->env, r->hart, r->cookie, error};
    counters_add(v->row, r, error);
    v->row->waiting--;
    if (v->dead) {
        v->of_env[env_index(r->env)]--;
        account_release(r->account, ACCOUNT_REQUESTS, 1);
        return;
    }
    request_free(v, r);
    silence_begin(v);
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
            request_finish(v, tag, -EIO, &ends[count++]);
        }
    }
    return count;
}
