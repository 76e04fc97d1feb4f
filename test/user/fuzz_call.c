/* SPDX-License-Identifier: MIT */
/*
 * One random call after another, each by a hart of its own.
 */
#include "test/user/fuzz.h"

#include <string.h>

static uint64_t
instructions(void)
{
    uint64_t count;

    __asm__ volatile("rdinstret %0" : "=r"(count));
    return count;
}

void
skip(struct uarea *uarea)
{
    workers[uarea->hart % INFORMATION_HARTS].faults++;
    uarea->level[LEVEL_EXCEPTION].pc += 4;
}

/* Alarms and notifications, of which each is as good as the next. */
void
events_take(struct uarea *uarea)
{
    (void)__atomic_exchange_n(&uarea->pending, 0, __ATOMIC_ACQUIRE);
    uarea->ring_taken = uarea->ring_posted;
    exo_uarea->losses_taken = exo_uarea->losses_posted;
}

/* Reads and writes somewhere in the free part of the address space. */
static void
probe(void)
{
    uint64_t address = (FREE_ROOT + below(FREE_ROOT_END - FREE_ROOT)) << 30 |
                       below(4) << 21 | below(8) << 12 | below(512) << 3;
    uint64_t value = below(2) ? random64() : 0;

    if ((address & 0xfff) == UAREA_MASKED) { /* and the version beside it */
        value = (uint64_t)UAREA_VERSION << 32 | (below(4) ? 0 : below(8));
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
            if (sys_env_bind(0, id, below(hart_count),
                             frame_pick(IS(FRAME_DATA))) == 0) {
                break;
            }
        }
        me->good_of[22] += sys_env_bind(0, id, below(hart_count), uarea) == 0;
    }
    if (below(2) == 0) {
        (void)sys_slot_alloc(0, id, below(hart_count), below(40));
    }
    if (below(2) == 0) {
        (void)exo_yield(id, me->uarea);
    }
}

static void
id_note(int64_t id)
{
    if (id > 0) {
        unsigned at = __atomic_fetch_add(&id_count, 1, __ATOMIC_RELAXED);

        EXPECT(at < IDS, 1);
        ids[at] = (uint64_t)id;
    }
}

/* No entry of a batch takes away what this program prints by: it would end and
   not say why. */
static void
batch_look(uint64_t at, uint64_t count)
{
    const uint64_t *word = me->uarea->batch;

    for (; count > 0 && at < UAREA_BATCH_WORDS; count--) {
        uint64_t number = word[at] % (1 << BATCH_COUNT_SHIFT);
        uint64_t words = word[at] >> BATCH_COUNT_SHIFT;

        if (number >= CALL_MAX || words > 6) {
            break;
        }
        if (number == NUMBER_cap_drop) {
            EXPECT(words > 0 && word[at + 1] > 1, 1);
        }
        at += 1 + words;
    }
}

/* A batch, to its end. What the kernel says of how far it came must fit what
   stands in the words. */
static int64_t
batch_run(uint64_t first, uint64_t count)
{
    static _Thread_local uint64_t before[UAREA_BATCH_WORDS];
    const volatile struct uarea *after = me->uarea;
    int64_t result = -EAGAIN;

    if (first >= UAREA_BATCH_WORDS || count > BATCH_ENTRIES_MAX) {
        return sys_batch(first, count);
    }
    batch_look(first, count);
    memcpy(before, me->uarea->batch, sizeof(before));
    while (result == -EAGAIN) {
        uint64_t start = instructions();
        uint64_t done;

        result = sys_batch(first, count);
        start = instructions() - start;
        if (start > me->longest_of[NUMBER_batch]) {
            me->longest_of[NUMBER_batch] = start;
        }
        done = after->batch_done;
        EXPECT(result >= 0 ? (uint64_t)result == count : done < count, 1);
        EXPECT(result >= 0 ? done == count : true, 1);
        count -= done;
        me->calls += done;
        for (; done > 0; done--) {
            unsigned number = before[first] & (CALL_MAX - 1);

            EXPECT((int64_t)after->batch[first] >= 0, 1);
            me->good_of[number]++;
            if (number == NUMBER_env_create) {
                id_note((int64_t)after->batch[first]);
            } else if (number == NUMBER_code_load) {
                code_note((int64_t)after->batch[first]);
            }
            disk_note(number, (int64_t)after->batch[first]);
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

/* Calls that leave a frame half unbound, or a program half compiled: they are
   finished. */
static bool
again(uint64_t number)
{
    return number == 9 || number == 32 || number == NUMBER_code_step;
}

/* One random call, by this env or the puppet. */
static void
call_random(void)
{
    volatile struct shared *shared = me->shared;
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
    if (by_puppet && below(4) == 0) {
        const uint64_t its[] = {witness.id, witness.uarea, witness.leaf,
                                witness_page, witness.frames[below(3)]};

        a[below(4)] = its[below(5)];
    }
    if (by_puppet && below(40) == 0) {
        number = below(2) && hart_count > 1 ? NUMBER_sleep : CALL_PCT_RETURN;
    }
    /* On one hart nobody would wake it. */
    if (by_puppet && number == NUMBER_sleep_until && hart_count == 1) {
        number = NUMBER_code_load;
        code_arguments(number, a);
    }
    if (by_puppet) {
        shared->number = number;
        for (unsigned i = 0; i < 6; i++) {
            shared->argument[i] = a[i];
        }
        do {
            shared->result = -1000;
            (void)exo_yield(me->puppet.id, me->uarea);
            result = shared->result;
        } while (result == -EAGAIN && again(number));
    } else if (number == NUMBER_batch) {
        result = batch_run(a[0], a[1]);
    } else if (number == NUMBER_sleep_until) {
        result = code_sleep(a);
    } else {
        if (number == 15) {
            batch_fill();
        }
        do {
            before = instructions();
            result = call_raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
            before = instructions() - before;
            if (number < CALL_MAX && before > me->longest_of[number]) {
                me->longest_of[number] = before;
            }
        } while (result == -EAGAIN && again(number));
    }
    if (number < CALL_MAX) {
        me->good_of[number] += result >= 0;
    }
    if (number == NUMBER_code_load) {
        code_note(result);
    }
    if (!by_puppet) {
        disk_note(number, result);
    }
    if (number == 21 && result > 0) {
        id_note(result);
        grow((uint64_t)result);
    }
}

/* A level that does not exist. */
static void
resume_bad(void)
{
    uint64_t level = 4 + below(1000);
    register uint64_t a7 __asm__("a7") = CALL_RESUME;
    register uint64_t t1 __asm__("t1") = level;
    register int64_t a0 __asm__("a0") = 0;

    __asm__ volatile("ecall" : "+r"(a0), "+r"(t1), "+r"(a7)::"t0", "memory");
    EXPECT(a0, -EINVAL);
}

void
nap(uint64_t ticks)
{
    struct uarea *uarea = me->uarea;

    /* Masked: an alarm that is taken before it sleeps would not wake it. */
    uarea->masked = MASKED_INTERRUPT;
    if (sys_alarm(time_now() + ticks, ticks) == 0) {
        (void)exo_sleep(uarea);
    }
    events_take(uarea);
    uarea->masked = 0;
}

/* A transfer to another env, or to itself; or to nobody for a while. */
static void
transfer(void)
{
    uint64_t id = below(8) ? id_pick() : anything();
    uint64_t binding = below(8) ? below(17) : anything();

    switch (below(5)) {
    case 0:
        me->shared->number = CALL_NULL;
        (void)exo_yield(id, me->uarea);
        break;
    case 1:
        (void)fuzz_transfer(binding, me->uarea, CALL_PCT_CALL);
        break;
    case 2:
        (void)fuzz_transfer(binding, me->uarea, CALL_PCT_SEND);
        break;
    case 3:
        /* One hart alone has no slots that it would wake in. */
        if (hart_count > 1) {
            nap(below(1000));
        }
        break;
    default:
        resume_bad();
        break;
    }
}

void
step_random(void)
{
    stream_begin(me->calls);
    switch (below(16)) {
    case 0:
        probe();
        break;
    case 1:
        transfer();
        break;
    default:
        call_random();
    }
    me->calls++;
}
