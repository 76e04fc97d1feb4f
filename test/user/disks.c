/* SPDX-License-Identifier: MIT */
#include "test/user/disks.h"

#include "lib/exo/map.h"
#include "test/user/expect.h"

#define COOKIE_ALARM 0xa1a7

int64_t
disk_next(uint64_t *cookie)
{
    const volatile struct ring_entry *entry =
        &exo_uarea->ring[exo_uarea->ring_taken % UAREA_RING_ENTRIES];
    int64_t value;

    exo_uarea->masked = MASKED_INTERRUPT;
    while (__atomic_load_n(&exo_uarea->ring_posted, __ATOMIC_ACQUIRE) ==
           exo_uarea->ring_taken) {
        (void)__atomic_exchange_n(&exo_uarea->pending, 0, __ATOMIC_ACQUIRE);
        if (exo_uarea->ring_posted == exo_uarea->ring_taken) {
            (void)exo_sleep(exo_uarea);
        }
    }
    exo_uarea->masked = 0;
    value = (int64_t)entry->value;
    if (cookie != NULL) {
        *cookie = entry->cookie;
    }
    __atomic_store_n(&exo_uarea->ring_taken, exo_uarea->ring_taken + 1,
                     __ATOMIC_RELEASE);
    return value;
}

int64_t
disk_wait(uint64_t cookie)
{
    uint64_t posted;
    int64_t value = disk_next(&posted);

    EXPECT(posted, cookie);
    return value;
}

unsigned
disk_ready(void)
{
    return (unsigned)(exo_uarea->ring_posted - exo_uarea->ring_taken);
}

uint64_t
disk_pieces(unsigned count, const uint64_t *piece)
{
    for (unsigned i = 0; i < count; i++) {
        exo_uarea->batch[i] = piece[i];
    }
    return count;
}

uint64_t
disk_piece(uint64_t frame, uint64_t offset, uint64_t count)
{
    exo_uarea->batch[0] = DISK_PIECE(frame, offset, count);
    return 1;
}

uint64_t
disk_bind_whole(uint64_t disk, uint64_t rights)
{
    int64_t binding =
        sys_disk_bind(0, DISK_WHOLE | disk, 0, DISK_ROW[disk].blocks, rights);

    EXPECT(binding > 0, 1);
    return (uint64_t)binding;
}

uint64_t
disk_word(uint64_t cap, uint64_t page, unsigned word)
{
    const volatile uint64_t *at = exo_map_borrow(cap, page);
    uint64_t value = at[word];

    exo_map_return();
    return value;
}

void
disk_word_set(uint64_t cap, uint64_t page, unsigned word, uint64_t value)
{
    volatile uint64_t *at = exo_map_borrow(cap, page);

    at[word] = value;
    exo_map_return();
}

void
disk_sleep(uint64_t milliseconds)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    EXPECT(sys_alarm(now + milliseconds * 10000, COOKIE_ALARM), 0);
    for (uint64_t cookie = 0; cookie != COOKIE_ALARM;) {
        (void)disk_next(&cookie);
    }
}
