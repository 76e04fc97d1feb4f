/* SPDX-License-Identifier: MIT */
/*
 * Two sleepers, one after the other, whose predicates do not hold: an empty
 * program, and one that compares a word. Each is asked at some edges, which
 * scripts/bench counts; then an alarm wakes it.
 */
#include <string.h>

#include "lib/exo/map.h"
#include "test/user/download.h"
#include "test/user/expect.h"

#define EDGES 8
#define MILLISECOND 10000u

static struct code_instruction *program;
static uint64_t page;

static void
asked(const struct code_instruction *from, uint64_t count)
{
    uint64_t now;
    int64_t code;

    memcpy(program, from, count * sizeof(*from));
    code = download(0, page, count);
    EXPECT(code > 0, 1);
    exo_uarea->masked = MASKED_INTERRUPT;
    __asm__ volatile("rdtime %0" : "=r"(now));
    EXPECT(sys_alarm(now + EDGES * MILLISECOND, 1), 0);
    EXPECT(exo_sleep_until(0, (uint64_t)code, page, 1, exo_uarea), 0);
    EXPECT(exo_uarea->pending, PENDING_COMPLETION);
    exo_uarea->ring_taken = exo_uarea->ring_posted;
    exo_uarea->pending = 0;
    exo_uarea->masked = 0;
}

int
main(void)
{
    static const struct code_instruction empty[] = {SET(0, 0), EXIT_PROGRAM};
    static const struct code_instruction word_is[] = {WORD_IS};
    struct exo_range range = {0x50000000, 1, 0};
    struct exo_map own = exo_map_own();

    page = (uint64_t)sys_frame_alloc(0, 0, 0);
    (void)sys_frame_scrub(page);
    EXPECT(exo_map_insert(&own, &range, 0, &page, EXO_R | EXO_W), 0);
    program = (struct code_instruction *)range.address;
    asked(empty, 2);
    asked(word_is, WORD_IS_COUNT);
    printf("bench: done\n");
    return 0;
}
