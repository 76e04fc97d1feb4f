/* SPDX-License-Identifier: MIT */
/*
 * Revokes the memory of a program that computes under the pager of lib/exo, a
 * thousand times at random: by count and by name, whatever it owns that is not
 * guaranteed, with deadlines from long past to far away. The program must come
 * to the right answer. `seed=` is another run, `revokes=` a longer one; with a
 * second hart the program is there, and this does not wait its turn.
 */
#include "test/user/survivor.h"

#include <string.h>

#include "kern/abi/cap.h"
#include "kern/abi/information.h"
#include "lib/exo/archive.h"
#include "lib/exo/program.h"
#include "test/user/expect.h"
#include "test/user/frames.h"
#include "test/user/harts.h"

#define CAP 1
#define OWN 7
#define REVOKES 1000
#define COUNT_MAX 16
#define FRAMES_MAX 1024
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)
#define SHARED_HERE 0x50000000UL
#define UAREA_HERE 0x50001000UL
#define SECOND (1000 * MILLISECOND)

static struct exo_child child;
static struct survivor_shared *shared;
static const volatile struct uarea *uarea; /* the child's */
static uint64_t state;

/* What was asked for, and how. */
static struct {
    unsigned count;
    unsigned named;
    unsigned deaf;
    unsigned tables;
} asked;

/* The number behind a boot argument of that name, or `otherwise`. */
static uint64_t
argument(const char *name, uint64_t otherwise)
{
    const struct information *information =
        (const struct information *)INFORMATION_BOOT;
    const char *found = strstr(information->arguments, name);

    return found == NULL ? otherwise : strtoul(found + strlen(name), NULL, 10);
}

static uint64_t
below(uint64_t limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 0x2545f4914f6cdd1d >> 32) % limit;
}

static void
map_here(uint64_t address, uint64_t cap, uint64_t frame, uint64_t bits)
{
    struct exo_map map = exo_map_own();
    struct exo_range range = {address, 1, 0};

    EXPECT(exo_map_insert(&map, &range, cap, &frame, bits), 0);
}

static void
survivor_start(uint64_t hart)
{
    struct exo_range range = {SURVIVOR_SHARED, 1, 0};
    const void *file;
    size_t size;
    uint64_t frame = (uint64_t)exo_frame_alloc(0, 0);

    EXPECT(exo_archive_find(exo_archive, exo_archive_size, "survivor_paged",
                            &file, &size),
           0);
    EXPECT(sys_cap_fresh(0, CAP), 0);
    EXPECT(exo_program_load(&child, CAP, file, size), 0);
    child.hart = hart;
    map_here(SHARED_HERE, 0, frame, EXO_R | EXO_W);
    memset(shared, 0, FRAME_SIZE);
    EXPECT(exo_map_insert(&child.map, &range, 0, &frame, EXO_R | EXO_W), 0);
    EXPECT(exo_program_start(&child, OWN, NULL, 0, SURVIVOR_SHARED), 0);
    map_here(UAREA_HERE, CAP, child.uarea, EXO_R);
    exo_map_forget();
    for (uint64_t eighth = 1; eighth < 8; eighth++) {
        if (hart != 0 || eighth % 3 != 0) {
            harts_slots(child.id, hart, eighth);
        } else {
            harts_slots(exo_id, 0, eighth);
        }
    }
    harts_wait_for(&shared->begun, 1);
    EXPECT(shared->begun, 1);
}

/* A frame of the child's that can be taken, at random: from a place in the list
   of its frames, which may change meanwhile. */
static uint64_t
frame_pick(void)
{
    static uint32_t frame[FRAMES_MAX];
    uint32_t head = (uint32_t)child.uarea;
    unsigned count = 0;

    for (unsigned i = 0; i < FRAMES_MAX; i++) {
        uint32_t before = RECORDS[head].previous;

        if (before == 0 || RECORDS[before].owner != child.id) {
            break;
        }
        head = before;
    }
    for (uint32_t at = head;
         at != 0 && RECORDS[at].owner == child.id && count < FRAMES_MAX;
         at = RECORDS[at].next) {
        unsigned type = RECORDS[at].type;

        if (type >= FRAME_DATA && type <= FRAME_SHADOW &&
            (RECORDS[at].flags & FRAME_GUARANTEED) == 0) {
            frame[count++] = at;
        }
    }
    EXPECT(count > 0, 1);
    return frame[below(count)];
}

/* That it lives. */
static void
survivor_check(void)
{
    const struct env_row *row =
        (const struct env_row *)INFORMATION_ENVS + (child.id >> 20);

    if (row->state != ENV_LIVE) {
        printf("survivor: died of %u in round %lu, after %u and %u: cause %lu, "
               "pc 0x%lx, value 0x%lx, lost 0x%lx\n",
               row->cause, shared->rounds, asked.count, asked.named,
               shared->cause, shared->pc, shared->value, shared->lost);
        exit(EXIT_FAILURE);
    }
}

/* How many requests the child has left; with `help`, after a step of taking. */
static int64_t
requests(bool help)
{
    int64_t left = 0;

    if (help) {
        return sys_repossess(CAP, child.id);
    }
    for (unsigned i = 0; i < UAREA_REQUEST_ENTRIES; i++) {
        left += uarea->request[i].left != 0;
    }
    return left;
}

/* Until nothing is asked for and the child has made up for all that it was told
   of; or ten seconds. */
static void
settle(uint64_t name, bool help)
{
    uint64_t end = time_now() + 10 * SECOND;
    int64_t left = requests(help);

    while (left != 0 || uarea->losses_taken != uarea->losses_posted) {
        survivor_check();
        EXPECT(time_now() < end, 1);
        if (left > 0 && name != REVOKE_ANY &&
            RECORDS[name].type != FRAME_DATA) {
            /* Has become a table meanwhile: that is the kernel's to take. */
            (void)sys_revoke(CAP, child.id, RESOURCE_FRAME, name, 1,
                             time_now());
        }
        if (left != -EAGAIN) {
            harts_wait(1);
        }
        left = requests(help);
    }
}

static void
revoke(void)
{
    bool named = below(2) == 0;
    bool deaf = below(2) == 0;
    uint64_t name = named ? frame_pick() : REVOKE_ANY;
    uint64_t count = named ? 1 : 1 + below(COUNT_MAX);
    bool table = named && RECORDS[name].type != FRAME_DATA;
    uint64_t deadline = deaf || table
                            ? time_now() + below(2) * below(3 * MILLISECOND)
                            : time_now() + 20 * SECOND;
    int64_t error =
        sys_revoke(CAP, child.id, RESOURCE_FRAME, name, count, deadline);

    if (named && (error == -EBUSY || error == -EPERM)) {
        return; /* it is another's by now, or guaranteed */
    }
    survivor_check();
    EXPECT(error, 0);
    asked.named += named;
    asked.tables += table;
    asked.count += !named;
    asked.deaf += deaf;
    settle(name, below(2) == 0);
    if (below(4) == 0) {
        harts_wait(1 + below(10));
    }
}

/* What the rounds should have come to. */
static uint64_t
answer(uint64_t rounds)
{
    uint64_t *formula = malloc(FORMULA_WORDS * 8);
    struct work_memory memory = {formula, malloc(SORTED_WORDS * 8),
                                 malloc(SIEVE_SIZE)};
    uint64_t result[WORK_KINDS];
    uint64_t total = 0;

    for (uint64_t i = 0; i < FORMULA_WORDS; i++) {
        formula[i] = work_formula(i);
    }
    for (uint64_t i = 0; i < WORK_KINDS; i++) {
        result[i] = work_round(&memory, i);
        EXPECT(result[i] != 0, 1);
    }
    for (uint64_t i = 0; i < rounds; i++) {
        total = work_mix(total, result[i % WORK_KINDS]);
    }
    free(formula);
    free(memory.sorted);
    free(memory.sieve);
    return total;
}

int
main(void)
{
    uint64_t revokes = argument("revokes=", REVOKES);
    const struct exo_pager_counts *counts;
    uint64_t harts;
    uint64_t id;

    shared = (struct survivor_shared *)SHARED_HERE;
    uarea = (const volatile struct uarea *)UAREA_HERE;
    counts = &shared->counts;
    state = argument("seed=", 1) * 0x9e3779b97f4a7c15 + 1;
    printf("test: survivor: seed=%lu\n", argument("seed=", 1));
    EXPECT(sys_slot_free(0, exo_id, 0, 0), 0);
    harts = harts_open();
    survivor_start(harts > 1 ? 1 : 0);
    while (asked.count + asked.named < revokes) {
        revoke();
    }
    EXPECT(uarea->losses_missed, 0);
    shared->stop = 1;
    harts_wait_for(&shared->done, 1);
    EXPECT(shared->done, 1);
    printf("survivor: %u by count, %u by name, %u of them tables; %u deaf\n",
           asked.count, asked.named, asked.tables, asked.deaf);
    printf("survivor: %lu rounds; %lu filled, %lu answered with %lu frames, "
           "%lu repaired, %lu dropped, %lu spent, %lu tables\n",
           shared->rounds, counts->filled, counts->answered, counts->given,
           counts->repaired, counts->dropped, counts->spent, counts->tables);
    EXPECT(shared->total == answer(shared->rounds), 1);
    EXPECT(counts->answered >= revokes / 4, 1);
    EXPECT(counts->repaired >= revokes / 40, 1);
    EXPECT(counts->dropped >= revokes / 40, 1);
    EXPECT(counts->spent >= revokes / 40, 1);
    EXPECT(counts->tables >= revokes / 100, 1);
    id = child.id;
    EXPECT(exo_program_end(&child), 0);
    EXPECT(frames_of(id), 0);
    printf("test: survivor ok: %lu times\n", revokes);
    return 0;
}
