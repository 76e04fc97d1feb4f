/* SPDX-License-Identifier: MIT */
#include "frame_oracle.h"
#include "kern/abi/error.h"
#include "kern/pt_one.h"

unsigned fence_count;
unsigned partial_count;
unsigned longest_chain;
unsigned one_count;

/* The call that is going on: what was fenced, and the maps that must stand
   until it is. */
static uint64_t fenced;
static struct {
    ppn_t n;
    uint32_t maps;
} held[PT_BATCH_MAX];
static unsigned held_count;

void
hart_fence(uint64_t harts)
{
    CHECK(harts != 0);
    fenced |= harts;
    fence_count++;
    for (unsigned i = 0; i < held_count; i++) {
        CHECK_EQUAL(frame_record(held[i].n)->maps, held[i].maps);
    }
}

void
hold(ppn_t n)
{
    held[held_count].n = n;
    held[held_count++].maps = frame_record(n)->maps;
}

void
hold_drop(void)
{
    held_count = 0;
}

void
call_begin(void)
{
    fenced = 0;
    held_count = 0;
    model_fence = 0;
    hart_alone = chance(50);
}

/* What had to be fenced was, on a hart that is alone at least its own TLB; the
   frames that lost a map are as the model has
   them. */
void
call_end(void)
{
    if (hart_alone) {
        CHECK(model_fence == 0 || fenced == 1);
    } else {
        CHECK_EQUAL(model_fence & ~fenced, 0);
    }
    for (unsigned i = 0; i < held_count; i++) {
        model_compare(held[i].n);
    }
    held_count = 0;
}

/* Tables, found without searching; some may be tables no longer. */
ppn_t tables[TABLES_MAX];
unsigned table_count;

ppn_t
page_table(void)
{
    return table_count == 0 || chance(1) ? page_any(~0u)
                                         : tables[below(table_count)];
}

static struct model_place
place_any(uint64_t count)
{
    struct model_place place = {page_table(), below(500), 0};

    /* Few places, so that they are full now and then. */
    if (chance(90)) {
        place.index = below(24) * 8 + below(2);
    }
    if (chance(1)) {
        place.index = chance(50) ? below(600) : random_next(&oracle_seed);
    }
    if (chance(30)) {
        place.index = 256 - count + below(4);
    }
    place.cap = chance(95) ? 0 : (unsigned)below(MODEL_CAPS + 1);
    return place;
}

static struct pt_place
place_real(struct model_place place)
{
    return (struct pt_place){
        frame_record(place.table), place.index,
        place.cap == MODEL_CAPS ? NULL : &model_caps.entry[place.cap]};
}

int
do_make(void)
{
    ppn_t table = page_any(chance(98) ? MASK(FRAME_DATA) : ~0u);
    ppn_t shadow = page_any(chance(98) ? MASK(FRAME_DATA) : ~0u);
    uint32_t owner = model_page[table].owner;
    uint64_t level = chance(99) ? below(3) : random_next(&oracle_seed);
    int result;

    if (table_count == TABLES_MAX) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < 20 && model_page[shadow].owner != owner; i++) {
        shadow = page_any(MASK(FRAME_DATA));
    }
    result = pt_make(frame_record(table), frame_record(shadow), level, owner);
    CHECK_EQUAL(result, model_make(table, shadow, level, owner));
    model_compare(table);
    model_compare(shadow);
    if (result == 0) {
        tables[table_count++] = table;
    }
    return result;
}

static int
unmake(ppn_t table)
{
    static const char zeroes[FRAME_SIZE];
    ppn_t shadow = model_page[table].shadow;
    uint32_t owner = frame_record(table)->owner;
    int result;

    if (pt_is_table(frame_record(table))) {
        CHECK_EQUAL(pt_unmake(frame_record(table), owner + 1), -EPERM);
    }
    result = pt_unmake(frame_record(table), owner);
    CHECK_EQUAL(result, model_unmake(table));
    model_compare(table);
    if (result == 0) {
        model_compare(shadow);
        CHECK(memcmp(frame_contents(table), zeroes, FRAME_SIZE) == 0);
        CHECK(memcmp(frame_contents(shadow), zeroes, FRAME_SIZE) == 0);
        for (unsigned i = 0; i < table_count; i++) {
            if (tables[i] == table) {
                tables[i] = tables[--table_count];
            }
        }
    }
    return result;
}

int
do_unmake(void)
{
    return unmake(page_table());
}

void
frame_break(ppn_t n)
{
    struct frame *f = frame_record(n);

    for (int result = -EAGAIN; result != 0;) {
        call_begin();
        hold(n);
        result = pt_break(f, f->owner, PT_BATCH_MAX);
        held_count = 0;
        CHECK_EQUAL(result, model_break(n, PT_BATCH_MAX));
        call_end();
    }
    frame_unlock(f);
}

void
table_destroy(ppn_t table)
{
    struct model_place place = {table, 0, MODEL_CAPS};
    struct model_page *p = &model_page[table];
    struct frame *f = frame_record(table);

    for (uint64_t end = p->type == FRAME_TABLE_2 ? 255 : 512; place.index < end;
         place.index += PT_BATCH_MAX) {
        uint64_t count =
            end - place.index < PT_BATCH_MAX ? end - place.index : PT_BATCH_MAX;
        struct pt_place real = place_real(place);

        call_begin();
        CHECK_EQUAL(pt_remove(&real, count), model_remove(place, count));
        call_end();
    }
    frame_break(table);
    p->harts = f->harts = 0;
    p->pins = f->pins = 0;
    model_page[p->shadow].pins = frame_record(p->shadow)->pins = 0;
    CHECK_EQUAL(unmake(table), 0);
}

int
do_destroy(void)
{
    ppn_t table = page_table();

    if (!pt_type_is_table(model_page[table].type) || chance(90)) {
        return -EINVAL;
    }
    table_destroy(table);
    return 0;
}

/* A leaf: mostly to a frame that fits, sometimes to anything. */
static pte_t
leaf_any(ppn_t table)
{
    unsigned level = (unsigned)(model_page[table].type - FRAME_TABLE_0);
    unsigned mask = MASK(FRAME_DATA);
    pte_t entry = PTE_A | (chance(50) ? PTE_W | PTE_D : 0) |
                  (chance(20) ? PTE_X : 0) | (chance(10) ? PTE_HEIR : 0) |
                  (chance(10) ? PTE_SOFTWARE : 0);
    ppn_t n;

    if (chance(8)) {
        mask = MASK_TABLES | MASK(FRAME_ENV) | MASK(FRAME_UAREA);
        entry &= ~(chance(90) ? PTE_W | PTE_X : 0);
    }
    n = page_any(mask);
    for (unsigned i = 0;
         i < 40 && level <= 2 &&
         (model_page[n].order != 9 * level || model_page[n].unscrubbed);
         i++) {
        n = page_any(mask);
    }
    if (chance(30)) {
        /* Few frames, so that some are held by many. */
        for (unsigned i = 0; i < 40; i++) {
            ppn_t few = machine_pages[below(40)];

            if (model_page[few].type == FRAME_DATA &&
                model_page[few].order == 9 * level) {
                n = few;
                break;
            }
        }
    }
    entry |= n << PTE_PPN_SHIFT;
    if (chance(1)) {
        entry ^= (pte_t)1 << below(64);
    }
    if (chance(1)) {
        entry = random_next(&oracle_seed);
    }
    return entry;
}

static unsigned
cap_any(void)
{
    return chance(95) ? 0 : (unsigned)below(MODEL_CAPS);
}

static uint64_t
count_any(void)
{
    return chance(50) ? 1 : chance(98) ? below(PT_BATCH_MAX + 1) : below(100);
}

static struct one_place
place_one(struct model_place place)
{
    return (struct one_place){place.table, place.index,
                              &model_caps.entry[place.cap % MODEL_CAPS]};
}

/* A single entry goes by pt_one.h half of the time, where an env could. */
static bool
one_first(struct model_place place, uint64_t count)
{
    return count == 1 && place.cap != MODEL_CAPS && chance(50);
}

/* `done` is what it said, `expected` whether the call succeeds by the model: it
   declines nothing that is usual. */
static void
one_check(bool done, bool usual, struct model_place place, int expected)
{
    CHECK_EQUAL(done, expected == 1 && usual &&
                          model_page[place.table].type == FRAME_TABLE_0);
    one_count += done;
}

int
do_insert(void)
{
    pte_t entry[100];
    uint64_t count = count_any();
    struct model_place place = place_any(count);
    struct pt_place real = place_real(place);
    struct one_place single = place_one(place);
    unsigned cap = cap_any();
    bool one = one_first(place, count);
    bool done = false;
    int result;

    memset(entry, 0, sizeof(entry));
    for (uint64_t i = 0; i < count; i++) {
        entry[i] = leaf_any(place.table);
    }
    call_begin();
    if (one) {
        done = pt_insert_one(&single, entry[0], &model_caps.entry[cap]);
    }
    result = done ? 1 : pt_insert(&real, count, entry, &model_caps.entry[cap]);
    CHECK_EQUAL(result, model_insert(place, count, entry, cap));
    if (one) {
        one_check(done,
                  result == 1 &&
                      model_page[entry[0] >> PTE_PPN_SHIFT].type == FRAME_DATA,
                  place, result);
    }
    CHECK_EQUAL(fenced, 0);
    model_compare(place.table);
    partial_count += result > 0 && (uint64_t)result < count;
    for (int i = 0; i < result; i++) {
        ppn_t n = entry[i] >> PTE_PPN_SHIFT;

        model_compare(n);
        if (model_page[n].maps > longest_chain) {
            longest_chain = model_page[n].maps;
        }
    }
    return result;
}

int
do_link(void)
{
    struct model_place place = place_any(1);
    struct pt_place real = place_real(place);
    unsigned cap = cap_any();
    ppn_t child = page_table();
    int result;

    for (unsigned i = 0;
         i < 20 && model_page[child].type + 1 != model_page[place.table].type;
         i++) {
        child = page_table();
    }
    result = pt_link(&real, frame_record(child), &model_caps.entry[cap]);
    CHECK_EQUAL(result, model_link(place, child, cap));
    model_compare(place.table);
    model_compare(child);
    return result;
}

int
do_remove(void)
{
    uint64_t count = count_any();
    struct model_place place = place_any(count);
    struct pt_place real = place_real(place);
    struct one_place single = place_one(place);
    const struct model_page *table = &model_page[place.table];
    bool one = one_first(place, count);
    bool done = false;
    int result;

    call_begin();
    for (uint64_t i = place.index;
         i < place.index + count && i < 512 && count <= PT_BATCH_MAX &&
         table->entry != NULL;
         i++) {
        if (table->entry[i] != 0) {
            hold(table->entry[i] >> PTE_PPN_SHIFT);
        }
    }
    if (one) {
        done = pt_remove_one(hart_self(), &single);
    }
    result = done ? 1 : pt_remove(&real, count);
    CHECK_EQUAL(result, model_remove(place, count));
    if (one) {
        one_check(done, true, place, result);
    }
    call_end();
    model_compare(place.table);
    return result;
}

static pte_t
changeable_any(void)
{
    return chance(99) ? random_next(&oracle_seed) & PTE_CHANGEABLE
                      : (pte_t)1 << below(64);
}

int
do_protect(void)
{
    uint64_t count = count_any();
    struct model_place place = place_any(count);
    struct pt_place real = place_real(place);
    struct one_place single = place_one(place);
    pte_t clear = chance(40) ? PTE_W : changeable_any();
    pte_t set = chance(40) ? 0 : chance(50) ? PTE_W | PTE_D : changeable_any();
    unsigned cap = cap_any();
    bool one = one_first(place, count);
    bool done = false;
    bool usual = true;
    int result;

    if (one && place.index < 512 && model_page[place.table].entry != NULL) {
        pte_t old = model_page[place.table].entry[place.index];

        usual = !(set & ~old & (PTE_W | PTE_X)) ||
                model_page[old >> PTE_PPN_SHIFT].type == FRAME_DATA;
    }
    call_begin();
    if (one) {
        done = pt_protect_one(hart_self(), &single, clear, set,
                              &model_caps.entry[cap]);
    }
    result =
        done ? 1 : pt_protect(&real, count, clear, set, &model_caps.entry[cap]);
    CHECK_EQUAL(result, model_protect(place, count, clear, set, cap));
    if (one) {
        one_check(done, usual, place, result);
    }
    call_end();
    model_compare(place.table);
    partial_count += result > 0 && (uint64_t)result < count;
    return result;
}

int
do_copy(void)
{
    uint64_t count = count_any();
    struct model_place from = place_any(count);
    struct model_place to = place_any(count);
    struct pt_place real_from = place_real(from);
    struct pt_place real_to;
    pte_t keep = chance(50) ? PTE_X | PTE_A : changeable_any();
    bool drop = chance(50);
    int result;

    for (unsigned i = 0;
         i < 20 && model_page[from.table].type != model_page[to.table].type;
         i++) {
        to.table = page_table();
    }
    if (chance(10)) {
        to.table = from.table;
    }
    real_to = place_real(to);
    call_begin();
    result = pt_copy(&real_from, &real_to, count, keep, drop);
    CHECK_EQUAL(result, model_copy(from, to, count, keep, drop));
    call_end();
    model_compare(from.table);
    model_compare(to.table);
    partial_count += result > 0 && (uint64_t)result < count;
    return result;
}

int
do_break(void)
{
    unsigned limit = chance(80) ? PT_BATCH_MAX : 1 + (unsigned)below(3);
    ppn_t n = page_any(chance(97) ? MASK(FRAME_DATA) | MASK_TABLES : ~0u);
    struct frame *f = frame_record(n);
    unsigned times = 0;
    int result;

    for (unsigned i = 0; i < 40 && model_page[n].maps == 0; i++) {
        n = page_any(MASK(FRAME_DATA) | MASK_TABLES);
        f = frame_record(n);
    }
    do {
        call_begin();
        hold(n);
        result = pt_break(f, f->owner, limit);
        held_count = 0;
        CHECK_EQUAL(result, model_break(n, limit));
        call_end();
        if (result == 0) {
            CHECK(frame_locked(f));
            frame_unlock(f);
        }
        model_compare(n);
    } while (result == -EAGAIN && (++times < 3 || chance(90)));
    return result;
}

/* The hardware sets A and D of a leaf. */
int
do_hardware(void)
{
    ppn_t table = page_table();
    unsigned index = (unsigned)(below(24) * 8);
    struct model_page *p = &model_page[table];

    if (p->entry != NULL && (p->entry[index] & PTE_R)) {
        pte_t bits = PTE_A | (p->entry[index] & PTE_W ? PTE_D : 0);

        p->entry[index] |= bits;
        ((pte_t *)frame_contents(table))[index] |= bits;
    }
    return 0;
}
