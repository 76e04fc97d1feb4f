/* SPDX-License-Identifier: MIT */
#include "lib/posix/swap.h"

#include "kern/abi/cap.h"
#include "kern/abi/disk_io.h"
#include "kern/abi/frame.h"
#include "kern/abi/information.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/posix/image.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"
#include "lib/posix/table.h"

#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)
#define SWAP (&SHARED_OF->swap)
#define SCATTER 0x9e3779b97f4a7c15 /* 2^64 by the golden ratio */
#define PATIENCE 2                 /* seconds */
#define COOKIE ((uint64_t)0x5a9e << 48)

/* struct swap_place.page */
#define MAY_WRITE 1
#define MAY_EXECUTE 2
#define RIGHTS 2 /* bits */

struct swap_own swap_own POSIX_RESIDENT = {.pages = 0};

/* The first of the places that a page may have. */
static uint32_t
place_first(uint64_t address)
{
    return (uint32_t)((address / PAGE + (exo_id * SCATTER >> 40)) %
                      SWAP->count);
}

static uint32_t
place_next(uint32_t i)
{
    return i + 1 < SWAP->count ? i + 1 : 0;
}

static bool
is_mine(const struct swap_place *place)
{
    return __atomic_load_n(&place->holder, __ATOMIC_RELAXED) == exo_id;
}

static uint64_t
address_of(const struct swap_place *place)
{
    return (uint64_t)(place->page >> RIGHTS) * PAGE;
}

static bool
place_take(struct swap_place *place)
{
    uint32_t holder = __atomic_load_n(&place->holder, __ATOMIC_RELAXED);

    if (holder != 0 &&
        (env_lives(holder) ||
         (place->writing != 0 && RECORDS[place->writing].pins != 0))) {
        return false;
    }
    if (!__atomic_compare_exchange_n(&place->holder, &holder, (uint32_t)exo_id,
                                     false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        return false;
    }
    place->page = 0;
    place->writing = 0;
    return true;
}

static void
place_free(struct swap_place *place)
{
    __atomic_store_n(&place->holder, 0, __ATOMIC_RELEASE);
}

/* The place of a page that is swapped out, or NULL. */
static struct swap_place *
place_find(uint64_t address)
{
    uint32_t i;

    if (swap_own.pages == 0) {
        return NULL;
    }
    i = place_first(address);
    for (unsigned tries = 0; tries < SWAP_TRIES; tries++) {
        struct swap_place *place = &SWAP->place[i];

        if (is_mine(place) && address_of(place) == address &&
            place->writing == 0) {
            return place;
        }
        i = place_next(i);
    }
    return NULL;
}

/* The right to all of the blocks, asked for when it is first used, and again if
   somebody has taken it. */
static int64_t
binding_make(void)
{
    int64_t binding;

    do {
        binding = sys_disk_bind(POSIX_CAP_SHARED, SWAP->entry, SWAP->first,
                                SWAP->count, CAP_READ | CAP_WRITE);
    } while (binding == -EAGAIN);
    swap_own.binding = binding < 0 ? 0 : (uint64_t)binding;
    return binding;
}

/*
 * Transfers. The completion ring is looked at here and not by lib/disk, of
 * which the interrupted may be in the middle; so events are masked, which else
 * would have entries taken out.
 */
static uint32_t
events_mask(void)
{
    uint32_t masked = exo_uarea->masked;

    exo_uarea->masked = masked | MASKED_INTERRUPT;
    return masked;
}

/* What came meanwhile interrupts nobody any more. */
static void
events_unmask(uint32_t masked)
{
    exo_uarea->masked = masked;
    if (masked == 0) {
        process_event(
            __atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE));
    }
}

/* Looks for an entry of the completion ring, which is left to whoever takes
   entries out if others are before it. */
static bool
posted_find(uint64_t cookie, int64_t *value)
{
    struct uarea *u = exo_uarea;
    uint64_t posted = __atomic_load_n(&u->ring_posted, __ATOMIC_ACQUIRE);

    for (uint64_t i = u->ring_taken; i != posted; i++) {
        const struct ring_entry *entry = &u->ring[i % UAREA_RING_ENTRIES];

        if (entry->cookie == cookie) {
            *value = (int64_t)entry->value;
            if (i == u->ring_taken) {
                __atomic_store_n(&u->ring_taken, i + 1, __ATOMIC_RELEASE);
            }
            return true;
        }
    }
    return false;
}

/* Whether the hart can be given away: while an event is handled the prologue
   goes on with that. */
static bool
can_leave(void)
{
    return exo_uarea->level[LEVEL_INTERRUPT].cause == 0;
}

static int64_t
posted_wait(uint64_t cookie)
{
    struct uarea *u = exo_uarea;
    int64_t value;

    for (;;) {
        (void)__atomic_fetch_and(&u->pending, ~(uint64_t)PENDING_COMPLETION,
                                 __ATOMIC_ACQUIRE);
        if (posted_find(cookie, &value)) {
            break;
        }
        if (can_leave()) {
            (void)exo_sleep(u);
        }
    }
    if (u->ring_taken != u->ring_posted) { /* what others wait for */
        (void)__atomic_fetch_or(&u->pending, PENDING_COMPLETION,
                                __ATOMIC_RELEASE);
    }
    return value;
}

/* Moves pages between the disk and the frames in the batch words. */
static int64_t
transfer(uint32_t place, uint64_t count, bool write)
{
    uint64_t cookie = COOKIE | (++swap_own.cookie & ~((uint64_t)0xffff << 48));
    int64_t error;

    do {
        error = write ? sys_disk_write(POSIX_CAP_OWN, swap_own.binding, place,
                                       count, cookie)
                      : sys_disk_read(POSIX_CAP_OWN, swap_own.binding, place,
                                      count, cookie);
        if (posix_error(error) == -ESTALE && binding_make() >= 0) {
            error = -EAGAIN;
        } else if (error == -EAGAIN && can_leave()) {
            (void)exo_yield(0, exo_uarea);
        }
    } while (error == -EAGAIN);
    return error < 0 ? error : posted_wait(cookie);
}

bool
swap_wait(uint64_t *until)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    if (*until == 0) {
        *until =
            now +
            PATIENCE *
                ((const struct information *)INFORMATION_BOOT)->time_frequency;
    }
    if (SWAP->count == 0 || now >= *until) {
        return false;
    }
    if (can_leave()) {
        (void)exo_yield(0, exo_uarea);
    }
    return true;
}

/*
 * Out.
 */
/* Frames of an ancestor's that have passed to this process have its name still:
   they get the own one. */
static bool
frame_own(int table, uint64_t address, uint64_t entry)
{
    const volatile struct frame *root = &RECORDS[exo_root];
    const volatile struct frame *f = &RECORDS[PTE_FRAME(entry)];
    int64_t error;

    if (f->guard.word[0] == root->guard.word[0] &&
        f->guard.word[1] == root->guard.word[1]) {
        return true;
    }
    do {
        error =
            sys_frame_set_guard(POSIX_CAP_OWN, POSIX_CAP_OWN, PTE_FRAME(entry));
    } while (error == -EAGAIN);
    return error == 0 &&
           table_set(table, address, PTE_FRAME(entry),
                     entry & (PTE_W | PTE_X | PTE_MAY_WRITE)) == 0;
}

bool
swap_add(struct swap_batch *batch, int table, uint64_t address, uint64_t entry)
{
    uint32_t count = SWAP->count;
    uint32_t i;
    unsigned tries = 0;

    if (count < SWAP_TRIES || !frame_own(table, address, entry)) {
        return false;
    }
    i = place_first(address);
    while (!place_take(&SWAP->place[i])) {
        i = place_next(i);
        if (++tries == SWAP_TRIES) {
            return false;
        }
    }
    SWAP->place[i].writing = (uint32_t)PTE_FRAME(entry);
    SWAP->place[i].page = (uint32_t)(address / PAGE) << RIGHTS |
                          ((entry & PTE_MAY_WRITE) != 0 ? MAY_WRITE : 0) |
                          ((entry & PTE_X) != 0 ? MAY_EXECUTE : 0);
    if (batch->count == SWAP_BATCH ||
        (batch->count > 0 && i != batch->place + batch->count)) {
        swap_write(batch);
    }
    if (batch->count == 0) {
        batch->place = i;
    }
    batch->table[batch->count] = table;
    batch->address[batch->count++] = address;
    return true;
}

/* The words of a request that were there are whose who was interrupted. */
static int64_t
batch_transfer(const struct swap_batch *batch)
{
    static POSIX_RESIDENT uint64_t saved[SWAP_BATCH] = {0};
    uint32_t masked = events_mask();
    int64_t error = swap_own.binding == 0 ? binding_make() : 0;

    for (unsigned i = 0; i < batch->count; i++) {
        saved[i] = exo_uarea->batch[i];
        exo_uarea->batch[i] =
            DISK_PIECE(SWAP->place[batch->place + i].writing, 0, 1);
    }
    if (error >= 0) {
        error = transfer(batch->place, batch->count, true);
    }
    for (unsigned i = 0; i < batch->count; i++) {
        exo_uarea->batch[i] = saved[i];
    }
    events_unmask(masked);
    return error;
}

void
swap_write(struct swap_batch *batch)
{
    int64_t error = batch->count > 0 ? batch_transfer(batch) : 0;

    for (unsigned i = 0; i < batch->count; i++) {
        struct swap_place *place = &SWAP->place[batch->place + i];
        uint64_t frame = place->writing;

        if (error < 0 ||
            table_clear(batch->table[i], batch->address[i], 1) < 0) {
            place_free(place);
            continue;
        }
        place->writing = 0;
        batch->written++;
        swap_own.pages++;
        while (sys_frame_free(frame, 0) == -EAGAIN) {
        }
    }
    batch->count = 0;
}

/*
 * In.
 */
static int64_t
page_read(uint32_t place, uint64_t frame)
{
    uint64_t word = exo_uarea->batch[0];
    int64_t error;

    exo_uarea->batch[0] = DISK_PIECE(frame, 0, 1);
    error = transfer(place, 1, false);
    exo_uarea->batch[0] = word;
    return error;
}

static int64_t
place_in(struct swap_place *place)
{
    uint64_t address = address_of(place);
    uint64_t bits =
        ((place->page & MAY_WRITE) != 0 ? PTE_W | PTE_MAY_WRITE : 0) |
        ((place->page & MAY_EXECUTE) != 0 ? PTE_X : 0);
    bool clean;
    int64_t frame = page_new(POSIX_CAP_OWN, &clean);
    int64_t error = frame;

    if (frame >= 0) {
        error = page_read((uint32_t)(place - SWAP->place), (uint64_t)frame);
    }
    if (error >= 0) {
        error = table_set(table_find(address), address, (uint64_t)frame, bits);
    }
    if (error < 0) {
        if (frame > 0) {
            (void)sys_frame_free((uint64_t)frame, 0);
        }
        return error;
    }
    if (bits & PTE_X) {
        exo_code_fence();
    }
    swap_own.pages--;
    place_free(place);
    return 1;
}

int64_t
swap_in(uint64_t address)
{
    struct swap_place *place = place_find(address);

    return place == NULL ? 0 : place_in(place);
}

int64_t
swap_in_all(void)
{
    uint32_t masked;
    int64_t error = 0;

    if (swap_own.pages == 0) {
        return 0;
    }
    masked = events_mask();
    for (uint32_t i = 0; i < SWAP->count && error >= 0; i++) {
        if (is_mine(&SWAP->place[i])) {
            error = place_in(&SWAP->place[i]);
        }
    }
    events_unmask(masked);
    return error < 0 ? error : 0;
}

/*
 * Ranges.
 */
/* The next place of a page of the range, from the i-th on, or NULL. */
static struct swap_place *
range_next(uint64_t from, uint64_t to, uint32_t *i)
{
    while (swap_own.pages > 0 && *i < SWAP->count) {
        struct swap_place *place = &SWAP->place[(*i)++];

        if (is_mine(place) && address_of(place) >= from &&
            address_of(place) < to) {
            return place;
        }
    }
    return NULL;
}

void
swap_forget(uint64_t from, uint64_t to)
{
    struct swap_place *place;
    uint32_t i = 0;

    while ((place = range_next(from, to, &i)) != NULL) {
        swap_own.pages--;
        place_free(place);
    }
}

void
swap_protect(uint64_t from, uint64_t to, uint64_t clear, uint64_t set)
{
    uint32_t off = ((clear & EXO_W) != 0 ? MAY_WRITE : 0) |
                   ((clear & EXO_X) != 0 ? MAY_EXECUTE : 0);
    uint32_t on = ((set & EXO_W) != 0 ? MAY_WRITE : 0) |
                  ((set & EXO_X) != 0 ? MAY_EXECUTE : 0);
    struct swap_place *place;
    uint32_t i = 0;

    while ((place = range_next(from, to, &i)) != NULL) {
        place->page = (place->page & ~off) | on;
    }
}

bool
swap_used(uint64_t from, uint64_t to)
{
    uint32_t i = 0;

    return range_next(from, to, &i) != NULL;
}
