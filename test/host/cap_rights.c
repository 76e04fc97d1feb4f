/* SPDX-License-Identifier: MIT */
/*
 * What each operation needs: every set of rights and every length of the
 * source, with every kind of good and bad argument. The expected outcome is
 * worked out anew from kern/cap.h; an error leaves the lists bit for bit as
 * they were. Also the serials at their limits, and the bits of a PTE.
 */
#include "kern/abi/error.h"
#include "test/host/cap_model.h"
#include "test/host/check.h"

#define SEED 0x6361707269676874ULL
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n) ((uint64_t)1 << (n))

/* The list under test: the source, and an occupied entry. */
#define SOURCE 5
#define OTHER 9
static const uint64_t from_values[] = {
    SOURCE, 6, 64, 64 + SOURCE, BIT(32) | SOURCE, UINT64_MAX,
};
static const uint64_t to_values[] = {
    7, 0, 63, SOURCE, OTHER, 64, BIT(32) | 7, UINT64_MAX,
};
static const uint64_t component_values[] = {
    0,      1,       0x7fff,  0x8000,  0x8001,      0xfffe,
    0xffff, 0x10000, 0x10001, BIT(32), BIT(63) | 1, UINT64_MAX,
};
static const uint64_t keep_values[] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,   10,      11,
    12, 13, 14, 15, 16, 17, 18, 19, 20, 21,  22,      23,
    24, 25, 26, 27, 28, 29, 30, 31, 32, 255, BIT(32), UINT64_MAX,
};

static struct cap_list list;
static struct cap_list before;
static struct cap_list far_list; /* the receiver's, for grants */
static struct cap_list far_before;
static unsigned long succeeded;
static unsigned long refused;

static void
lists_build(const struct model_cap *source)
{
    struct model_cap other = {
        .held = true, .length = 1, .component = {77}, .rights = CAP_READ};

    model_build(&far_list, OTHER, &other);
    model_build(&list, SOURCE, source);
    list.entry[OTHER] = far_list.entry[OTHER];
    before = list;
    far_before = far_list;
}

/* What the first checks of derive, fresh and grant must find. */
static int
expect_places(uint64_t from, uint64_t to, const struct cap_list *to_list)
{
    if (from != SOURCE) {
        return -EBADF;
    }
    if (to > 63) {
        return -ERANGE;
    }
    return to == OTHER || (to == SOURCE && to_list == &list) ? -EBUSY : 0;
}

/* The operation returned `error`: it must be the expected one, and the lists
   as before but for the new entry, which is removed again. */
static void
outcome_check(int error, int expected, struct cap_list *to_list, uint64_t to,
              const struct model_cap *made)
{
    CHECK_EQUAL(error, expected);
    if (error == 0) {
        struct cap bytes = model_encode(made);
        CHECK(memcmp(&to_list->entry[to], &bytes, sizeof(bytes)) == 0);
        CHECK(cap_entry(to_list, to) == &to_list->entry[to]);
        CHECK_EQUAL(cap_drop(to_list, to), 0);
        CHECK(cap_entry(to_list, to) == NULL);
    }
    CHECK(memcmp(&list, &before, sizeof(list)) == 0);
    CHECK(memcmp(&far_list, &far_before, sizeof(list)) == 0);
    *(error == 0 ? &succeeded : &refused) += 1;
}

static void
derive_check(const struct model_cap *source, uint64_t from, uint64_t to,
             uint64_t component, uint64_t keep)
{
    struct model_cap made = *source;
    int expected = expect_places(from, to, &list);

    if (expected == 0 && (component > CHOSEN_MAX || keep >= RIGHT_SETS)) {
        expected = -EINVAL;
    }
    if (expected == 0 && component != 0 && source->length == 8) {
        expected = -ENAMETOOLONG;
    }
    if (expected == 0) {
        made.rights &= (unsigned)keep;
        if (component != 0) {
            made.component[made.length++] = (uint16_t)component;
        }
    }
    outcome_check(cap_derive(&list, from, to, component, keep), expected, &list,
                  to, &made);
}

static void
fresh_check(const struct model_cap *source, uint64_t from, uint64_t to,
            uint32_t serial)
{
    struct model_cap made = *source;
    uint32_t next = serial;
    int expected = expect_places(from, to, &list);

    if (expected == 0 && !(source->rights & CAP_FRESH)) {
        expected = -EPERM;
    }
    if (expected == 0 && source->length > 6) {
        expected = -ENAMETOOLONG;
    }
    if (expected == 0 && serial >= 0x7fff * 0x7fff) {
        expected = -ENOSERIAL;
    }
    if (expected == 0) {
        made.rights = CAP_RIGHTS_ALL;
        model_append_serial(&made, serial);
    }
    outcome_check(cap_fresh(&list, from, to, &next), expected, &list, to,
                  &made);
    CHECK_EQUAL(next, expected == 0 ? serial + 1 : serial);
}

static void
grant_check(const struct model_cap *source, uint64_t from,
            struct cap_list *to_list, uint64_t to, uint64_t keep)
{
    struct model_cap made = *source;
    int expected = expect_places(from, to, to_list);

    if (expected == 0 && !(source->rights & CAP_PASS)) {
        expected = -EPERM;
    }
    if (expected == 0 && keep >= RIGHT_SETS) {
        expected = -EINVAL;
    }
    made.rights &= (unsigned)keep;
    outcome_check(cap_grant(cap_entry(&list, from), to_list, to, keep),
                  expected, to_list, to, &made);
}

static void
drop_check(uint64_t index)
{
    int error = cap_drop(&list, index);

    CHECK_EQUAL(error, index == SOURCE || index == OTHER ? 0 : -EBADF);
    if (error == 0) {
        CHECK(cap_entry(&list, index) == NULL);
        CHECK_EQUAL(cap_drop(&list, index), -EBADF);
        list.entry[index] = before.entry[index];
    }
    CHECK(memcmp(&list, &before, sizeof(list)) == 0);
}

/* Every operation with every combination of arguments from the tables. */
static void
source_check(const struct model_cap *source, uint64_t from, uint64_t to)
{
    static const uint32_t serials[] = {
        0, 0x7ffe, 0x7fff, CAP_SERIALS - 1, CAP_SERIALS, UINT32_MAX};

    for (size_t k = 0; k < COUNT(keep_values); k++) {
        for (size_t c = 0; c < COUNT(component_values); c++) {
            derive_check(source, from, to, component_values[c], keep_values[k]);
        }
        grant_check(source, from, &far_list, to, keep_values[k]);
        grant_check(source, from, &list, to, keep_values[k]);
    }
    for (size_t i = 0; i < COUNT(serials); i++) {
        fresh_check(source, from, to, serials[i]);
    }
}

static void
test_operations(void)
{
    uint64_t state = SEED;

    check_subject = "operations";
    for (unsigned n = 0; n < 9 * RIGHT_SETS; n++) {
        struct model_cap source = model_random_name(n % 9, &state);

        source.rights = n / 9;
        lists_build(&source);
        for (size_t f = 0; f < COUNT(from_values); f++) {
            for (size_t t = 0; t < COUNT(to_values); t++) {
                source_check(&source, from_values[f], to_values[t]);
            }
            drop_check(from_values[f]);
        }
        for (size_t t = 0; t < COUNT(to_values); t++) {
            drop_check(to_values[t]);
        }
    }
    printf("%lu operations, and %lu refused, agree\n", succeeded, refused);
}

/* Rights are asked for one by one and together, also those beyond the five. */
static void
test_allows(void)
{
    static const struct cap_name empty = {{0, 0}};
    uint64_t state = SEED;

    check_subject = "allows";
    for (unsigned n = 0; n < 9 * RIGHT_SETS; n++) {
        struct model_cap source = model_random_name(n % 9, &state);
        struct cap_name name = model_name(&source);

        source.rights = n / 9;
        lists_build(&source);
        for (uint64_t ask = 0; ask < 256; ask++) {
            const struct cap *c = cap_entry(&list, SOURCE);
            bool expected = (ask & ~(uint64_t)source.rights) == 0;

            CHECK_EQUAL(cap_allows(c, &name, ask), expected);
            CHECK_EQUAL(cap_allows(c, &empty, ask),
                        expected && source.length == 0);
            CHECK(!cap_allows(c, &name, ask | BIT(32)));
        }
    }
}

static void
test_root(void)
{
    struct model_cap root = {.held = true, .rights = CAP_RIGHTS_ALL};
    struct model_cap none = {.held = false};

    check_subject = "root";
    memset(&list, 0xa5, sizeof(list));
    cap_init_root(&list);
    for (unsigned i = 0; i < CAP_LIST_ENTRIES; i++) {
        struct cap bytes = model_encode(i == 0 ? &root : &none);
        CHECK(memcmp(&list.entry[i], &bytes, sizeof(bytes)) == 0);
    }
}

static uint32_t
serial_of(const struct cap *c)
{
    return (uint32_t)(c->name.word[0] & 0xffff) << 16 |
           (uint32_t)(c->name.word[0] >> 16 & 0xffff);
}

/* The two components as one number ascend over every carry from the lower to
   the upper, and between the carries, so that none comes twice; the last is
   the last, for good. */
static void
test_serials(void)
{
    uint32_t last = 0;
    uint32_t next;

    check_subject = "serials";
    cap_init_root(&list);
    for (uint32_t carry = 0; carry <= 0x7fff; carry++) {
        next = carry * 0x7fff - (carry == 0 ? 0 : 3);
        for (int i = 0; i < 6 && next < CAP_SERIALS; i++) {
            CHECK_EQUAL(cap_fresh(&list, 0, 1, &next), 0);
            CHECK(cap_name_valid(&list.entry[1].name));
            CHECK(serial_of(&list.entry[1]) > last);
            last = serial_of(&list.entry[1]);
            CHECK_EQUAL(cap_drop(&list, 1), 0);
        }
    }
    CHECK_EQUAL(next, CAP_SERIALS);
    CHECK_EQUAL(last, 0xfffefffe);
    before = list;
    for (int i = 0; i < 100; i++) {
        CHECK_EQUAL(cap_fresh(&list, 0, 1, &next), -ENOSERIAL);
        CHECK_EQUAL(next, CAP_SERIALS);
        CHECK(memcmp(&list, &before, sizeof(list)) == 0);
    }
}

/* Whether the rights suffice, bit by bit as the privileged manual, 4.4.1,
   numbers them. V, R and U are set by the kernel. */
static bool
oracle_pte(unsigned rights, uint64_t pte)
{
    bool write = pte >> 2 & 1;
    bool global = pte >> 5 & 1;
    bool high = pte >> 54 != 0; /* N, PBMT, reserved */

    if (global || high || !(rights & CAP_READ)) {
        return false;
    }
    return !write || (rights & CAP_WRITE);
}

static void
test_pte(void)
{
    uint64_t state = SEED;

    check_subject = "PTE";
    for (unsigned rights = 0; rights < RIGHT_SETS; rights++) {
        struct model_cap m = {.held = true, .rights = rights};
        const struct cap *c;

        model_build(&list, SOURCE, &m);
        c = cap_entry(&list, SOURCE);
        for (uint64_t low = 0; low < 1024; low++) {
            uint64_t page = (random_next(&state) & (BIT(44) - 1)) << 10;

            CHECK_EQUAL(cap_allows_pte(c, low), oracle_pte(rights, low));
            CHECK_EQUAL(cap_allows_pte(c, page | low), oracle_pte(rights, low));
            for (unsigned bit = 10; bit < 64; bit++) {
                uint64_t pte = BIT(bit) | low;
                CHECK_EQUAL(cap_allows_pte(c, pte), oracle_pte(rights, pte));
            }
        }
    }
}

int
main(void)
{
    test_operations();
    test_allows();
    test_root();
    test_serials();
    test_pte();
    return 0;
}
