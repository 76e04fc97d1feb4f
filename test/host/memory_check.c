/* SPDX-License-Identifier: MIT */
#include "test/host/memory_check.h"

#include "test/host/check.h"

#include "kern/abi/error.h"

static void
runs_check(const struct memory_run *run, uint32_t count, uint32_t max)
{
    CHECK(count <= max);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(run[i].start < run[i].end);
        CHECK(run[i].end <= MEMORY_LIMIT);
        CHECK(run[i].start % FRAME_SIZE == 0);
        CHECK(run[i].end % FRAME_SIZE == 0);
        CHECK(i == 0 || run[i].start > run[i - 1].end);
    }
}

/* Bytes that the run shares with the runs of the table. */
static uint64_t
bytes_shared(struct memory_run a, const struct memory_run *run, uint32_t count)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < count; i++) {
        paddr_t start = run[i].start > a.start ? run[i].start : a.start;
        paddr_t end = run[i].end < a.end ? run[i].end : a.end;
        bytes += start < end ? end - start : 0;
    }
    return bytes;
}

void
memory_map_check(const struct memory_map *map, int error)
{
    CHECK((error != 0) == (map->fault != NULL));
    CHECK((error != 0) == (map->bank_count == 0));
    CHECK(error == 0 || (map->reserved_count == 0 && map->free_count == 0));
    CHECK(error == 0 || error == -ENODEV || error == -EOVERFLOW ||
          error == -ERANGE || error == -ENOSPC || error == -EINVAL);
    runs_check(map->bank, map->bank_count, MEMORY_BANKS_MAX);
    runs_check(map->reserved, map->reserved_count, MEMORY_RESERVED_MAX);
    runs_check(map->free, map->free_count, MEMORY_FREE_MAX);
    for (uint32_t i = 0; i < map->bank_count; i++) {
        struct memory_run bank = map->bank[i];
        CHECK_EQUAL(bytes_shared(bank, map->free, map->free_count) +
                        bytes_shared(bank, map->reserved, map->reserved_count),
                    bank.end - bank.start);
    }
    for (uint32_t i = 0; i < map->free_count; i++) {
        struct memory_run run = map->free[i];
        CHECK_EQUAL(bytes_shared(run, map->bank, map->bank_count),
                    run.end - run.start);
        CHECK_EQUAL(bytes_shared(run, map->reserved, map->reserved_count), 0);
    }
}
