/* SPDX-License-Identifier: MIT */
/*
 * Threads as harts, on the same frames and tables: random calls, as the calls
 * of the kernel make them, while each hart walks tables without a lock, sets A
 * and D, and keeps what it found until it is fenced. A frame that is taken must
 * not be left in any hart's translations, nor hold what another guard left.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/time.h>

#include "check.h"
#include "frame_threads_tlb.h"
#include "kern/abi/error.h"
#include "kern/frame_one.h"
#include "kern/pt_one.h"
#include "machine.h"

#define GUARDS 3
#define OWNERS 3
#define WATCHDOG_SECONDS 100

static const struct machine_bank banks[] = {{448, 5 * 512 + 64}};
static struct machine_owner owners[OWNERS] = {
    {.id = 11}, {.id = 22}, {.id = 33}};
static const struct cap_name guards[GUARDS] = {{{0, 0}}, {{1, 0}}, {{2, 0}}};
static struct cap_list caps;

static unsigned long rounds = 500000;
static _Atomic uint64_t count_walks;
static _Atomic uint64_t count_fences;
static _Atomic uint64_t count_good;
static _Atomic uint64_t count_again;
static _Atomic uint64_t count_joins;
static _Atomic uint64_t count_heirs;

/* Of this hart. */
static _Thread_local uint64_t seed;
static _Thread_local struct frame *root;
static _Thread_local bool hurried;

static uint64_t
below(uint64_t limit)
{
    return random_below(&seed, limit);
}

/* Here and there, so that others come in between. */
static void
pause_sometimes(void)
{
    static _Thread_local unsigned calls;

    if (++calls % 61 == 0 && !hurried) {
        (void)sched_yield();
    }
}

void
hart_fence(uint64_t harts)
{
    for (unsigned i = 0; i < HARTS; i++) {
        if (harts >> i & 1) {
            tlb_clear(i);
        }
    }
    count_fences++;
}

/* As the hardware does it. A fence waits for a walk that is going on. */
static int
do_walk(void)
{
    struct tlb *tlb = &tlbs[machine_hart.index];
    ppn_t table;

    if (root == NULL) {
        return 0;
    }
    table = frame_number(root);
    (void)pthread_mutex_lock(&tlb->lock);
    for (unsigned level = 3; level-- > 0;) {
        pte_t *entry = (pte_t *)frame_contents(table) + below(4);
        pte_t value = __atomic_load_n(entry, __ATOMIC_ACQUIRE);

        if (!(value & PTE_V)) {
            break;
        }
        table = value >> PTE_PPN_SHIFT;
        if (!(value & PTE_LEAF)) {
            tlb_add(tlb, table, 1);
            continue;
        }
        if (!__atomic_compare_exchange_n(
                entry, &value, value | PTE_A | (value & PTE_W ? PTE_D : 0),
                false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            break; /* changed meanwhile: a walk begins again */
        }
        tlb_add(tlb, table, (uint64_t)1 << 9 * level);
        count_walks++;
        break;
    }
    (void)pthread_mutex_unlock(&tlb->lock);
    return 0;
}

static ppn_t
page_any(void)
{
    /* The upper pages are for splitting and joining, seldom disturbed. */
    return machine_pages[below(below(4000) == 0 ? machine_page_count : 1088)];
}

/* A page whose type, at the moment, is this one. */
static struct frame *
frame_of(unsigned first, unsigned last)
{
    struct frame *f = frame_record(page_any());

    for (unsigned i = 0; i < 200; i++) {
        if (frame_type(f) >= first && frame_type(f) <= last) {
            break;
        }
        f = frame_record(page_any());
    }
    return f;
}

static struct frame *
table_any(void)
{
    return frame_of(FRAME_TABLE_0, FRAME_TABLE_2);
}

static struct pt_place
place_any(struct frame *table)
{
    return (struct pt_place){table, below(4), &caps.entry[0]};
}

static struct one_place
place_one(const struct pt_place *place)
{
    return (struct one_place){frame_number(place->table), place->index,
                              place->cap};
}

static struct machine_owner *
owner_of(const struct frame *f)
{
    for (unsigned i = 0; i < OWNERS; i++) {
        if (owners[i].id == f->owner) {
            return &owners[i];
        }
    }
    check_fail(__FILE__, __LINE__, "a frame has an owner");
}

/* Of a locked, scrubbed frame: what it holds is its guard's. */
static void
contents_check(const struct frame *f)
{
    uint64_t word = *(uint64_t *)frame_contents(frame_number(f));

    CHECK(word == 0 || (word <= GUARDS && memcmp(&guards[word - 1], &f->guard,
                                                 sizeof(f->guard)) == 0));
    CHECK(word == 0 || !(f->flags & FRAME_CLEAN));
}

static bool
memory_is_short(void)
{
    uint64_t free;

    word_lock(&frame_lists.lock);
    free = machine_free();
    word_unlock(&frame_lists.lock);
    return free < 900;
}

static int
do_take(void)
{
    struct machine_owner *owner = &owners[below(OWNERS)];
    ppn_t wanted = below(2) ? 0 : machine_pages[below(1024)];
    unsigned order = below(500) == 0 ? 9 : 0;
    ppn_t taken;
    struct frame *f;
    int result;

    /* Large frames are left for others. */
    if (order == 0 && memory_is_short()) {
        return frame_scrub_idle() ? 0 : -ENOMEM;
    }
    result = order == 0 && below(2) &&
                     frame_take_one(&owner->list, owner->id,
                                    &guards[below(GUARDS)], wanted, &taken)
                 ? 0
                 : frame_take(&owner->list, owner->id, &guards[below(GUARDS)],
                              order, order == 0 ? wanted : 0, &taken);
    if (result < 0) {
        return result;
    }
    f = frame_record(taken);
    frame_lock(f);
    if (frame_type(f) == FRAME_DATA && f->order == order && !frame_busy(f)) {
        tlb_check(taken, (uint64_t)1 << order);
        if (!(f->flags & FRAME_UNSCRUBBED)) {
            contents_check(f);
        }
    }
    frame_unlock(f);
    return 0;
}

static int
do_return(void)
{
    struct machine_owner *owner = &owners[below(OWNERS)];
    struct frame *f = frame_of(FRAME_DATA, FRAME_DATA);

    if (below(2)) {
        return frame_return_one(&owner->list, owner->id, frame_number(f))
                   ? 0
                   : -EPERM;
    }
    frame_lock(f);
    if (frame_type(f) != FRAME_DATA) {
        frame_unlock(f);
        return -EINVAL;
    }
    return frame_return(&owner_of(f)->list, f);
}

/* Writes its guard's number into a locked page that has become clean. */
static void
contents_mark(struct frame *f)
{
    uint64_t *word = frame_contents(frame_number(f));

    contents_check(f);
    frame_clear_flag(f, FRAME_CLEAN); /* as if it had been mapped */
    for (unsigned i = 0; i < GUARDS; i++) {
        if (memcmp(&guards[i], &f->guard, sizeof(f->guard)) == 0) {
            *word = i + 1;
        }
    }
}

static int
do_record(void)
{
    struct frame *f = frame_of(FRAME_DATA, FRAME_DATA);
    unsigned guard = (unsigned)below(GUARDS);
    struct machine_owner *to = &owners[below(OWNERS)];
    int result = -EINVAL;

    frame_lock(f);
    if (frame_type(f) == FRAME_DATA) {
        switch (below(8)) {
        case 0:
            result = frame_give(&owner_of(f)->list, &to->list, to->id, &f, 1);
            break;
        case 1:
            result = frame_set_guard(f, &guards[guard]);
            if (result == 0 && f->order == 0 &&
                !(f->flags & FRAME_UNSCRUBBED)) {
                frame_clear_flag(f, FRAME_CLEAN);
                *(uint64_t *)frame_contents(frame_number(f)) = guard + 1;
            }
            break;
        default:
            result = frame_scrub(f);
            if (!(f->flags & FRAME_UNSCRUBBED) && f->order == 0) {
                contents_mark(f);
            }
            break;
        }
    }
    frame_unlock(f);
    return result;
}

/* By whoever owns it now. */
static int
unmake(struct frame *table)
{
    return pt_unmake(table, whose(table));
}

static void
gather(ppn_t first, struct machine_owner *owner)
{
    for (ppn_t n = first; n < first + 512; n++) {
        struct frame *f = frame_record(n);
        ppn_t taken;

        if (frame_type(f) == FRAME_FREE) {
            (void)frame_take(&owner->list, owner->id, &guards[0], 0, n, &taken);
            continue;
        }
        (void)unmake(f);
        if (frame_type(f) >= FRAME_DATA &&
            pt_break(f, whose(f), PT_BATCH_MAX) == 0) {
            if ((uint16_t)frame_state(f) == FRAME_STATE(FRAME_DATA, 0) &&
                frame_set_guard(f, &guards[0]) == 0) {
                *(uint64_t *)frame_contents(n) = 0;
                (void)frame_give(&owner_of(f)->list, &owner->list, owner->id,
                                 &f, 1);
            }
            frame_unlock(f);
        }
    }
}

/* Splits a large frame and joins it again, against the others. */
static int
do_split_join(void)
{
    struct machine_owner *owner = &owners[below(OWNERS)];
    ppn_t first = 512 * (3 + below(2));
    struct frame *f = frame_record(first);
    ppn_t taken;
    int result =
        frame_take(&owner->list, owner->id, &guards[0], 9, first, &taken);

    if (result == 0) {
        tlb_check(first, 512);
        (void)frame_split(&owner->list, owner->id, f);
    } else {
        gather(first, owner);
    }
    for (unsigned i = 0; i < 20; i++) {
        result = frame_join(&owner->list, owner->id, f);
        if (result != -EAGAIN) {
            break;
        }
    }
    hurried = false;
    if (result == 0) {
        count_joins++;
        frame_lock(f);
        if (frame_type(f) == FRAME_DATA) {
            (void)frame_return(&owner_of(f)->list, f);
        } else {
            frame_unlock(f);
        }
    }
    return result;
}

static int
do_make(void)
{
    struct frame *table = frame_of(FRAME_DATA, FRAME_DATA);
    struct frame *shadow = frame_of(FRAME_DATA, FRAME_DATA);
    uint32_t owner;

    frame_lock(table);
    owner = frame_type(table) == FRAME_DATA ? table->owner : 0;
    frame_unlock(table);
    return pt_make(table, shadow, below(3), owner);
}

static int
do_insert(void)
{
    struct pt_place place = place_any(table_any());
    struct one_place one = place_one(&place);
    pte_t entry[4];

    for (unsigned i = 0; i < 4; i++) {
        struct frame *f =
            below(10) == 0 ? table_any() : frame_of(FRAME_DATA, FRAME_DATA);

        entry[i] = frame_number(f) << PTE_PPN_SHIFT |
                   (below(2) && frame_type(f) == FRAME_DATA ? PTE_W : 0) |
                   (below(4) == 0 ? PTE_HEIR : 0);
    }
    if (below(2) && pt_insert_one(&one, entry[0], &caps.entry[0])) {
        return 1;
    }
    return pt_insert(&place, 1 + below(4), entry, &caps.entry[0]);
}

static int
do_link(void)
{
    struct pt_place place = place_any(table_any());
    struct frame *table = table_any();

    for (unsigned i = 0;
         i < 8 && frame_type(table) + 1 != frame_type(place.table); i++) {
        table = table_any();
    }
    return pt_link(&place, table, &caps.entry[0]);
}

static int
do_remove(void)
{
    struct pt_place place = place_any(table_any());
    struct one_place one = place_one(&place);

    if (below(2) && pt_remove_one(hart_self(), &one)) {
        return 1;
    }
    return pt_remove(&place, 1 + below(3));
}

static int
do_protect(void)
{
    struct pt_place place = place_any(table_any());
    struct one_place one = place_one(&place);
    bool gain = below(2);

    if (below(2) && pt_protect_one(hart_self(), &one, gain ? 0 : PTE_W | PTE_A,
                                   gain ? PTE_W : 0, &caps.entry[0])) {
        return 1;
    }
    return pt_protect(&place, 1 + below(4), gain ? 0 : PTE_W | PTE_A,
                      gain ? PTE_W : 0, &caps.entry[0]);
}

static int
do_copy(void)
{
    struct pt_place from = place_any(table_any());
    struct pt_place to = place_any(table_any());

    for (unsigned i = 0;
         i < 8 && frame_type(from.table) != frame_type(to.table); i++) {
        to.table = table_any();
    }
    return pt_copy(&from, &to, 1 + below(8),
                   PTE_A | PTE_D | PTE_W | (below(2) ? PTE_HEIR : 0), below(2));
}

static int
do_break(void)
{
    struct frame *f = below(4) ? frame_of(FRAME_DATA, FRAME_DATA) : table_any();
    int result = -EAGAIN;

    for (unsigned i = 0; i < 4 && result == -EAGAIN; i++) {
        result = pt_break(f, whose(f), below(4) ? PT_BATCH_MAX : 1);
    }
    if (result == 0) {
        CHECK(frame_locked(f));
        if (frame_type(f) == FRAME_DATA && f->pins == 0 && below(2)) {
            CHECK_EQUAL(frame_return(&owner_of(f)->list, f), 0);
        } else {
            frame_unlock(f);
        }
    }
    return result;
}

/* Lets go of a frame that others may inherit. */
static int
do_release(void)
{
    struct frame *f = frame_of(FRAME_DATA, FRAME_DATA);
    uint32_t id = 0;
    int result = -EINVAL;

    frame_lock(f);
    if (frame_type(f) == FRAME_DATA) {
        id = f->owner;
        result = -EAGAIN;
    }
    frame_unlock(f);
    for (unsigned i = 0; id != 0 && i < 4 && result == -EAGAIN; i++) {
        result =
            pt_release(&owners[id / 11 - 1].list, id, f, (unsigned)below(3));
    }
    count_heirs += result == 1;
    return result;
}

/* Runs another root, or none. The bit is set before a walk, and cleared when
   nothing is left of it. */
static int
do_switch(void)
{
    uint64_t bit = (uint64_t)1 << machine_hart.index;
    struct frame *next = frame_of(FRAME_TABLE_2, FRAME_TABLE_2);

    if (root != NULL) {
        tlb_clear(machine_hart.index);
        __atomic_fetch_and(&root->harts, ~bit, __ATOMIC_SEQ_CST);
        frame_lock(root);
        root->pins--;
        frame_unlock(root);
        root = NULL;
    }
    frame_lock(next);
    if (frame_type(next) == FRAME_TABLE_2) {
        next->pins++;
        __atomic_fetch_or(&next->harts, bit, __ATOMIC_SEQ_CST);
        root = next;
    }
    frame_unlock(next);
    return 0;
}

static int
do_unmake(void)
{
    return unmake(table_any());
}

static const struct {
    int (*run)(void);
    unsigned weight;
} operations[] = {
    {do_walk, 40},  {do_take, 14},      {do_return, 10}, {do_record, 16},
    {do_make, 3},   {do_split_join, 1}, {do_insert, 16}, {do_link, 8},
    {do_remove, 8}, {do_protect, 5},    {do_copy, 6},    {do_break, 4},
    {do_switch, 2}, {do_unmake, 3},     {do_release, 3},
};

/* Two share an account; the third has one carved off it. */
static void
owners_init(void)
{
    const uint64_t limit[ACCOUNT_KINDS] = {1200, 0};

    account_init(2 * frame_counts.free, 0);
    owners[0].list.account = &ACCOUNT_TABLE[ACCOUNT_FIRST];
    owners[1].list.account = &ACCOUNT_TABLE[ACCOUNT_FIRST];
    CHECK_EQUAL(account_carve(ACCOUNT_FIRST, limit), 2);
    CHECK_EQUAL(account_join(2, ACCOUNT_FIRST), 0);
    owners[2].list.account = &ACCOUNT_TABLE[2];
}

static void *
hart_run(void *argument)
{
    unsigned total = 0;

    machine_hart.index = (unsigned)(uintptr_t)argument;
    seed = 0x9e3779b97f4a7c15U * (machine_hart.index + 1);
    for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        total += operations[i].weight;
    }
    for (unsigned long i = 0; i < rounds; i++) {
        uint64_t at = below(total);
        unsigned j = 0;
        int result;

        while (at >= operations[j].weight) {
            at -= operations[j++].weight;
        }
        result = operations[j].run();
        CHECK(result >= 0 || result >= -40 || result == -EDQUOT);
        count_good += result >= 0;
        count_again += result == -EAGAIN;
    }
    return NULL;
}

int
main(int argc, char **argv)
{
    /* Who is in a deadlock spins: this ends it, on a busy machine, too. */
    const struct itimerval watchdog = {.it_value.tv_sec = WATCHDOG_SECONDS};
    pthread_t thread[HARTS];

    if (argc > 1) {
        rounds = strtoul(argv[1], NULL, 0);
    }
    CHECK(setitimer(ITIMER_PROF, &watchdog, NULL) == 0);
    machine_init(banks, 1);
    machine_pause = pause_sometimes;
    cap_init_root(&caps);
    owners_init();
    machine_owners = owners;
    machine_owner_count = OWNERS;
    for (unsigned i = 0; i < HARTS; i++) {
        CHECK(pthread_mutex_init(&tlbs[i].lock, NULL) == 0);
    }
    for (uintptr_t i = 0; i < HARTS; i++) {
        CHECK(pthread_create(&thread[i], NULL, hart_run, (void *)i) == 0);
    }
    for (unsigned i = 0; i < HARTS; i++) {
        CHECK(pthread_join(thread[i], NULL) == 0);
    }
    machine_check(owners, OWNERS, true);
    printf("%d harts, %lu calls each, %llu succeeded, %llu to call again; "
           "%llu walks, %llu fences, %llu joins, %llu heirs\n",
           HARTS, rounds, (unsigned long long)count_good,
           (unsigned long long)count_again, (unsigned long long)count_walks,
           (unsigned long long)count_fences, (unsigned long long)count_joins,
           (unsigned long long)count_heirs);
    return 0;
}
