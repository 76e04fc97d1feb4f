/* SPDX-License-Identifier: MIT */
/*
 * Random calls on downloaded code, and sleep on predicates: a page of programs,
 * good and bad, to load from; the names of what was loaded by anybody.
 */
#include <string.h>

#include "kern/abi/information.h"
#include "test/user/download.h"
#include "test/user/fuzz.h"

#define PROGRAM_INDEX 22 /* of the window */
#define PROGRAM_SIZE 8   /* instructions */
#define PROGRAMS 6       /* behind these lie zeroes */
#define CODES 1024
#define SLEEP_SLOTS 16 /* of hart 0, while one sleeps */

static uint64_t program_page;
static uint64_t codes[CODES];
static unsigned code_count;

void
codes_begin(void)
{
    static const struct code_instruction programs[PROGRAMS][PROGRAM_SIZE] = {
        {WORD_IS},
        {SET(0, 1), EXIT_PROGRAM},
        {SET(0, 1), JUMP(-2), EXIT_PROGRAM},
        {LOAD(0, 1, 4090, CODE_DW), EXIT_PROGRAM},
        {SET(0, 1), STORE(10, -8, 0, CODE_DW), LOAD(0, 10, -8, CODE_DW),
         EXIT_PROGRAM},
        {SET(0, 1), STORE(1, 0, 0, CODE_DW), EXIT_PROGRAM}};

    program_page = frame_clean(0);
    me->uarea->batch[0] = program_page << 10 | R | W | AD;
    EXPECT(sys_pt_map(0, window, PROGRAM_INDEX, 1), 1);
    memcpy((void *)(SHARED + PROGRAM_INDEX * 4096UL), programs,
           sizeof(programs));
}

void
code_note(int64_t code)
{
    if (code > 0) {
        if (below(2) == 0) { /* another env's is left alone */
            while (sys_code_step((uint64_t)code) == -EAGAIN) {
            }
        }
        codes[__atomic_fetch_add(&code_count, 1, __ATOMIC_RELAXED) % CODES] =
            (uint64_t)code;
    }
}

static uint64_t
code_pick(void)
{
    unsigned count = __atomic_load_n(&code_count, __ATOMIC_RELAXED);

    return count > 0 ? codes[(count - 1 - below(8)) % CODES] : 0;
}

void
code_arguments(uint64_t number, uint64_t a[6])
{
    switch (number) {
    case NUMBER_code_load:
        a[1] = below(8) == 0;
        a[2] = below(4) ? program_page : frame_pick(IS(FRAME_DATA));
        a[3] = below(PROGRAMS + 1) * PROGRAM_SIZE *
               sizeof(struct code_instruction);
        a[4] = below(8) ? 5 : below(600);
        break;
    case NUMBER_code_step:
        a[0] = code_pick();
        break;
    case NUMBER_release:
        a[0] = below(8) == 0;
        a[1] = code_pick();
        break;
    default:
        a[1] = code_pick();
        a[2] = below(4) ? frame_pick(IS(FRAME_DATA))
                        : INFORMATION_ENVS + (below(40) << 12);
        a[3] = below(2);
        break;
    }
}

/* On one hart this program has no slots, and would not run again. */
static unsigned
slots_take(void)
{
    unsigned taken = 0;

    for (unsigned i = 0; hart_count == 1 && i < SLEEP_SLOTS; i++) {
        taken += (unsigned)(sys_slot_alloc(0, exo_id, 0,
                                           i * (SLOTS / SLEEP_SLOTS)) == 0)
                 << i;
    }
    return taken;
}

static void
slots_return(unsigned taken)
{
    for (unsigned i = 0; i < SLEEP_SLOTS; i++) {
        if (taken >> i & 1) {
            (void)sys_slot_free(0, exo_id, 0, i * (SLOTS / SLEEP_SLOTS));
        }
    }
}

int64_t
code_sleep(const uint64_t a[6])
{
    struct uarea *uarea = me->uarea;
    unsigned taken = slots_take();
    int64_t result = -EAGAIN;

    if (hart_count == 1 && taken == 0) {
        return result;
    }

    /* As nap. */
    uarea->masked = MASKED_INTERRUPT;
    if (sys_alarm(time_now() + below(SLEEP_TICKS), 1) == 0) {
        result = exo_sleep_until(a[0], a[1], a[2], a[3], uarea);
    }
    (void)sys_alarm(~(uint64_t)0, 0);
    events_take(uarea);
    uarea->masked = 0;
    slots_return(taken);
    return result;
}

void
codes_end(void)
{
    for (unsigned i = 0; i < CODES; i++) {
        while (codes[i] != 0 &&
               sys_release(RELEASE_CODE, codes[i]) == -EAGAIN) {
        }
        codes[i] = 0;
    }
    code_count = 0;
}
