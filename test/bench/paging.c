/* SPDX-License-Identifier: MIT */
/*
 * What paging by an env costs: the questions of Appel and Li, "Virtual memory
 * primitives for user programs" (1991), and pages on demand.
 */
#include "test/bench/bench.h"
#include "test/bench/pager.h"
#include "test/user/child.h"

void bench_trap_handler(void);
void bench_unprotect_handler(void);
void bench_demand_handler(void);
void bench_scrub_handler(void);
uint64_t bench_store(uint64_t address);
uint64_t bench_protect_stores(uint64_t table, uint64_t index, uint64_t count,
                              uint64_t address, uint64_t number);

uint64_t bench_pager[PAGER_WORDS];

#define ADDRESS (SHARED + PLACE * 4096)

static void
pager_set(void (*handler)(void))
{
    bench_pager[PAGER_TABLE] = window;
    bench_pager[PAGER_UAREA] = (uint64_t)exo_uarea;
    bench_pager[PAGER_ALLOC] = CALL_frame_alloc;
    bench_pager[PAGER_SCRUB] = CALL_frame_scrub;
    bench_pager[PAGER_MAP] = CALL_pt_map;
    bench_pager[PAGER_PROTECT] = CALL_pt_protect;
    exo_uarea->entry_exception = (uint64_t)handler;
}

static void
pager_end(uint64_t count)
{
    exo_uarea->entry_exception = (uint64_t)bench_handler;
    bench_result = sys_pt_unmap(0, window, PLACE, PLACES);
    want("unmap", (int64_t)count);
}

uint64_t
trap(void)
{
    uint64_t cost;

    pager_set(bench_trap_handler);
    (void)map_count(1);
    (void)sys_pt_protect(0, window, PLACE, 1, WRITE, 0);
    cost = bench_store(ADDRESS);
    bench_result = (int64_t)bench_pager[PAGER_VALUE];
    want("fault address", ADDRESS);
    pager_end(1);
    return cost;
}

static uint64_t
appel(uint64_t count)
{
    uint64_t cost;

    pager_set(bench_unprotect_handler);
    (void)map_count(count);
    cost = bench_protect_stores(window, PLACE, count, ADDRESS, CALL_pt_protect);
    want("pt_protect", (int64_t)count);
    for (uint64_t i = 0; i < count; i++) {
        bench_result = *(volatile int64_t *)(ADDRESS + i * 4096);
        want("store", (int64_t)(ADDRESS + i * 4096));
    }
    pager_end(count);
    return cost;
}

uint64_t
appel1(void)
{
    return appel(1);
}

uint64_t
appel2(void)
{
    return per(PLACES, appel(PLACES));
}

uint64_t
demand_page(void)
{
    uint64_t cost;

    pager_set(bench_demand_handler);
    bench_pager[PAGER_FRAME] = frames[0];
    cost = bench_store(ADDRESS);
    bench_result = *(volatile int64_t *)ADDRESS;
    want("store", ADDRESS);
    pager_end(1);
    return cost;
}

uint64_t
demand_page_scrub(void)
{
    int64_t frame = sys_frame_alloc(2, 0, 0);
    uint64_t cost;

    /* The handler takes this one, which is of another guard. */
    bench_result = sys_frame_free((uint64_t)frame, 0);
    want("frame_free", 0);
    pager_set(bench_scrub_handler);
    cost = bench_store(ADDRESS);
    bench_result = ((volatile int64_t *)ADDRESS)[511];
    want("scrubbed", 0);
    pager_end(1);
    bench_result = (int64_t)bench_pager[PAGER_FRAME];
    want("frame", frame);
    bench_result = sys_frame_free((uint64_t)frame, 0);
    want("frame_free", 0);
    return cost;
}
