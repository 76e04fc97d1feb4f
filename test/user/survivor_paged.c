/* SPDX-License-Identifier: MIT */
/*
 * The program under the pager: does rounds of work until it is told to stop.
 * The formula is made again, everything else that it has is kept; each region
 * lies under page tables of its own.
 */
#include <unistd.h>

#include "test/user/survivor.h"

#define HEAP_PAGES 32
#define SORTED 0x40200000UL
#define SIEVE 0x80000000UL
#define CLEAN_MAX 24 /* of the formula's pages at once */

extern char __heap_start[];

static uint64_t heap_break;

static uint64_t
heap_base(void)
{
    return ((uint64_t)__heap_start + FRAME_SIZE - 1) & ~(FRAME_SIZE - 1);
}

/* Takes the place of lib/exo's. */
void *
sbrk(ptrdiff_t increment)
{
    uint64_t old = heap_break == 0 ? heap_base() : heap_break;
    uint64_t new = old + (uint64_t)increment;

    if (new < heap_base() || new > heap_base() + HEAP_PAGES * FRAME_SIZE) {
        return (void *)-1;
    }
    heap_break = new;
    return (void *)old;
}

static int64_t
begin(void)
{
    int64_t error =
        exo_pager_region(heap_base(), HEAP_PAGES, EXO_W, exo_pager_zero, NULL);

    error = error < 0 ? error
                      : exo_pager_region(FORMULA, FORMULA_PAGES, EXO_R,
                                         formula_fill, NULL);
    error = error < 0 ? error
                      : exo_pager_region(SORTED, SORTED_PAGES, EXO_W,
                                         exo_pager_zero, NULL);
    error = error < 0 ? error
                      : exo_pager_region(SIEVE, SIEVE_PAGES, EXO_W,
                                         exo_pager_zero, NULL);
    exo_pager_clean_max = CLEAN_MAX;
    exo_pager_lost = loss_report;
    exo_exception_handler = fault_report;
    return error < 0 ? error : exo_pager_begin();
}

int
main(void)
{
    static const struct work_memory memory = {
        (const uint64_t *)FORMULA, (uint64_t *)SORTED, (uint8_t *)SIEVE};
    struct survivor_shared *shared = (struct survivor_shared *)exo_argument;
    int64_t error = begin();
    uint64_t total = 0;

    shared->begun = error < 0 ? (uint64_t)error : 1;
    for (uint64_t round = 0; !shared->stop; round++) {
        total = work_mix(total, work_round(&memory, round));
        shared->total = total;
        shared->rounds = round + 1;
    }
    shared->counts = exo_pager_counts;
    shared->done = 1;
    for (;;) {
        (void)exo_sleep(exo_uarea);
    }
}
