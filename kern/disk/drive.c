/* SPDX-License-Identifier: MIT */
/*
 * What is done at an interrupt is bounded by what requests have: their pieces
 * of memory, each with a pin to let fall. What is left over is taken a moment
 * later: the boot hart sends itself the signal, and in between whatever else
 * it has to do is done.
 */
#include "kern/disk/drive.h"

#include "kern/boot/boot_memory.h"
#include "kern/disk/store.h"
#include "kern/event.h"
#include "kern/panic.h"
#include "kern/print.h"
#include "kern/revoke.h"
#include "kern/slot.h"
#include "kern/string.h"
#include "kern/time.h"
#include "platform/device.h"

struct drive drive_table[DISKS_MAX];

void *
drive_memory(uint64_t size)
{
    void *memory = direct_map(boot_memory_take(size, FRAME_SIZE));

    memset(memory, 0, size);
    return memory;
}

static void
row_fill(struct drive *v)
{
    v->row->blocks = v->disk->blocks;
    v->row->flags = (v->disk->flush ? DISK_HAS_FLUSH : 0) |
                    (v->disk->discard ? DISK_HAS_DISCARD : 0) |
                    (v->disk->read_only ? DISK_IS_READ_ONLY : 0);
    v->row->requests = v->disk->requests - REQUESTS_KEPT;
}

void
drive_init(void)
{
    information_map(INFORMATION_DISK_ROWS, DISKS_MAX * sizeof(struct disk_row));
    for (unsigned i = 0; i < disk_count; i++) {
        struct drive *v = &drive_table[i];

        v->lock.rank = LOCK_DISK;
        v->disk = &disk_table[i];
        v->disk->user = v;
        v->row = (struct disk_row *)information_at(INFORMATION_DISK_ROWS) + i;
        v->deadline = TIME_NEVER;
        v->piece_pages = v->disk->segment_bytes >> FRAME_SHIFT;
        if (v->piece_pages > DISK_PIECE_PAGES_MAX) {
            v->piece_pages = DISK_PIECE_PAGES_MAX;
        }
        v->silence = time_ticks(DISK_SILENCE_NANOSECONDS);
        v->request =
            drive_memory(v->disk->requests * sizeof(struct disk_request));
        v->extent = drive_memory(EXTENTS_MAX * sizeof(struct extent));
        row_fill(v);
        request_init(v);
        extent_init(v);
        v->store = drive_memory(sizeof(*v->store));
        store_init(v);
    }
}

uint64_t
drive_requests(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < disk_count; i++) {
        sum += drive_table[i].row->requests;
    }
    return sum;
}

uint64_t
drive_extents(void)
{
    return (uint64_t)disk_count * EXTENTS_MAX;
}

uint64_t
drive_deadline(void)
{
    uint64_t first = TIME_NEVER;

    for (unsigned i = 0; i < disk_count; i++) {
        uint64_t deadline = atomic_load_explicit(&drive_table[i].deadline,
                                                 memory_order_relaxed);

        if (atomic_load_explicit(&drive_table[i].work, memory_order_relaxed)) {
            return 0;
        }
        first = deadline < first ? deadline : first;
    }
    return first;
}

/* The boot hart has more to do for disks. */
void
drive_attend_later(void)
{
    hart_signal(hart_table[0], HART_SIGNAL_DISK);
}

void
drive_listen(void)
{
    device_disks_listen(request_interrupt);
}

static void
drive_reset(struct drive *v)
{
    v->broken = false;
    v->more = false;
    v->row->resets++;
    if (v->disk->driver->reset(v->disk)) {
        printk(PRINT_WARN, "disk %u: does not answer: reset\n", v->disk->index);
    } else {
        printk(PRINT_WARN, "disk %u: does not come back\n", v->disk->index);
        device_disk_silence(v->disk);
        v->dead = true;
        v->store->waits = false; /* for what does not come any more */
        v->work = true;
        v->row->flags |= DISK_IS_DEAD;
        atomic_store_explicit(&v->deadline, TIME_NEVER, memory_order_relaxed);
    }
    request_again_all(v);
}

/* One step for one drive; whether it has more to do. */
static bool
drive_step(struct drive *v)
{
    struct request_end ends[REQUEST_STEP];
    unsigned count = 0;
    bool later;

    lock_acquire(&v->lock);
    if (v->broken && !v->dead) {
        drive_reset(v);
    } else if (v->again != 0) {
        count = request_again_step(v, ends, REQUEST_STEP);
    } else if (v->more && !v->dead) {
        count = request_collect(v, ends);
    }
    later = v->broken || v->again != 0 || v->more;
    lock_release(&v->lock);
    if (atomic_load_explicit(&v->work, memory_order_relaxed)) {
        slot_wake_at(0);
    }
    requests_tell(ends, count);
    return later;
}

void
drive_attend(void)
{
    static unsigned
        turn; /* so that one disk does not keep the others waiting */

    for (unsigned i = 0; i < disk_count; i++) {
        struct drive *v;

        turn = (turn + 1) % disk_count;
        v = &drive_table[turn];
        if (__atomic_load_n(&v->broken, __ATOMIC_RELAXED) || v->again != 0 ||
            v->more) {
            (void)drive_step(v);
            drive_attend_later(); /* it finds out whether there is more */
            return;
        }
    }
}

void
drive_watch(uint64_t now)
{
    static unsigned turn;
    bool stepped = false; /* one disk at a time: a step may run a program */
    unsigned first = __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED);

    for (unsigned i = 0; i < disk_count; i++) {
        struct drive *v = &drive_table[(first + i) % disk_count];

        if (v->work && !stepped &&
            !__atomic_exchange_n(&v->watched, 1U, __ATOMIC_ACQUIRE)) {
            stepped = true;
            lock_acquire(&v->lock);
            store_enter(v);
            store_step(v);
            drive_unlock(v);
            __atomic_store_n(&v->watched, 0U, __ATOMIC_RELEASE);
        }
        if (atomic_load_explicit(&v->deadline, memory_order_relaxed) > now) {
            continue;
        }
        lock_acquire(&v->lock);
        if (v->deadline <= now) {
            v->deadline = now + v->silence;
            v->broken = true;
        }
        lock_release(&v->lock);
        drive_attend_later();
    }
}
