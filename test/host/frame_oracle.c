/* SPDX-License-Identifier: MIT */
/*
 * Random calls to the frame and page-table modules, good and bad, each compared
 * with what the model says: result, records, entries, and which harts were
 * fenced while the maps still stood. A seed repeats a run.
 */
#include "frame_oracle.h"

#include "kern/abi/error.h"
#include "kern/frame_one.h"

static const struct machine_bank banks[] = {{448, 448 + 64 + 4UL * 512 + 128},
                                            {8UL * 512, 9UL * 512}};

struct machine_owner owners[MODEL_OWNERS] = {
    {.id = MODEL_OWNER(0)}, {.id = MODEL_OWNER(1)}, {.id = MODEL_OWNER(2)}};
uint64_t oracle_seed;

/* A page, with luck the head of one of the types of the mask. */
ppn_t
page_any(unsigned mask)
{
    ppn_t n = 0;

    for (unsigned i = 0; i < 64; i++) {
        n = machine_pages[below(machine_page_count)];
        if (mask >> model_page[n].type & 1) {
            break;
        }
    }
    return n;
}

struct frame_list *
list_of(uint32_t owner)
{
    for (unsigned i = 0; i < MODEL_OWNERS; i++) {
        if (owners[i].id == owner) {
            return &owners[i].list;
        }
    }
    return &owners[0].list;
}

uint64_t *
page_word(ppn_t n, unsigned last)
{
    return (uint64_t *)frame_contents(n) + (last ? 511 : 0);
}

/* Who writes had it mapped. */
static void
contents_write(ppn_t n, uint64_t value)
{
    frame_clear_flag(frame_record(n), FRAME_CLEAN);
    model_page[n].clean = false;
    *page_word(n, 0) = value;
    *page_word(n, 1) = value;
}

/* What can be read in a frame that can be mapped is its guard's, or zero. */
static void
contents_check(ppn_t n)
{
    const struct model_page *p = &model_page[n];
    ppn_t page = n + below((uint64_t)1 << p->order);

    if (p->type == FRAME_DATA && !p->unscrubbed) {
        for (unsigned last = 0; last < 2; last++) {
            uint64_t word = *page_word(page, last);

            CHECK(word == 0 || (word == p->guard + 1u && !p->clean));
        }
    }
}

/* By the short way, which has no excuse where a page is at hand, or by the
   other. */
static int
take_either(struct machine_owner *owner, unsigned guard, uint64_t order,
            ppn_t wanted, ppn_t *taken)
{
    ppn_t page = wanted != 0 ? wanted : frame_lists.free[0];
    bool at_hand =
        page != 0 && page < FRAME_LIMIT &&
        (frame_record(page)->state & 0xffff) == FRAME_STATE(FRAME_FREE, 0);
    bool tried = order == 0 && chance(50);
    int result;

    if (tried && frame_take_one(&owner->list, owner->id, &model_guard[guard],
                                wanted, taken)) {
        return 0;
    }
    result = frame_take(&owner->list, owner->id, &model_guard[guard], order,
                        wanted, taken);
    CHECK(!tried || !at_hand || result < 0);
    return result;
}

/* The same; the short way also refuses who is not the owner. */
static int
return_either(ppn_t n)
{
    struct frame *f = frame_record(n);
    uint32_t owner = f->owner;
    bool tried = chance(50);
    int result;

    if (tried) {
        CHECK(!frame_return_one(list_of(owner), owner + 1, n));
        if (frame_return_one(list_of(owner), owner, n)) {
            return 0;
        }
    }
    frame_lock(f);
    result = frame_return(list_of(owner), f);
    CHECK(!tried || result < 0 || f->order > 0);
    return result;
}

static int
do_take(void)
{
    struct machine_owner *owner = &owners[below(MODEL_OWNERS)];
    uint64_t order = chance(88) ? 0 : chance(80) ? 9 : below(20);
    unsigned guard = (unsigned)below(MODEL_GUARDS - 1);
    ppn_t wanted = chance(60) ? 0 : page_any(MASK(FRAME_FREE));
    ppn_t taken = 0;
    int result;

    /* Memory stays half free, so that there is something to split and join. */
    if (wanted != 0 && order > 0 && chance(90)) {
        wanted &= ~(((ppn_t)1 << order) - 1);
    }
    if (chance(1)) {
        wanted = random_next(&oracle_seed) >> below(60);
    }
    result = take_either(owner, guard, order, wanted, &taken);
    CHECK_EQUAL(result, model_take(owner->id, guard, order, wanted, taken));
    if (result == 0) {
        model_compare(taken);
        contents_check(taken);
    }
    return result;
}

static int
do_return(void)
{
    ppn_t n = page_any(chance(95) ? MASK(FRAME_DATA) : ~0u);
    struct frame *f = frame_record(n);
    int result;

    result = return_either(n);
    CHECK(!frame_locked(f));
    CHECK_EQUAL(result, model_return(n));
    model_compare(n);
    if (result == 0 && model_page[n].order == 0 && chance(30) &&
        model_has_room(&model_account[0], 0, 1)) {
        /* Taken again at once it is the same one, and needs no scrub. */
        unsigned guard = model_page[n].guard;
        ppn_t taken;

        if (guard < MODEL_GUARDS - 1) {
            bool dirty = model_page[n].unscrubbed;

            CHECK_EQUAL(frame_take(&owners[0].list, owners[0].id,
                                   &model_guard[guard], 0, 0, &taken),
                        0);
            CHECK_EQUAL(taken, n);
            CHECK_EQUAL(model_take(owners[0].id, guard, 0, 0, taken), 0);
            CHECK_EQUAL(model_page[n].unscrubbed, dirty);
            model_compare(n);
        }
    }
    return result;
}

/* It kept its contents, which are the new guard's from now on. */
void
contents_guard(ppn_t n, unsigned guard)
{
    for (ppn_t i = n; i < n + ((ppn_t)1 << model_page[n].order); i++) {
        if (!model_page[n].unscrubbed && *page_word(i, 0) != 0) {
            contents_write(i, guard + 1);
        }
    }
}

static int
do_guard(void)
{
    ppn_t n = page_any(chance(95) ? MASK(FRAME_DATA) : ~0u);
    unsigned guard = (unsigned)below(MODEL_GUARDS - 1);
    struct frame *f = frame_record(n);
    int result;

    frame_lock(f);
    result = frame_set_guard(f, &model_guard[guard]);
    frame_unlock(f);
    CHECK_EQUAL(result, model_set_guard(n, guard));
    if (result == 0) {
        contents_guard(n, guard);
    }
    model_compare(n);
    return result;
}

static int
do_scrub(void)
{
    ppn_t n = page_any(chance(95) ? MASK(FRAME_DATA) : ~0u);
    struct frame *f = frame_record(n);
    int result;
    int expected;

    do {
        frame_lock(f);
        result = frame_scrub(f);
        frame_unlock(f);
        expected = model_scrub(n);
        CHECK_EQUAL(result, expected);
        model_compare(n);
    } while (result == -EAGAIN && !chance(5));
    if (result == 0) {
        CHECK_EQUAL(*page_word(n, 0), 0);
        contents_check(n);
    }
    return result;
}

static int
do_write(void)
{
    ppn_t n = page_any(MASK(FRAME_DATA));
    const struct model_page *p = &model_page[n];

    if (p->type == FRAME_DATA && !p->unscrubbed) {
        contents_check(n);
        contents_write(n + below((uint64_t)1 << p->order), p->guard + 1u);
    }
    return 0;
}

static void
join_check(int result, int expected)
{
    if (expected == MODEL_EITHER) {
        CHECK(result == -EINVAL || result == -EBUSY);
    } else {
        CHECK_EQUAL(result, expected);
    }
}

/* A frame of order 9: splits it, and after a while joins it. */
static int
do_split(void)
{
    ppn_t n = page_any(chance(90) ? MASK(FRAME_DATA) : ~0u);
    uint32_t owner = chance(95) ? model_page[n].owner : 11;
    int result;

    for (unsigned i = 0; i < 100 && model_page[n].order != 9; i++) {
        n = page_any(MASK(FRAME_DATA));
        owner = model_page[n].owner;
    }
    result = frame_split(list_of(owner), owner, frame_record(n));
    CHECK_EQUAL(result, model_split(owner, n));
    model_compare(n);
    if (result == 0 && chance(70)) {
        ppn_t odd = n + below(512);

        if (chance(50)) {
            struct frame *f = frame_record(odd);

            frame_lock(f);
            switch (below(3)) {
            case 0:
                f->pins++;
                model_page[odd].pins++;
                break;
            case 1:
                CHECK_EQUAL(frame_set_guard(f, &model_guard[2]), 0);
                model_page[odd].guard = 2;
                for (unsigned i = 0; i < 2; i++) {
                    *page_word(odd, i) = *page_word(odd, i) != 0 ? 3 : 0;
                }
                break;
            default:
                (void)frame_scrub(f);
                (void)model_scrub(odd);
                break;
            }
            frame_unlock(f);
        }
        do {
            result = frame_join(list_of(owner), owner, frame_record(n));
        } while (result == -EAGAIN);
        join_check(result, model_join(owner, n));
        frame_record(odd)->pins = 0;
        model_page[odd].pins = 0;
        for (ppn_t i = n; i < n + 512; i++) {
            model_compare(i);
        }
    }
    return result;
}

static int
do_join(void)
{
    ppn_t n = page_any(MASK(FRAME_DATA));
    uint32_t owner = model_page[n].owner;
    int result;

    if (chance(90)) {
        n &= ~(ppn_t)511;
    }
    if (model_head(n) == 0) {
        return 0;
    }
    do {
        result = frame_join(list_of(owner), owner, frame_record(n));
    } while (result == -EAGAIN);
    join_check(result, model_join(owner, n));
    model_compare(n);
    return result;
}

/* Brings as much as it can of 512 pages in a row under one owner and guard, and
   joins them if that was all of it. */
static int
do_gather(void)
{
    ppn_t first = page_any(~0u) & ~(ppn_t)511;
    struct machine_owner *owner = &owners[below(MODEL_OWNERS)];
    unsigned guard = (unsigned)below(MODEL_GUARDS - 1);
    int result;

    if (chance(97) || model_head(first) == 0) {
        return -EINVAL;
    }
    for (ppn_t n = first; n < first + 512; n++) {
        if (pt_type_is_table(model_page[n].type)) {
            table_destroy(n);
        } else if (model_page[n].type == FRAME_SHADOW) {
            table_destroy(model_page[n].shadow);
        }
    }
    for (ppn_t n = first; n < first + 512; n++) {
        struct model_page *p = &model_page[n];
        struct frame *f = frame_record(n);
        ppn_t taken;

        if (p->type >= FRAME_DATA && p->order == 0) {
            frame_break(n);
            p->pins = f->pins = 0;
            p->type = FRAME_DATA;
            f->type = FRAME_DATA;
        }

        if (p->type == FRAME_FREE && p->order == 0) {
            CHECK_EQUAL(frame_take(&owner->list, owner->id, &model_guard[guard],
                                   0, n, &taken),
                        model_take(owner->id, guard, 0, n, n));
        } else if (p->type == FRAME_DATA && p->order == 0 && !model_busy(n)) {
            frame_lock(f);
            CHECK_EQUAL(
                frame_give(list_of(f->owner), &owner->list, owner->id, &f, 1),
                model_give(n, owner->id));
            CHECK_EQUAL(frame_set_guard(f, &model_guard[guard]), 0);
            frame_unlock(f);
            CHECK_EQUAL(model_set_guard(n, guard), 0);
            for (unsigned i = 0; i < 2 && !p->unscrubbed; i++) {
                *page_word(n, i) = *page_word(n, i) != 0 ? guard + 1u : 0;
            }
        }
    }
    do {
        result = frame_join(&owner->list, owner->id, frame_record(first));
    } while (result == -EAGAIN);
    join_check(result, model_join(owner->id, first));
    for (ppn_t n = first; n < first + 512; n++) {
        model_compare(n);
    }
    return result;
}

static int
do_pin(void)
{
    ppn_t n = page_any(MASK(FRAME_DATA) | MASK_TABLES | MASK(FRAME_SHADOW));
    struct model_page *p = &model_page[n];

    if (p->type >= FRAME_DATA) {
        p->pins ^= 1;
        frame_record(n)->pins = p->pins;
    }
    return 0;
}

/* What env.c does: other types, and harts that run a root. */
static int
do_env(void)
{
    ppn_t n =
        chance(50)
            ? page_any(MASK(FRAME_DATA) | MASK(FRAME_UAREA) | MASK(FRAME_ENV))
            : page_table();
    struct model_page *p = &model_page[n];

    if (p->type == FRAME_TABLE_2) {
        p->harts = chance(30) ? 0 : below(16);
        frame_record(n)->harts = p->harts;
    } else if (p->type >= FRAME_DATA && !pt_type_is_table(p->type) &&
               p->type != FRAME_SHADOW && p->order == 0 && !p->unscrubbed &&
               !model_busy(n)) {
        p->type = (uint8_t)(chance(60)   ? FRAME_DATA
                            : chance(50) ? FRAME_UAREA
                                         : FRAME_ENV);
        contents_write(n, 0);
        frame_become(frame_record(n), p->type);
    }
    return 0;
}

struct operation {
    const char *name;
    int (*run)(void);
    unsigned weight;
    bool compound; /* several calls: an error may come after a success */
    uint64_t done;
    uint64_t good;
};

static struct operation operations[] = {
    {"take", do_take, 14, false, 0, 0},
    {"return", do_return, 10, true, 0, 0},
    {"guard", do_guard, 2, false, 0, 0},
    {"give", do_give, 2, false, 0, 0},
    {"release", do_release, 6, true, 0, 0},
    {"die", do_die, 1, false, 0, 0},
    {"set guard", do_set_guard, 3, true, 0, 0},
    {"idle", do_idle, 1, false, 0, 0},
    {"carve", do_carve, 2, false, 0, 0},
    {"close", do_close, 2, false, 0, 0},
    {"charge", do_charge, 2, false, 0, 0},
    {"scrub", do_scrub, 12, true, 0, 0},
    {"write", do_write, 4, false, 0, 0},
    {"split", do_split, 1, true, 0, 0},
    {"join", do_join, 1, false, 0, 0},
    {"gather", do_gather, 1, true, 0, 0},
    {"pin", do_pin, 1, false, 0, 0},
    {"env", do_env, 4, false, 0, 0},
    {"make", do_make, 2, false, 0, 0},
    {"unmake", do_unmake, 2, false, 0, 0},
    {"destroy", do_destroy, 1, true, 0, 0},
    {"insert", do_insert, 24, false, 0, 0},
    {"link", do_link, 6, false, 0, 0},
    {"remove", do_remove, 12, false, 0, 0},
    {"protect", do_protect, 10, false, 0, 0},
    {"copy", do_copy, 12, false, 0, 0},
    {"break", do_break, 3, true, 0, 0},
    {"hardware", do_hardware, 4, false, 0, 0},
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static struct operation *
operation_any(void)
{
    unsigned total = 0;
    uint64_t at;

    for (unsigned i = 0; i < OPERATIONS; i++) {
        total += operations[i].weight;
    }
    at = below(total);
    for (unsigned i = 0;; i++) {
        if (at < operations[i].weight) {
            return &operations[i];
        }
        at -= operations[i].weight;
    }
}

/* All that a call could change: records, tables and their shadows. */
static struct frame *image_records;
static char *image_tables;

static void
image_take(void)
{
    for (unsigned i = 0; i < machine_page_count; i++) {
        image_records[i] = *frame_record(machine_pages[i]);
    }
    for (unsigned i = 0; i < table_count; i++) {
        if (model_page[tables[i]].entry != NULL) {
            memcpy(image_tables + (size_t)i * 2 * FRAME_SIZE,
                   frame_contents(tables[i]), FRAME_SIZE);
            memcpy(image_tables + (i * 2 + 1) * FRAME_SIZE,
                   frame_contents(model_page[tables[i]].shadow), FRAME_SIZE);
        }
    }
}

static void
image_compare(bool join)
{
    for (unsigned i = 0; i < machine_page_count; i++) {
        struct frame now = *frame_record(machine_pages[i]);

        if (join) { /* which may put the owner's list in another order */
            now.next = image_records[i].next;
            now.previous = image_records[i].previous;
        }
        CHECK(memcmp(&image_records[i], &now, sizeof(now)) == 0);
    }
    for (unsigned i = 0; i < table_count; i++) {
        if (model_page[tables[i]].entry != NULL) {
            CHECK(memcmp(image_tables + (size_t)i * 2 * FRAME_SIZE,
                         frame_contents(tables[i]), FRAME_SIZE) == 0);
            CHECK(memcmp(image_tables + (i * 2 + 1) * FRAME_SIZE,
                         frame_contents(model_page[tables[i]].shadow),
                         FRAME_SIZE) == 0);
        }
    }
}

static void
check_all(void)
{
    machine_check(owners, MODEL_OWNERS, true);
    model_compare_all();
    accounts_compare();
}

int
main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000;

    oracle_seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 20260101;
    printf("seed %#llx\n", (unsigned long long)oracle_seed);
    (void)fflush(stdout);
    machine_init(banks, sizeof(banks) / sizeof(banks[0]));
    model_init();
    accounts_init();
    machine_owners = owners;
    machine_owner_count = MODEL_OWNERS;
    image_records = calloc(machine_page_count, sizeof(*image_records));
    image_tables = calloc((size_t)TABLES_MAX * 2, FRAME_SIZE);
    CHECK(image_records != NULL && image_tables != NULL);
    check_all();
    for (unsigned long i = 0; i < count; i++) {
        struct operation *operation = operation_any();
        bool image = i % 256 == 0 && !operation->compound;
        int result;

        check_subject = operation->name;
        if (image) {
            image_take();
        }
        result = operation->run();
        operation->done++;
        operation->good += result >= 0;
        if (image && result < 0 && result != -EAGAIN) {
            image_compare(operation->run == do_join);
        }
        if (i % 1000 == 999) {
            check_all();
        }
    }
    check_all();
    for (unsigned i = 0; i < OPERATIONS; i++) {
        printf("%-9s %8llu calls, %8llu succeeded\n", operations[i].name,
               (unsigned long long)operations[i].done,
               (unsigned long long)operations[i].good);
    }
    printf("fences %u, partial batches %u, links of one frame at most %u, "
           "single changes %u\n",
           fence_count, partial_count, longest_chain, one_count);
    free(image_records);
    free(image_tables);
    return 0;
}
