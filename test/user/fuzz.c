/* SPDX-License-Identifier: MIT */
/*
 * Random calls. The kernel must answer each, whatever its arguments, and its
 * records must stay consistent: after each thousand every page table is read
 * and compared with what the frame table says of the frames in it, and each
 * frame must be free or belong to an env that there is; at the end all is taken
 * apart, and every frame must be to be had by its name. The line at the start
 * has what repeats the run (fuzz.h).
 *
 * The program keeps itself alive by what it plays with: a pool of frames in
 * which nothing of its own lies, the part of its root from FREE_ROOT on, and
 * other envs. One of these, the puppet, makes calls that it is told to make;
 * those made at random have nothing to run and end at once.
 */
#include "test/user/fuzz.h"

#include <string.h>

static uint64_t window;
static uint64_t faults;
static uint64_t checks;
static uint64_t calls; /* made so far, entries of batches included */
static uint64_t good_of[CALL_MAX];
static uint64_t longest_of[CALL_MAX]; /* instructions, if QEMU counts them */

static uint64_t
instructions(void)
{
    uint64_t count;

    __asm__ volatile("rdinstret %0" : "=r"(count));
    return count;
}

/* A gate that touches no memory: it returns, or, if nobody called, yields to
   who sent; and a synchronous call's opposite of exo_yield: pct_send. */
__asm__(".text\n"
        ".balign 4\n"
        ".global fuzz_gate\n"
        "fuzz_gate:\n"
        "   li a7, 28\n" /* pct_return */
        "   mv s0, a6\n"
        "   ecall\n"
        "   mv a0, s0\n"
        "   li a7, 20\n" /* yield */
        "   ecall\n"
        "   ebreak\n");

int64_t fuzz_send(uint64_t binding, struct uarea *uarea);
__asm__(".text\n"
        ".balign 4\n"
        "fuzz_send:\n"
        "   addi sp, sp, -128\n"
        "   sd ra, 0(sp)\n"
        "   sd s0, 8(sp)\n"
        "   sd s1, 16(sp)\n"
        "   sd s2, 24(sp)\n"
        "   sd s3, 32(sp)\n"
        "   sd s4, 40(sp)\n"
        "   sd s5, 48(sp)\n"
        "   sd s6, 56(sp)\n"
        "   sd s7, 64(sp)\n"
        "   sd s8, 72(sp)\n"
        "   sd s9, 80(sp)\n"
        "   sd s10, 88(sp)\n"
        "   sd s11, 96(sp)\n"
        "   sd gp, 104(sp)\n"
        "   sd tp, 112(sp)\n"
        "   sd sp, 0x50(a1)\n" /* t1 of the interrupt level */
        "   lla t0, 1f\n"
        "   sd t0, 0x40(a1)\n"   /* its pc */
        "   sd zero, 0x70(a1)\n" /* its mask */
        "   mv t2, a0\n"
        "   li a7, 27\n" /* pct_send */
        "   ecall\n"
        "   j 2f\n"
        "1: mv sp, t1\n"
        "   li a0, 0\n"
        "2: ld ra, 0(sp)\n"
        "   ld s0, 8(sp)\n"
        "   ld s1, 16(sp)\n"
        "   ld s2, 24(sp)\n"
        "   ld s3, 32(sp)\n"
        "   ld s4, 40(sp)\n"
        "   ld s5, 48(sp)\n"
        "   ld s6, 56(sp)\n"
        "   ld s7, 64(sp)\n"
        "   ld s8, 72(sp)\n"
        "   ld s9, 80(sp)\n"
        "   ld s10, 88(sp)\n"
        "   ld s11, 96(sp)\n"
        "   ld gp, 104(sp)\n"
        "   ld tp, 112(sp)\n"
        "   addi sp, sp, 128\n"
        "   ret\n");

static void
puppet_main(struct uarea *uarea)
{
    volatile struct shared *shared = (volatile struct shared *)SHARED;

    for (;;) {
        shared->result =
            call_raw(shared->number, shared->argument[0], shared->argument[1],
                     shared->argument[2], shared->argument[3],
                     shared->argument[4], shared->argument[5]);
        (void)exo_yield(shared->parent, uarea);
    }
}

static void
skip(struct uarea *uarea)
{
    faults++;
    uarea->level[LEVEL_EXCEPTION].pc += 4;
}

/* Reads and writes somewhere in the free part of the address space. */
static void
probe(void)
{
    uint64_t address = (FREE_ROOT + below(FREE_ROOT_END - FREE_ROOT)) << 30 |
                       below(4) << 21 | below(8) << 12 | below(512) << 3;
    uint64_t value = below(2) ? random64() : 0;

    if ((address & 0xfff) == UAREA_MASKED) { /* and the version beside it */
        value = 1UL << 32;
    }
    __asm__ volatile(".option push; .option norvc\n"
                     "ld t0, 0(%0)\n"
                     "sd %1, 0(%0)\n"
                     ".option pop" ::"r"(address),
                     "r"(value)
                     : "t0", "memory");
}

/* Gives a new env, by this env's own calls, some of what it needs to run; it
   has nothing to run. */
static void
grow(uint64_t id)
{
    for (uint64_t i = below(6); i > 0; i--) {
        (void)sys_frame_give(0, frame_pick(IS(FRAME_DATA) | ANY_TABLE), id);
    }
    if (below(4) != 0) {
        uint64_t uarea = idle_pick(IS(FRAME_DATA));

        (void)sys_frame_scrub(uarea);
        (void)sys_frame_give(0, uarea, id);
        for (unsigned i = 0; i < 40; i++) {
            if (sys_env_bind(0, id, 0, frame_pick(IS(FRAME_DATA))) == 0) {
                break;
            }
        }
        good_of[22] += sys_env_bind(0, id, 0, uarea) == 0;
    }
    if (below(2) == 0) {
        (void)exo_yield(id, exo_uarea);
    }
}

static void
id_note(int64_t id)
{
    if (id > 0 && id_count < IDS) {
        ids[id_count++] = (uint64_t)id;
    }
}

/* A batch, to its end. What the kernel says of how far it came must fit what
   stands in the words. */
static int64_t
batch_run(uint64_t first, uint64_t count)
{
    static uint64_t before[UAREA_BATCH_WORDS];
    const volatile struct uarea *after = exo_uarea;
    int64_t result = -EAGAIN;

    if (first >= UAREA_BATCH_WORDS || count > BATCH_ENTRIES_MAX) {
        return sys_batch(first, count);
    }
    memcpy(before, exo_uarea->batch, sizeof(before));
    while (result == -EAGAIN) {
        uint64_t start = instructions();
        uint64_t done;

        result = sys_batch(first, count);
        start = instructions() - start;
        if (start > longest_of[NUMBER_batch]) {
            longest_of[NUMBER_batch] = start;
        }
        done = after->batch_done;
        EXPECT(result >= 0 ? (uint64_t)result == count : done < count, 1);
        EXPECT(result >= 0 ? done == count : true, 1);
        count -= done;
        calls += done;
        for (; done > 0; done--) {
            unsigned number = before[first] & (CALL_MAX - 1);

            EXPECT((int64_t)after->batch[first] >= 0, 1);
            good_of[number]++;
            if (number == NUMBER_env_create) {
                id_note((int64_t)after->batch[first]);
            }
            first += 1 + (before[first] >> BATCH_COUNT_SHIFT);
        }
        EXPECT(first, after->batch_next);
        if (result < 0 && first < UAREA_BATCH_WORDS &&
            after->batch[first] != before[first]) {
            EXPECT(after->batch[first], result);
            break;
        }
    }
    return result;
}

/* Calls that leave a frame half unbound: they are finished. */
static bool
again(uint64_t number)
{
    return number == 9 || number == 32;
}

/* One random call, by this env or the puppet. */
static void
call_random(void)
{
    volatile struct shared *shared = (volatile struct shared *)SHARED;
    uint64_t number = number_pick();
    bool by_puppet = below(4) == 0;
    uint64_t before;
    uint64_t a[6];
    int64_t result;

    if (below(200) == 0) {
        number = anything();
        if (number < CALL_MAX) {
            number += CALL_MAX;
        }
    }
    for (unsigned i = 0; i < 6; i++) {
        a[i] = anything();
    }
    if (below(8) != 0) {
        arguments_likely(number, a);
        if (below(12) == 0) {
            a[below(6)] = anything();
        }
        if (by_puppet && number != 13 && below(4) != 0) {
            a[0] = CHILD_CAP_OWN | CHILD_CAP_OWN << 8;
            if (number < 15 || number > 19) {
                a[0] = CHILD_CAP_OWN;
            }
        }
    }
    arguments_tame(number, a, by_puppet);
    if (by_puppet) {
        shared->number = number;
        for (unsigned i = 0; i < 6; i++) {
            shared->argument[i] = a[i];
        }
        do {
            shared->result = -1000;
            (void)exo_yield(puppet.id, exo_uarea);
            result = shared->result;
        } while (result == -EAGAIN && again(number));
    } else if (number == NUMBER_batch) {
        result = batch_run(a[0], a[1]);
    } else {
        if (number == 15) {
            batch_fill();
        }
        do {
            before = instructions();
            result = call_raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
            before = instructions() - before;
            if (number < CALL_MAX && before > longest_of[number]) {
                longest_of[number] = before;
            }
        } while (result == -EAGAIN && again(number));
    }
    if (number < CALL_MAX) {
        good_of[number] += result >= 0;
    }
    if (number == 21 && result > 0) {
        id_note(result);
        grow((uint64_t)result);
    }
}

/* A transfer to another env, or to itself; and a level that does not exist. */
static void
transfer(void)
{
    register uint64_t a7 __asm__("a7") = CALL_RESUME;
    register uint64_t t1 __asm__("t1") = 4 + below(1000);
    register int64_t a0 __asm__("a0") = 0;
    uint64_t id = id_pick();
    volatile struct shared *shared = (volatile struct shared *)SHARED;

    switch (below(4)) {
    case 0:
        shared->number = CALL_NULL;
        (void)exo_yield(below(8) ? id : anything(), exo_uarea);
        break;
    case 1:
        (void)exo_call(below(8) ? below(17) : anything(), exo_uarea, 0);
        break;
    case 2:
        (void)fuzz_send(below(8) ? below(17) : anything(), exo_uarea);
        break;
    default:
        t1 = 4 + (t1 & 0xffff);
        a7 = CALL_RESUME;
        a0 = 0;
        __asm__ volatile("ecall"
                         : "+r"(a0), "+r"(t1), "+r"(a7)::"t0", "memory");
        EXPECT(a0, -EINVAL);
        break;
    }
}

static void
env_end(uint64_t id)
{
    int64_t error;

    do {
        error = sys_env_destroy(0, id);
    } while (error == -EAGAIN);
    EXPECT(error == 0 || error == -ESRCH, 1);
}

/* Ends those that are being ended: harts that idle do it at any time. */
static void
dying_end(void)
{
    for (unsigned i = 0; i < id_count; i++) {
        if (sys_env_bind(0, ids[i], 0, 0) == -ESRCH) {
            env_end(ids[i]);
        }
    }
    if (puppet.id != 0 && sys_env_bind(0, puppet.id, 0, 0) == -ESRCH) {
        env_end(puppet.id);
    }
}

/* Compares what the tables of the pool hold with what the frame table says. */
static void
check(void)
{
    static uint32_t held[PAGES];
    static uint32_t held_root;
    const volatile uint64_t *entries =
        (const volatile uint64_t *)(SHARED + SLOT * 4096UL);

    for (unsigned i = 0; i < PAGES; i++) {
        held[i] = 0;
    }
    held_root = 0;
    dying_end();
    /* A table that is being broken, of an env whose end has begun, cannot be
       mapped. */
    for (unsigned i = 0; i < PAGES; i++) {
        const volatile struct frame *f = record(pool_page(i));

        if ((ANY_TABLE >> f->type & 1) && (f->flags & FRAME_BREAKING)) {
            return;
        }
    }
    checks++;
    for (unsigned i = 0; i <= PAGES; i++) {
        uint64_t number = i < PAGES ? pool_page(i) : exo_root;
        unsigned type = record(number)->type;
        bool root = type == FRAME_TABLE_2;
        unsigned used = 0;

        if (!(ANY_TABLE >> type & 1)) {
            continue;
        }
        exo_uarea->batch[0] = number << 10 | R | AD;
        EXPECT(sys_pt_map(0, window, SLOT, 1), 1);
        for (unsigned j = 0; j < (root ? 255 : 512); j++) {
            uint64_t entry = entries[j];
            uint64_t target = entry >> 10 & 0xfffffffffff;

            used += entry != 0;
            if (target == exo_root && entry != 0) {
                held_root++;
            }
            for (unsigned k = 0; entry != 0 && k <= LARGE; k++) {
                if (target - base[k] < 512) {
                    held[k * 512 + (target - base[k])]++;
                }
            }
        }
        EXPECT(sys_pt_unmap(0, window, SLOT, 1), 1);
        EXPECT(record(number)->used, used);
        EXPECT(record(record(number)->shadow)->type, FRAME_SHADOW);
        EXPECT(record(record(number)->shadow)->shadow, number);
        EXPECT(record(record(number)->shadow)->owner, record(number)->owner);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        const volatile struct frame *f = record(pool_page(i));

        if (f->type != FRAME_PART) {
            EXPECT(f->maps, held[i]);
            EXPECT(f->chain != 0, held[i] != 0);
        }
        EXPECT(f->lock, 0);
    }
    EXPECT(record(exo_root)->maps, held_root);
}

/* Every frame of the pool is free, and then nothing holds it, or it belongs to
   an env that there is: of those with one index only the last has not gone. */
static void
check_owners(void)
{
    static uint64_t last[256];

    memset(last, 0, sizeof(last));
    last[exo_id >> 20] = exo_id;
    for (unsigned i = 0; i <= id_count; i++) {
        uint64_t id = i < id_count ? ids[i] : puppet.id;

        if (id > last[id >> 20]) {
            last[id >> 20] = id;
        }
    }
    for (unsigned i = 0; i < PAGES; i++) {
        const volatile struct frame *f = record(pool_page(i));

        if (f->type == FRAME_FREE) {
            EXPECT(f->owner | f->maps | f->chain | f->pins, 0);
        } else if (f->type != FRAME_PART) {
            EXPECT(f->type >= FRAME_DATA && f->owner != 0, 1);
            EXPECT(f->owner, last[f->owner >> 20]);
        }
    }
}

static void
others_end(void)
{
    for (unsigned i = 0; i < id_count; i++) {
        env_end(ids[i]);
    }
    id_count = 0;
    if (puppet.id != 0) {
        env_end(puppet.id);
    }
    for (unsigned i = 2; i < CAP_LIST_ENTRIES; i++) {
        (void)sys_cap_drop(i);
    }
    /* What belonged to them is free; nobody else shall get it. */
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t number = pool_page(i);

        if (record(number)->type == FRAME_FREE) {
            EXPECT(sys_frame_alloc(0, record(number)->order, number), number);
        }
        if (record(number)->type != FRAME_PART) {
            EXPECT(record(number)->owner, exo_id);
        }
    }
}

static void
table_clear(uint64_t number, unsigned from, unsigned to)
{
    for (; from < to; from += 64) {
        unsigned count = to - from < 64 ? to - from : 64;

        EXPECT(sys_pt_unmap(0, number, from, count) >= 0, 1);
    }
}

/* Takes everything apart, and has every frame again by its name. */
static void
end(void)
{
    table_clear(exo_root, FREE_ROOT, FREE_ROOT_END);
    for (unsigned i = 0; i < PAGES; i++) {
        unsigned type = record(pool_page(i))->type;

        if (ANY_TABLE >> type & 1) {
            table_clear(pool_page(i), 0, type == FRAME_TABLE_2 ? 255 : 512);
        }
    }
    for (unsigned i = 0; i < PAGES; i++) {
        if (ANY_TABLE >> record(pool_page(i))->type & 1) {
            EXPECT(sys_pt_unmake(pool_page(i)), 0);
        }
    }
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t number = pool_page(i);
        const volatile struct frame *f = record(number);

        if (f->type == FRAME_PART) {
            continue;
        }
        EXPECT(f->type, FRAME_DATA);
        EXPECT(f->maps | f->chain | f->pins | f->shadow | f->harts, 0);
        while (f->order != 0) {
            EXPECT(sys_frame_split(number), 0);
        }
        EXPECT(sys_frame_free(number, 0), 0);
        EXPECT(sys_frame_alloc(0, 0, number), number);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        EXPECT(in_pool(pool_page(i)), 1);
        EXPECT(sys_frame_free(pool_page(i), 0), 0);
    }
}

/* Frames of the pool that can be U-areas: they keep the version word while
   they stay under the same guard. */
static void
versions_write(void)
{
    struct uarea *uarea = (struct uarea *)(SHARED + SLOT * 4096UL);

    for (unsigned i = 0; i < SMALL; i++) {
        if (record(base[0] + i)->type != FRAME_DATA ||
            record(base[0] + i)->order != 0) {
            continue;
        }
        (void)sys_frame_scrub(base[0] + i);
        exo_uarea->batch[0] = (base[0] + i) << 10 | R | W | AD;
        EXPECT(sys_pt_map(0, window, SLOT, 1), 1);
        uarea->version = UAREA_VERSION;
        EXPECT(sys_pt_unmap(0, window, SLOT, 1), 1);
    }
}

int
main(void)
{
    volatile struct shared *shared = (volatile struct shared *)SHARED;
    uint64_t seed = argument("seed=", SEED);
    uint64_t wanted = argument("calls=", CALLS);
    uint64_t limit = argument("longest=", ~0UL);
    uint64_t longest = 0;

    printf("test: fuzz: seed=%lu calls=%lu\n", seed, wanted);
    streams_seed(seed);
    page = frame_clean(0);
    window = window_open(page);
    shared->parent = exo_id;
    exo_exception_handler = skip;
    for (unsigned i = 0; i <= LARGE; i++) {
        int64_t number = sys_frame_alloc(0, 9, 0);

        EXPECT(number > 0, 1);
        base[i] = (uint64_t)number;
    }
    EXPECT(sys_frame_split(base[0]), 0);
    while (calls < wanted) {
        uint64_t until = calls + ROUND;

        versions_write();
        puppet = child_make(page, puppet_main);
        while (calls < until && id_count < IDS) {
            switch (below(16)) {
            case 0:
                probe();
                break;
            case 1:
                transfer();
                calls++;
                break;
            default:
                call_random();
                calls++;
            }
        }
        check();
        check_owners();
        others_end();
        check();
    }
    end();
    for (unsigned i = 0; i < CALL_MAX; i++) {
        if (good_of[i] > 0) {
            printf("fuzz: call %u: %lu succeeded, longest %lu\n", i, good_of[i],
                   longest_of[i]);
        }
        longest = longest_of[i] > longest ? longest_of[i] : longest;
    }
    EXPECT(longest <= limit, 1);
    printf("fuzz: %lu faults, %lu checks\n", faults, checks);
    printf("test: fuzz ok, %lu calls\n", calls);
    return 0;
}
