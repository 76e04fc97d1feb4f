/* SPDX-License-Identifier: MIT */
/*
 * Floating point: envs that use all of it, several on each hart, never see each
 * other's registers nor rounding modes, whatever way they lose the hart and get
 * it back: slices, by epilogue and by force, directed yields, and calls between
 * two that both use it. A new env finds what its U-area says; who died leaves
 * nothing behind; what is no instruction still is none.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "test/user/expect.h"
#include "test/user/harts.h"

#define HARTS_MAX 8
#define ROUNDS 200u

enum role { SPINNER, MASKED, YIELDER, RELEASER, CALLER, CALLEE, ROLES };

struct worker {
    volatile uint64_t rounds;
    volatile uint64_t id;
    volatile uint64_t wrong;
    volatile int64_t error;
};

struct shared {
    struct worker worker[HARTS_MAX][ROLES];
    volatile uint64_t parent;
};

#define SHARED_PAGE ((struct shared *)SHARED)

void float_fill(uint64_t seed);
uint64_t float_check(uint64_t seed);
uint64_t float_clean(void);
void float_gate(void);
void float_illegal(void);
uint64_t float_body(uint64_t argument);

static inline struct worker *
worker_self(const struct uarea *uarea)
{
    return &SHARED_PAGE->worker[uarea->hart][uarea->own[25]];
}

/* Another number for each round of each env. */
static inline uint64_t
seed_of(const struct uarea *uarea, uint64_t round)
{
    return (uarea->own[25] + 1) << 48 | ((uint64_t)uarea->hart + 1) << 40 |
           round * 0x1001;
}

static inline void
dawdle(uint64_t round)
{
    for (uint64_t i = round % 7 * 100; i > 0; i--) {
        __asm__ volatile("");
    }
}

/* First of all in each env: what nobody has put there is zero. */
static inline void
begin(struct worker *w)
{
    w->wrong += float_clean();
}

static void
spinner(struct uarea *uarea)
{
    struct worker *w = worker_self(uarea);

    for (begin(w);; w->rounds++) {
        float_fill(seed_of(uarea, w->rounds));
        dawdle(w->rounds);
        w->wrong += float_check(seed_of(uarea, w->rounds));
    }
}

/* Saved by force at the end of each slice. */
static void
masked(struct uarea *uarea)
{
    uarea->masked = MASKED_INTERRUPT;
    spinner(uarea);
}

/* Gives its slices to the others of this hart in turn. */
static void
yielder(struct uarea *uarea)
{
    struct worker *w = worker_self(uarea);

    for (begin(w);; w->rounds++) {
        const struct worker *to =
            &SHARED_PAGE->worker[uarea->hart][w->rounds % ROLES];

        float_fill(seed_of(uarea, w->rounds));
        if (to != w) {
            (void)exo_yield(to->id, uarea);
        }
        w->wrong += float_check(seed_of(uarea, w->rounds));
    }
}

/* Gives its registers up, and finds in them what it has put in the U-area. */
static void
releaser(struct uarea *uarea)
{
    struct worker *w = worker_self(uarea);

    for (begin(w);; w->rounds++) {
        uint64_t seed = seed_of(uarea, w->rounds);

        float_fill(~seed);
        w->error |= sys_fp_release();
        for (unsigned i = 0; i < 32; i++) {
            uarea->float_registers[i] = seed + i;
        }
        uarea->float_registers[32] = seed & 0x9f;
        dawdle(w->rounds);
        w->wrong += float_check(seed);
    }
}

__attribute__((used)) uint64_t
float_body(uint64_t argument)
{
    const struct uarea *uarea = (const struct uarea *)CHILD_UAREA;
    struct worker *w = worker_self(uarea);

    w->wrong +=
        w->rounds == 0 ? float_clean() : float_check(seed_of(uarea, w->rounds));
    w->rounds++;
    float_fill(seed_of(uarea, w->rounds));
    dawdle(w->rounds);
    w->wrong += float_check(seed_of(uarea, w->rounds));
    return argument + 1;
}

/* Has no slots: it runs when it is called. */
static void
callee(struct uarea *uarea)
{
    struct worker *w = worker_self(uarea);

    w->error = sys_gate_set(CHILD_CAP_OWN, 0, (uint64_t)float_gate);
    for (;;) {
        (void)exo_yield(SHARED_PAGE->parent, uarea);
        (void)exo_yield(0, uarea);
        (void)exo_sleep(uarea);
    }
}

static void
caller(struct uarea *uarea)
{
    struct worker *w = worker_self(uarea);
    uint64_t to = SHARED_PAGE->worker[uarea->hart][CALLEE].id;

    /* Once, so that it opens its gate. */
    do {
        (void)exo_yield(to, uarea);
        w->error = exo_bind(uarea, CHILD_CAP_OWN, to, 0, 0);
    } while (w->error != 0);
    for (begin(w);; w->rounds++) {
        int64_t got;

        float_fill(seed_of(uarea, w->rounds));
        got = exo_call(0, uarea, w->rounds);
        if (got != (int64_t)w->rounds + 1 && got != -EBUSY) {
            w->error = got;
        }
        w->wrong += float_check(seed_of(uarea, w->rounds));
    }
}

static void (*const roles[ROLES])(struct uarea *) = {spinner,  masked, yielder,
                                                     releaser, caller, callee};

static uint64_t page;

/* All roles on all harts, while the parent uses floating point too. */
static void
together(uint64_t harts)
{
    static struct child child[HARTS_MAX][ROLES];

    for (uint64_t i = 0; i < harts * ROLES; i++) {
        uint64_t hart = i / ROLES, role = i % ROLES;
        struct worker *w = &SHARED_PAGE->worker[hart][role];

        child[hart][role] = harts_child(page, roles[role], hart, role);
        *w = (struct worker){.id = child[hart][role].id, .error = 0};
    }
    float_fill(77);
    for (uint64_t i = 0; i < harts * ROLES; i++) {
        if (i % ROLES != CALLEE) {
            harts_slots(child[i / ROLES][i % ROLES].id, i / ROLES,
                        1 + i % ROLES);
        }
    }
    for (uint64_t i = 0; i < harts * ROLES; i++) {
        const struct worker *w = &SHARED_PAGE->worker[i / ROLES][i % ROLES];

        /* A round may take a whole slice, and a busy host leaves us few. */
        for (unsigned j = 0; j < 10 && w->rounds < ROUNDS; j++) {
            harts_wait_for(&w->rounds, ROUNDS);
        }
        EXPECT(float_check(77), 0);
    }
    for (uint64_t i = 0; i < harts * ROLES; i++) {
        const struct worker *w = &SHARED_PAGE->worker[i / ROLES][i % ROLES];

        printf("float: hart %lu, role %lu: %lu rounds\n", i / ROLES, i % ROLES,
               w->rounds);
        EXPECT(w->wrong, 0);
        EXPECT(w->error, 0);
        EXPECT(w->rounds >= ROUNDS, 1);
        child_end(&child[i / ROLES][i % ROLES]);
    }
    EXPECT(float_check(77), 0);
}

/* Leaves its numbers in the registers. */
static void
leaver(struct uarea *uarea)
{
    begin(worker_self(uarea));
    float_fill(99);
    (void)exo_yield(SHARED_PAGE->parent, uarea);
}

/* Who died as the owner of the registers is not saved any more: its U-area is a
   page of somebody else's. */
static void
death(void)
{
    struct child dead = harts_child(page, leaver, 0, SPINNER);
    uint64_t *now;

    SHARED_PAGE->worker[0][SPINNER].wrong = 0;
    float_fill(55);
    EXPECT(exo_yield(dead.id, exo_uarea), 0);
    EXPECT(SHARED_PAGE->worker[0][SPINNER].wrong, 0);
    child_end(&dead);
    EXPECT(sys_frame_alloc(CAP_CHILD, 0, dead.uarea), dead.uarea);
    (void)sys_frame_scrub(dead.uarea); /* it may be, for it had this guard */
    now = exo_map_borrow(CAP_CHILD, dead.uarea);
    for (unsigned i = 0; i < 512; i++) {
        now[i] = 0;
    }
    EXPECT(float_check(55), 0);
    for (unsigned i = 0; i < 512; i++) {
        EXPECT(now[i], 0);
    }
    exo_map_return();
    exo_map_forget();
    EXPECT(sys_frame_free(dead.uarea, 0), 0);
}

static volatile uint64_t illegal;

static void
illegal_count(struct uarea *uarea)
{
    struct level *level = &uarea->level[LEVEL_EXCEPTION];

    EXPECT(level->cause, 2);
    EXPECT(level->pc, float_illegal);
    level->pc += 4;
    illegal++;
}

int
main(void)
{
    uint64_t harts;

    EXPECT(float_clean(), 0);
    exo_exception_handler = illegal_count;
    EXPECT(sys_fp_release(), 0);
    float_illegal(); /* both ways: with and without floating point on */
    EXPECT(illegal, 1);
    float_fill(11);
    float_illegal();
    EXPECT(illegal, 2);
    EXPECT(float_check(11), 0);

    page = frame_clean(0);
    (void)window_open(page);
    SHARED_PAGE->parent = exo_id;
    harts = harts_open();
    death();
    for (unsigned i = 0; i < 2; i++) {
        together(harts);
    }
    printf("test: float ok: %lu harts\n", harts);
    return 0;
}
