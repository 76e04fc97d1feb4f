/* SPDX-License-Identifier: MIT */
/*
 * An env that is woken by an event while another hart breaks the predicate that
 * it slept on, and goes to sleep with another program at once. Each program is
 * held by who sleeps with it and nobody else: at the end all can be released.
 */
#include <string.h>

#include "lib/exo/map.h"
#include "lib/exo/own.h"
#include "test/user/download.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define CODES 2
#define GATE 2
#define BINDING 1
#define NEVER 0x123456789abcdefUL
#define TRIES 1000

static const struct code_instruction word_is[] = {WORD_IS};
static struct exo_map own;
static uint64_t page[2];
static int64_t code[CODES];
static _Alignas(16) char stack[4096];
static struct uarea *sleeper_uarea;
static volatile uint64_t sleeps;
static volatile uint64_t stop;

/* On hart 1: never twice with the same program or the same page. */
static void
sleeper_main(void)
{
    for (uint64_t i = 0; !stop; i++) {
        sleeps = i;
        (void)exo_sleep_until(0, (uint64_t)code[i % CODES], page[i % 2], NEVER,
                              sleeper_uarea);
        sleeper_uarea->pending = 0;
    }
    sleeps = ~0UL;
    for (;;) {
        (void)exo_sleep(sleeper_uarea);
        sleeper_uarea->pending = 0;
    }
}

__asm__(".text\n"
        ".balign 4\n"
        ".global sleeper_start\n"
        "sleeper_start:\n"
        "   .option push\n"
        "   .option norelax\n"
        "   lla gp, __global_pointer$\n"
        "   .option pop\n"
        "   mv sp, t1\n"
        "   ld t2, 0x1f0(t0)\n"
        "   jr t2\n");
void sleeper_start(void);

static void *
page_map(uint64_t address, uint64_t frame)
{
    struct exo_range range = {address, 1, 0};

    EXPECT(exo_map_insert(&own, &range, 0, &frame, EXO_R | EXO_W), 0);
    exo_map_forget();
    return (void *)address;
}

static void
sleeper_begin(void)
{
    uint64_t frame = frame_clean(0);
    int64_t error;

    sleeper_uarea = page_map(0x50002000, frame);
    sleeper_uarea->self = (uint64_t)sleeper_uarea;
    sleeper_uarea->version = UAREA_VERSION;
    exo_uarea_init(sleeper_uarea, NULL);
    sleeper_uarea->level[LEVEL_INTERRUPT].pc = (uint64_t)sleeper_start;
    sleeper_uarea->level[LEVEL_INTERRUPT].t0 = (uint64_t)sleeper_uarea;
    sleeper_uarea->level[LEVEL_INTERRUPT].t1 = (uint64_t)stack + sizeof(stack);
    sleeper_uarea->level[LEVEL_INTERRUPT].masked = MASKED_INTERRUPT;
    sleeper_uarea->own[24] = (uint64_t)sleeper_main;
    do {
        error = sys_env_bind(0, exo_id, 1, frame);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
    for (uint64_t eighth = 0; eighth < 8; eighth++) {
        harts_slots(exo_id, 1, eighth);
    }
}

/* Breaks what looks at the page, by naming its guard anew. */
static void
page_break(uint64_t number)
{
    int64_t error;

    do {
        error = sys_frame_set_guard(0, 0, number);
    } while (error == -EAGAIN);
    EXPECT(error, 0);
}

int
main(void)
{
    uint64_t window = frame_clean(0);
    uint64_t programs = frame_clean(0);

    own = exo_map_own();
    (void)window_open(window);
    EXPECT(harts_open() > 1, 1);
    memcpy(page_map(0x50000000, programs), word_is, sizeof(word_is));
    for (unsigned i = 0; i < CODES; i++) {
        code[i] = download(0, programs, WORD_IS_COUNT);
        EXPECT(code[i] > 0, 1);
    }
    page[0] = frame_clean(0);
    page[1] = frame_clean(0);
    EXPECT(sys_gate_set(0, GATE, GATE_NOTIFY), 0);
    EXPECT(sys_gate_bind(0, exo_id, GATE, BINDING), 0);
    sleeper_begin();
    harts_wait_for(&sleeps, 1);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        (void)sys_notify(BINDING, 1);
        page_break(page[round % 2]);
    }
    stop = 1;
    while (sleeps != ~0UL) {
        (void)sys_notify(BINDING, 1);
        page_break(page[0]);
        page_break(page[1]);
    }
    for (unsigned i = 0; i < CODES; i++) {
        int64_t error = -EAGAIN;

        for (unsigned t = 0; t < TRIES && error == -EAGAIN; t++) {
            error = sys_release(RELEASE_CODE, (uint64_t)code[i]);
        }
        EXPECT(error, 0);
    }
    printf("test: predicate race ok\n");
    return 0;
}
