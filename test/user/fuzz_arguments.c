/* SPDX-License-Identifier: MIT */
/*
 * Arguments for random calls: frames of the pool by what they are, tables, ids,
 * capabilities, and numbers that are nothing of the kind.
 */
#include "test/user/fuzz.h"

#include <string.h>

struct worker workers[INFORMATION_HARTS];
_Thread_local struct worker *me;
unsigned hart_count;
uint64_t seed;
uint64_t base[LARGE + 1];
uint64_t ids[IDS];
unsigned id_count;
struct child witness;
uint64_t witness_page;

uint64_t
argument(const char *name, uint64_t without)
{
    const char *text =
        ((const struct information *)INFORMATION_BOOT)->arguments;
    const char *found = strstr(text, name);

    return found != NULL ? strtoul(found + strlen(name), NULL, 10) : without;
}

/* Streams must not be shifted copies of one another: they begin at places that
   a multiplication has torn apart (the finaliser of splitmix64). */
void
stream_begin(uint64_t number)
{
    uint64_t z = seed + (number * INFORMATION_HARTS + me->hart + 1) *
                            0x9e3779b97f4a7c15UL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
    z ^= z >> 31;
    me->stream = z != 0 ? z : 1;
}

uint64_t
random64(void)
{
    uint64_t *state = &me->stream;

    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1dUL;
}

uint64_t
below(uint64_t limit)
{
    return (random64() >> 32) % limit;
}

const volatile struct frame *
record(uint64_t number)
{
    return (const volatile struct frame *)INFORMATION_FRAMES + number;
}

uint64_t
pool_page(unsigned i)
{
    return base[i / 512] + i % 512;
}

bool
in_pool(uint64_t number)
{
    for (unsigned i = 0; i <= LARGE; i++) {
        if (number - base[i] < 512) {
            return true;
        }
    }
    return false;
}

/* A page of the pool, if possible of one of those types. The first few are
   taken more often, so that what is done to one frame meets. */
uint64_t
frame_pick(unsigned types)
{
    uint64_t number = base[0];

    for (unsigned i = 0; i < 16; i++) {
        number = pool_page((unsigned)below(below(2)   ? 40
                                           : below(4) ? SMALL
                                                      : PAGES));
        if (types >> record(number)->type & 1) {
            break;
        }
    }
    return number;
}

/* The same, mostly one that this env owns and nothing holds. */
uint64_t
idle_pick(unsigned types)
{
    uint64_t number = frame_pick(types);

    for (unsigned i = 0; i < 20; i++) {
        const volatile struct frame *f = record(number);

        if (f->maps == 0 && f->pins == 0 && f->order == 0 &&
            f->owner == exo_id) {
            break;
        }
        number = frame_pick(types);
    }
    return number;
}

static uint64_t
table_pick(void)
{
    return below(10) == 0 ? exo_root : frame_pick(ANY_TABLE);
}

uint64_t
id_pick(void)
{
    uint64_t puppet = workers[below(hart_count)].puppet.id;
    unsigned count = __atomic_load_n(&id_count, __ATOMIC_RELAXED);

    switch (below(6)) {
    case 0:
        return exo_id;
    case 1:
        return puppet;
    case 2:
        return puppet - 1 + below(3);
    default:
        return count > 0 ? ids[below(count < IDS ? count : IDS)] : 0;
    }
}

/* A page that is the kernel's, firmware's, or none. */
static uint64_t
kernel_page(void)
{
    uint64_t number = 0x80000 + below(0x1000);

    return record(number)->type < FRAME_FREE ? number : 0x80000;
}

uint64_t
time_now(void)
{
    uint64_t now;

    __asm__ volatile("rdtime %0" : "=r"(now));
    return now;
}

uint64_t
anything(void)
{
    switch (below(11)) {
    case 0:
        return below(4);
    case 1:
        return below(80);
    case 2:
        return (uint64_t)1 << below(64);
    case 3:
        return ~(uint64_t)0 >> below(64);
    case 4:
        return ~(uint64_t)0 << below(64);
    case 5:
        return random64();
    case 6:
        return id_pick();
    case 7:
        return kernel_page();
    case 8:
        return me->puppet.uarea;
    case 9:
        return 0x10000 + below(16); /* a device's */
    default:
        return frame_pick(~0u);
    }
}

static uint64_t
cap_pick(void)
{
    switch (below(8)) {
    case 0:
        return below(70);
    case 1:
        return CAP_CHILD;
    default:
        return 0;
    }
}

static uint64_t
caps_pick(void)
{
    return cap_pick() | cap_pick() << 8;
}

static uint64_t
index_pick(void)
{
    return below(2) ? below(8) : below(520);
}

/* Of pt_map: sometimes with another place of its words. */
static uint64_t
map_count_pick(void)
{
    uint64_t count = below(3) ? below(3) + 1 : below(66);

    return below(8) ? count : count | below(330) << 16;
}

static uint64_t
count_pick(void)
{
    return below(3) ? below(3) + 1 : below(66);
}

void
batch_fill(void)
{
    for (unsigned i = 0; i < 66; i++) {
        me->uarea->batch[i] = below(16) == 0
                                  ? anything()
                                  : frame_pick(IS(FRAME_DATA) | IS(FRAME_ENV) |
                                               IS(FRAME_UAREA) | ANY_TABLE)
                                            << 10 |
                                        (random64() & 0x3c6) | AD;
    }
}

uint64_t
number_pick(void)
{
    static const uint8_t numbers[] = {
        2,  3,  4,  5,  6,  7,  8,  8,  8,  9,  9,  10, 10, 11, 12, 13, 13, 13,
        14, 14, 15, 15, 15, 15, 16, 16, 16, 17, 18, 18, 19, 19, 19, 21, 21, 22,
        22, 22, 23, 24, 25, 25, 25, 29, 30, 31, 31, 9,  9,  32, 32, 33, 34, 35,
        36, 37, 39, 40, 41, 44, 42, 43, 45, 45, 46, 47, 48, 49, 50, 50, 51, 52,
        52, 53, 53, 54, 54, 55, 56, 57, 57, 57, 58, 58, 58, 59, 59, 60};

    uint64_t number = numbers[below(sizeof(numbers))];

    /* On several harts a code fence takes as long as fifty other calls, and
       what changes pages of code fences, too; who sleeps takes even longer. */
    return (number == 35 || (number >= 47 && number <= 50)) && hart_count > 1 &&
                   below(16)
               ? 41
               : number;
}

/* Where the entries of most batches begin. */
#define BATCH_FIRST 66

/* One entry at word `at` of a batch that begins at `first`; the word behind it.
   An argument that is left out is zero, which must be as tame as any. */
static uint64_t
entry_make(uint64_t at, uint64_t first)
{
    uint64_t number = number_pick();
    uint64_t count = 6;
    uint64_t a[6];

    /* No batch in a batch; and the words that calls on disks write and name
       must not be entries. */
    if (number == NUMBER_batch ||
        (number >= NUMBER_disk_type && first < BATCH_FIRST)) {
        number = 0;
    }
    for (unsigned i = 0; i < 6; i++) {
        a[i] = anything();
    }
    arguments_likely(number, a);
    arguments_tame(number, a, false);
    if (below(4) == 0) {
        uint64_t left = below(6);
        uint64_t b[6] = {0};

        memcpy(b, a, left * sizeof(a[0]));
        arguments_tame(number, b, false);
        for (count = 6; count > left && b[count - 1] == 0; count--) {
        }
        memcpy(a, b, sizeof(a));
    }
    me->uarea->batch[at++] = BATCH_HEADER(number, count);
    for (unsigned i = 0; i < count && at < UAREA_BATCH_WORDS; i++) {
        me->uarea->batch[at++] = a[i];
    }
    if (below(30) == 0) { /* a header that is none: no call is made */
        me->uarea->batch[at - 1 - count] |= (uint64_t)1 << (19 + below(45));
    }
    return at;
}

uint64_t
batch_make(uint64_t *first)
{
    uint64_t at = below(4) ? BATCH_FIRST : below(UAREA_BATCH_WORDS);
    uint64_t wanted = below(40);
    uint64_t made = 0;

    batch_fill();
    *first = at;
    while (made < wanted && at + 7 <= UAREA_BATCH_WORDS) {
        at = entry_make(at, *first);
        made++;
    }
    /* Behind the last entry stand words that nobody has tamed. */
    if (at < UAREA_BATCH_WORDS) {
        me->uarea->batch[at] = CALL_MAX;
    }
    return below(8) ? made : below(70);
}

/* Arguments that the call may well accept. */
void
arguments_likely(uint64_t number, uint64_t a[6])
{
    const unsigned data = IS(FRAME_DATA);

    a[0] = cap_pick();
    switch (number) {
    case 5: /* cap_derive */
        a[1] = below(70);
        a[2] = below(2) ? 0 : below(0x8002);
        a[3] = below(34);
        break;
    case 6: /* cap_fresh */
        a[1] = below(70);
        break;
    case 8: /* frame_alloc */
        a[1] = below(8) ? 0 : below(19);
        a[2] = frame_pick(IS(FRAME_FREE));
        break;
    case 9: /* frame_free, scrub, split, join */
    case 10:
    case 11:
    case 12:
        a[0] = below(3) ? idle_pick(data) : base[below(LARGE + 1)];
        if (number == 9) {
            a[0] = below(2) ? a[0] : frame_pick(data);
            a[1] = below(2);
        }
        break;
    case 13: /* pt_make */
        a[0] = idle_pick(data);
        a[1] = idle_pick(data);
        a[2] = below(4);
        break;
    case 14: /* pt_unmake */
        a[0] = table_pick();
        break;
    case 15: /* pt_map, unmap */
    case 17:
        a[0] = caps_pick();
        a[1] = table_pick();
        a[2] = index_pick();
        a[3] = number == 15 ? map_count_pick() : count_pick();
        break;
    case 16: /* pt_link */
        a[0] = caps_pick();
        a[1] = table_pick();
        a[2] = index_pick();
        a[3] = frame_pick(below(2) ? IS(FRAME_TABLE_0) : IS(FRAME_TABLE_1));
        break;
    case 18: /* pt_protect */
        a[0] = caps_pick();
        a[1] = table_pick();
        a[2] = index_pick();
        a[3] = count_pick();
        a[4] = random64() & 0x3cc;
        a[5] = random64() & 0x3cc;
        break;
    case 19: /* pt_copy */
        a[0] = caps_pick();
        a[1] = table_pick();
        a[2] = below(2) ? a[1] : table_pick();
        a[3] = index_pick() | index_pick() << 16;
        a[4] = count_pick();
        a[5] = (random64() & 0x3cc) | below(2) << 63;
        break;
    case 21: /* env_create */
        a[1] = idle_pick(data);
        a[2] = idle_pick(data);
        a[3] = idle_pick(IS(FRAME_TABLE_2));
        a[4] = below(2) ? 0 : below(40);
        break;
    case 22: /* env_bind: the version word is there since the start */
        a[1] = id_pick();
        a[2] = below(hart_count + 1);
        a[3] = frame_pick(data);
        for (unsigned i = 0; i < 100 && record(a[3])->owner != a[1]; i++) {
            a[3] = frame_pick(data);
        }
        break;
    case 23: /* env_destroy */
        a[1] = id_pick();
        break;
    case 24: /* cap_grant */
        a[1] = cap_pick();
        a[2] = id_pick();
        a[3] = below(70);
        a[4] = below(34);
        break;
    case 25: /* frame_give */
        a[1] = frame_pick(data | ANY_TABLE);
        a[2] = id_pick();
        break;
    case 31: /* batch */
        a[0] = a[1] = 0;
        break;
    case 32: /* frame_set_guard */
        a[1] = cap_pick();
        a[2] = frame_pick(data | ANY_TABLE);
        break;
    case 34: /* account_close */
        a[0] = below(40);
        break;
    case 30: /* gate_bind */
        a[1] = id_pick();
        a[2] = below(9);
        a[3] = below(17);
        break;
    case 36: /* slot_alloc, slot_free: few of one hart, so that they meet */
    case 37:
        a[1] = id_pick();
        a[2] = below(hart_count + 1);
        a[3] = below(2) ? below(40) : below(1030);
        break;
    case 39: /* alarm: never, past, or soon */
        a[0] = below(3) == 0 ? ~(uint64_t)0 : time_now() * below(2);
        a[0] += a[0] + 1 > 1 ? below(20000) : 0;
        break;
    case 40: /* notify */
        a[0] = below(17);
        a[1] = below(2) ? GATE_HART_ANY : below(9);
        break;
    case 44: /* pct_cancel */
        a[0] = id_pick();
        break;
    case 42: /* revoke: by name, or a few */
        a[1] = id_pick();
        a[2] = below(4) == 0 ? RESOURCE_SLOT : RESOURCE_FRAME;
        a[3] = below(3) == 0           ? REVOKE_ANY
               : a[2] == RESOURCE_SLOT ? below(hart_count) << 16 | below(40)
                                       : frame_pick(data | ANY_TABLE);
        a[4] = a[3] != REVOKE_ANY ? 1 : below(30);
        a[5] = below(3) == 0 ? ~(uint64_t)0 : time_now() * below(2);
        a[5] += a[5] + 1 > 1 ? below(TAKE_TICKS) : 0;
        if (a[2] == RESOURCE_FRAME && a[3] != REVOKE_ANY) {
            a[1] = record(a[3])->owner;
        }
        break;
    case 43: /* repossess */
        a[1] = id_pick();
        break;
    case 45: /* frame_mark */
        a[0] = frame_pick(data | ANY_TABLE);
        a[1] = below(4) ? 1 : below(66);
        a[2] = below(3);
        a[3] = below(2) ? 0 : idle_pick(data);
        break;
    case 46: /* guarantee */
        a[0] = (FREE_ROOT + below(FREE_ROOT_END - FREE_ROOT)) << 30 |
               below(4) << 21 | below(8) << 12;
        break;
    case 47: /* code_load, code_step, release, sleep_until */
    case 48:
    case 49:
    case 50:
        if (number == 49 && below(2)) {
            disk_arguments(number, a);
        } else {
            code_arguments(number, a);
        }
        break;
    default:
        if (number >= NUMBER_disk_type && number <= NUMBER_disk_recover) {
            disk_arguments(number, a);
        }
        break;
    }
}

/* What would end the test, or what it stands on. */
void
arguments_tame(uint64_t number, uint64_t a[6], bool puppets)
{
    switch (number) {
    case 2: /* console_write, console_read, machine_exit */
    case 3:
    case 4:
        a[0] = CAP_LIST_ENTRIES + (a[0] & 1);
        break;
    case 7: /* cap_drop */
        a[0] = a[0] < 2 ? 2 : a[0];
        break;
    case 8: /* frame_alloc: only the pool's, or none */
        if (a[2] == 0 || (a[2] < RECORDS && !in_pool(a[2]) &&
                          record(a[2])->type >= FRAME_FREE)) {
            a[2] = base[0];
        }
        break;
    case 9: /* frame_free, frame_set_guard: not what the program lies in */
    case 32:
        number = number == 9 ? 0 : 2;
        if (a[number] < RECORDS && !in_pool(a[number]) &&
            record(a[number])->type >= FRAME_FREE) {
            a[number] = base[0];
        }
        break;
    case 33: /* account_carve: little */
        a[0] %= 9;
        a[1] %= 9;
        break;
    case 15: /* the program's own half of its root */
    case 16:
    case 17:
    case 18:
        if (a[1] == exo_root) {
            a[2] = FREE_ROOT + a[2] % (FREE_ROOT_END - FREE_ROOT);
            if (number != 16) {
                a[3] = (a[3] & ~0xffffUL) | (a[3] & 0xffff) % 54;
            }
        }
        break;
    case 19:
        if (a[1] == exo_root || a[2] == exo_root) {
            a[3] = FREE_ROOT + (a[3] & 0x7f) +
                   ((FREE_ROOT + (a[3] >> 16 & 0x7f)) << 16);
            a[4] %= 100;
        }
        break;
    case 22: /* env_bind: this program runs on its harts already */
        if (a[1] == exo_id) {
            a[2] %= hart_count;
        }
        break;
    case 37: /* slot_free: every eighth is what it runs by */
        if (a[1] == exo_id || a[1] == witness.id) {
            a[1] = exo_id;
            a[3] |= 1;
        }
        break;
    case 29: { /* gate_set */
        void fuzz_gate(void);

        a[1] = below(9);
        a[2] = below(4) || puppets ? (uint64_t)fuzz_gate : 0;
        if (below(4) == 0) {
            a[2] = GATE_NOTIFY;
        }
        break;
    }
    case 42: /* revoke: of this program only what is named, of the pool; and
                soon, for the checks wait for that; of the witness nothing */
        a[1] = a[1] == witness.id ? exo_id : a[1];
        if (a[1] == exo_id && (a[2] != RESOURCE_FRAME || !in_pool(a[3]))) {
            a[2] = RESOURCE_FRAME;
            a[3] = pool_page((unsigned)below(PAGES));
            a[4] = 1;
        }
        if (a[1] == exo_id || a[5] + 1 != 0) {
            uint64_t last = time_now() + TAKE_TICKS;

            a[5] = a[5] < last ? a[5] : last;
        }
        break;
    case 31: /* batch: entries that are tame themselves */
        if (!puppets && a[0] < UAREA_BATCH_WORDS && a[1] <= BATCH_ENTRIES_MAX) {
            a[1] = batch_make(&a[0]);
        }
        break;
    case 53: /* disk_read, disk_write, disk_change, registry_read */
    case 54:
    case 57:
    case 58:
        disk_tame(number, a, puppets);
        break;
    default:
        break;
    }
}
