/* SPDX-License-Identifier: MIT */
/* The resource manager's policy: cases, then random views, of which it must
   hold that all that is missing is asked for, or all that there is; that nobody
   is asked for what is below its floor; and that nobody's share is a whole
   frame from what is proportional. */
#include "lib/manager/manager.h"
#include "test/host/check.h"

#define VIEWS 200000

static struct manager_view view;
static struct manager_request request[ENVS_MAX];

static uint64_t
spare(unsigned i)
{
    const struct manager_env *e = &view.env[i];

    return e->frames > e->floor ? e->frames - e->floor : 0;
}

static void
ask(void)
{
    memset(request, 0, sizeof(request));
    policy_share(&view, request);
}

static void
view_set(uint64_t missing, unsigned count, const uint64_t *frames,
         uint64_t floor)
{
    memset(&view, 0, sizeof(view));
    view.free = 100;
    view.low = 101;
    view.high = 100 + missing;
    view.ticks = 1000;
    view.count = count;
    for (unsigned i = 0; i < count; i++) {
        view.env[i].frames = frames[i];
        view.env[i].floor = floor;
    }
}

static void
shares_check(uint64_t missing, unsigned count, const uint64_t *frames,
             const uint64_t *wanted)
{
    view_set(missing, count, frames, 50);
    ask();
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQUAL(request[i].count, wanted[i]);
        CHECK_EQUAL(request[i].ticks, wanted[i] > 0 || missing > 0 ? 1000 : 0);
        CHECK(!request[i].end);
    }
}

static void
cases(void)
{
    check_subject = "cases";
    shares_check(0, 2, (uint64_t[]){150, 250}, (uint64_t[]){0, 0});
    shares_check(30, 2, (uint64_t[]){150, 250}, (uint64_t[]){10, 20});
    shares_check(300, 2, (uint64_t[]){150, 250}, (uint64_t[]){100, 200});
    shares_check(999, 2, (uint64_t[]){150, 250}, (uint64_t[]){100, 200});
    shares_check(30, 3, (uint64_t[]){150, 40, 250}, (uint64_t[]){10, 0, 20});
    shares_check(30, 3, (uint64_t[]){50, 350, 0}, (uint64_t[]){0, 30, 0});
    shares_check(1, 3, (uint64_t[]){51, 51, 51}, (uint64_t[]){0, 0, 1});
    shares_check(2, 3, (uint64_t[]){51, 51, 51}, (uint64_t[]){0, 1, 1});
    /* Nobody, or nobody with anything. */
    view_set(10, 0, NULL, 0);
    ask();
    view_set(10, 2, (uint64_t[]){5, 6}, 7);
    ask();
    CHECK(request[0].count == 0 && request[1].count == 0);
    /* More free than wanted. */
    view_set(10, 1, (uint64_t[]){500}, 7);
    view.free = view.high + 1;
    ask();
    CHECK(request[0].count == 0);
}

static void
late(void)
{
    check_subject = "late";
    view_set(30, 2, (uint64_t[]){150, 250}, 50);
    view.env[1].late = POLICY_LATE_SHORT - 1;
    ask();
    CHECK_EQUAL(request[1].ticks, 1000);
    view.env[1].late = POLICY_LATE_SHORT;
    ask();
    CHECK_EQUAL(request[0].ticks, 1000);
    CHECK_EQUAL(request[1].ticks, 250);
    CHECK_EQUAL(request[1].count, 20);
    /* Given up: what it has is enough, or others give the rest. */
    view.env[1].late = POLICY_LATE_END;
    ask();
    CHECK(request[1].end && request[1].count == 0);
    CHECK(!request[0].end && request[0].count == 0);
    view.high = 100 + 260;
    ask();
    CHECK(request[1].end && request[1].count == 0);
    CHECK_EQUAL(request[0].count, 10);
    /* One at its floor is in nobody's way, nor anyone when nothing is short. */
    view.env[1].frames = 50;
    ask();
    CHECK(!request[1].end && request[1].count == 0);
    view.env[1].frames = 250;
    view.free = view.high;
    ask();
    CHECK(!request[1].end);
}

static void
random_view(uint64_t *state)
{
    uint64_t largest = (uint64_t)1 << (1 + random_below(state, 23));

    memset(&view, 0, sizeof(view));
    view.count = (unsigned)random_below(state, 20);
    if (random_below(state, 50) == 0) {
        view.count = ENVS_MAX;
    }
    for (unsigned i = 0; i < view.count; i++) {
        view.env[i].frames = random_below(state, largest);
        view.env[i].floor = random_below(state, largest / 2 + 1);
        view.env[i].late =
            random_below(state, 4) == 0 ? (unsigned)random_below(state, 6) : 0;
    }
    view.ticks = random_below(state, 1000000);
    view.free = random_below(state, largest);
    view.high = view.free + random_below(state, largest);
}

static void
properties(void)
{
    uint64_t missing = view.high - view.free;
    uint64_t spares = 0;
    uint64_t sum = 0;

    /* No more are given up than it takes. */
    for (unsigned i = 0; i < view.count; i++) {
        CHECK_EQUAL(request[i].end, missing > 0 && spare(i) > 0 &&
                                        view.env[i].late >= POLICY_LATE_END);
        if (request[i].end) {
            missing -=
                view.env[i].frames < missing ? view.env[i].frames : missing;
        } else {
            spares += spare(i);
        }
    }
    missing = missing < spares ? missing : spares;
    for (unsigned i = 0; i < view.count; i++) {
        uint64_t count = request[i].count;
        uint64_t exact = missing * spare(i); /* in parts of `spares` */

        sum += count;
        CHECK(count <= spare(i));
        CHECK(count == 0 || request[i].ticks <= view.ticks);
        if (request[i].end) {
            CHECK_EQUAL(count, 0);
        } else {
            CHECK(count * spares < exact + spares || spares == 0);
            CHECK(exact < (count + 1) * spares || spares == 0);
        }
    }
    CHECK_EQUAL(sum, missing);
    for (unsigned i = view.count; i < ENVS_MAX; i++) {
        CHECK(request[i].count == 0 && !request[i].end);
    }
}

int
main(void)
{
    uint64_t state = 20261;

    cases();
    late();
    check_subject = "random views";
    for (unsigned i = 0; i < VIEWS; i++) {
        random_view(&state);
        ask();
        properties();
    }
    return 0;
}
