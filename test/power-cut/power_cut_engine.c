/* SPDX-License-Identifier: MIT */
/*
 * The engine on a disk of memory, with the kernel's rules of ownership: it
 * runs; the power comes on again, and it finds what it left; every disk that a
 * cut may leave is right; from some of them it goes on. And with a flush that
 * does nothing some disk is not.
 */
#include "test/host/check.h"
#include "test/power-cut/engine.h"
#include "test/power-cut/judge.h"
#include "test/power-cut/kernel.h"
#include "test/power-cut/replay.h"

#define BLOCKS 1024
#define BYTES ((uint64_t)BLOCKS * DISK_BLOCK_BYTES)
#define SEED 3

static struct engine e;

static void
engine_check(bool good)
{
    if (!good) {
        (void)fprintf(stderr, "engine: %s: %ld\n", e.why, e.error);
        CHECK(false);
    }
}

static bool
power_on(uint8_t *image, struct make *make)
{
    kernel_begin(image, BLOCKS, make);
    memset(&e, 0, sizeof(e));
    CHECK_EQUAL(disk_open(&e.whole, 0, 0, 0), 0);
    CHECK_EQUAL(disk_open(&e.log_disk, 0, 1, 0), 0);
    CHECK_EQUAL(disk_open(&e.tree_disk, 0, 2, 0), 0);
    e.log_guard = kernel_name(1);
    e.tree_guard = kernel_name(2);
    return engine_open(&e);
}

static void
secret_fill(uint8_t *image)
{
    const uint64_t secret = JUDGE_SECRET;
    size_t at;

    for (at = 0; at < BYTES; at += sizeof(secret)) {
        memcpy(image + at, &secret, sizeof(secret));
    }
}

static void
work(uint64_t seed, int steps)
{
    int i;

    engine_check(engine_begin(&e, seed));
    for (i = 0; i < steps; i++) {
        engine_check(engine_step(&e));
    }
}

struct judge {
    struct judge_counts counts;
    const char *why;
    uint64_t frozen;
    uint64_t again;
};

static bool
cut_judge(void *context, const uint8_t *image, uint64_t bytes,
          const struct replay_cut *cut)
{
    static _Alignas(8) uint8_t copy[BYTES];
    struct judge *judge = context;
    struct mark mark;

    if (cut->mark != NULL) {
        memcpy(&mark, cut->mark, sizeof(mark));
    }
    judge->why = judge_disk(image, bytes, cut->mark != NULL ? &mark : NULL,
                            &judge->counts);
    /* Now and then, and wherever something has two owners, the machine goes
       on. */
    if (judge->why == NULL && (judge->counts.disks % 64 == 0 ||
                               judge->counts.twice >= judge->again + 8)) {
        judge->again = judge->counts.twice;
        memcpy(copy, image, bytes);
        engine_check(power_on(copy, NULL));
        judge->frozen += e.frozen;
        work(1000, 3);
        engine_check(power_on(copy, NULL));
        CHECK_EQUAL(e.frozen, 0);
    }
    return judge->why == NULL;
}

static bool
replay_judge(const struct make *make, struct replay_options *options,
             struct judge *judge)
{
    static _Alignas(8) uint8_t image[BYTES];
    struct replay replay = {
        .options = options, .check = cut_judge, .context = judge};
    struct trace trace;
    bool good;

    memset(judge, 0, sizeof(*judge));
    secret_fill(image);
    CHECK(trace_open(&trace, make->log, make->size));
    good = replay_run(&replay, &trace, image, BYTES);
    CHECK(replay.fault == NULL);
    printf("%lu writes, %lu flushes, %lu disks, %lu raw, %lu empty, %lu twice, "
           "%lu frozen\n",
           replay.writes, replay.flushes, replay.images, judge->counts.raw,
           judge->counts.empty, judge->counts.twice, judge->frozen);
    if (!good) {
        printf("window %lu, %lu of %lu writes: %s\n", replay.cut.window,
               replay.cut.kept, replay.cut.writes, judge->why);
    }
    return good;
}

int
main(void)
{
    static _Alignas(8) uint8_t image[BYTES];
    struct replay_options options = {.seed = SEED, .subsets = 32};
    struct judge judge;
    struct make make;

    check_subject = "engine";
    secret_fill(image);
    make_begin(&make);
    engine_check(power_on(image, &make));
    CHECK(e.new);
    work(SEED, 60);
    make_end(&make);
    engine_check(power_on(image, NULL));
    CHECK(!e.new);
    CHECK_EQUAL(e.frozen, 0);
    work(SEED + 1, 3);
    engine_check(power_on(image, NULL));

    check_subject = "power cuts";
    CHECK(replay_judge(&make, &options, &judge));
    CHECK(judge.counts.raw > 0 && judge.counts.empty > 0 && judge.frozen > 0);
    check_subject = "a flush that does nothing";
    options.flush_lost = 3;
    CHECK(!replay_judge(&make, &options, &judge));
    free(make.log);
    return 0;
}
