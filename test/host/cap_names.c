/* SPDX-License-Identifier: MIT */
/*
 * Names: validity, dominance between names, and the test of an entry against
 * a guard, all against arrays of components: exhaustive over small alphabets,
 * random over full names.
 */
#include "test/host/cap_model.h"
#include "test/host/check.h"

#define SEED 0x636170206e616d65ULL
#define RANDOM_PAIRS 2000000
#define NAMES_MAX 1200
#define AT 5

/* A step by which names of an exhaustive test grow: one component, or the two
   of a serial. */
struct symbol {
    unsigned length;
    uint16_t component[2];
};

static struct model_cap names[NAMES_MAX];
static unsigned name_count;

static uint64_t dominated; /* pairs, to see that both answers were tested */
static uint64_t pairs;

/* Every name of at most `symbols` symbols, and of at most 8 components. */
static void
names_grow(const struct symbol *alphabet, unsigned size, unsigned symbols)
{
    unsigned begin = 0;

    names[0] = (struct model_cap){.held = true, .rights = CAP_RIGHTS_ALL};
    name_count = 1;
    for (unsigned n = 0; n < symbols; n++) {
        unsigned end = name_count;
        for (; begin < end; begin++) {
            for (unsigned i = 0; i < size; i++) {
                struct model_cap m = names[begin];
                if (m.length + alphabet[i].length > CAP_COMPONENTS) {
                    continue;
                }
                memcpy(m.component + m.length, alphabet[i].component,
                       2UL * alphabet[i].length);
                m.length += alphabet[i].length;
                CHECK(name_count < NAMES_MAX);
                names[name_count++] = m;
            }
        }
    }
}

/* The entry was built from `m`, with all rights. */
static void
pair_check(const struct model_cap *m, const struct cap *c,
           const struct model_cap *guard)
{
    struct cap_name a = model_name(m);
    struct cap_name b = model_name(guard);
    bool expected = model_is_prefix(m, guard);

    CHECK_EQUAL(cap_name_dominates(&a, &b), expected);
    CHECK_EQUAL(cap_allows(c, &b, 0), expected);
    CHECK_EQUAL(cap_allows(c, &b, CAP_READ), expected);
    CHECK_EQUAL(cap_allows(c, &b, CAP_WRITE), expected);
    CHECK_EQUAL(cap_allows(c, &b, CAP_RIGHTS_ALL), expected);
    pairs++;
    dominated += expected;
}

static void
names_check_all(const char *subject)
{
    struct cap_list list;

    check_subject = subject;
    for (unsigned i = 0; i < name_count; i++) {
        struct cap expected = model_encode(&names[i]);
        const struct cap *c;

        model_build(&list, AT, &names[i]);
        c = cap_entry(&list, AT);
        CHECK(c != NULL);
        CHECK(memcmp(c, &expected, sizeof(*c)) == 0);
        CHECK(cap_name_valid(&c->name));
        for (unsigned k = 0; k < name_count; k++) {
            pair_check(&names[i], c, &names[k]);
        }
    }
}

static void
test_exhaustive(void)
{
    /* Components that differ in the lower byte, in the upper, in both. */
    static const struct symbol three[] = {
        {1, {0x0101, 0}}, {1, {0x0102, 0}}, {1, {0x0201, 0}}};
    /* A serial beside the chosen component that is most like its halves. */
    static const struct symbol serials[] = {
        {1, {0x0001, 0}}, {1, {0x7ffe, 0}}, {2, {0x8001, 0xfffe}}};
    static const struct symbol two[] = {{1, {0x0001, 0}}, {1, {0x7fff, 0}}};

    names_grow(three, 3, 3);
    CHECK_EQUAL(name_count, 1 + 3 + 9 + 27);
    names_check_all("3 values, up to 3 components");
    names_grow(serials, 3, 5);
    names_check_all("with serials, up to 8 components");
    names_grow(two, 2, 8);
    CHECK_EQUAL(name_count, 511);
    names_check_all("2 values, up to 8 components");
}

/* A guard that is much like the name: most random ones differ at once. */
static struct model_cap
guard_choose(const struct model_cap *m, uint64_t *state)
{
    unsigned length = (unsigned)random_below(state, 9);
    struct model_cap guard = model_random_name(length, state);
    struct cap_name name;

    if (random_below(state, 4) == 0) {
        return guard;
    }
    /* A prefix of it, or an extension. */
    for (unsigned i = 0; i < m->length && i < length; i++) {
        guard.component[i] = m->component[i];
    }
    /* With one bit changed. */
    if (length > 0 && random_below(state, 3) == 0) {
        guard.component[random_below(state, length)] ^=
            (uint16_t)(1 << random_below(state, 16));
    }
    name = model_name(&guard);
    return cap_name_valid(&name) ? guard : *m;
}

static void
test_random(void)
{
    uint64_t state = SEED;
    struct cap_list list;

    check_subject = "random pairs";
    printf("seed %#llx\n", (unsigned long long)state);
    for (int i = 0; i < RANDOM_PAIRS / 8; i++) {
        struct model_cap m =
            model_random_name((unsigned)random_below(&state, 9), &state);
        model_build(&list, AT, &m);
        for (int k = 0; k < 8; k++) {
            struct model_cap guard = guard_choose(&m, &state);
            pair_check(&m, cap_entry(&list, AT), &guard);
        }
    }
}

static bool
oracle_valid(const uint16_t *component)
{
    unsigned i = 0;

    while (i < CAP_COMPONENTS && component[i] != 0) {
        if (component[i] <= CHOSEN_MAX) {
            i++;
        } else if (i + 1 < CAP_COMPONENTS && component[i] <= SERIAL_MAX &&
                   component[i + 1] >= SERIAL_MIN &&
                   component[i + 1] <= SERIAL_MAX) {
            i += 2;
        } else {
            return false;
        }
    }
    while (i < CAP_COMPONENTS && component[i] == 0) {
        i++;
    }
    return i == CAP_COMPONENTS;
}

/* Every array of eight of the values at the limits. */
static void
test_valid(void)
{
    static const uint16_t value[] = {0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff};
    struct model_cap m = {.length = CAP_COMPONENTS};
    unsigned valid = 0;
    unsigned total = 1;

    check_subject = "validity";
    for (unsigned i = 0; i < CAP_COMPONENTS; i++) {
        total *= 6;
    }
    for (unsigned n = 0; n < total; n++) {
        unsigned rest = n;
        struct cap_name name;

        for (unsigned i = 0; i < CAP_COMPONENTS; i++, rest /= 6) {
            m.component[i] = value[rest % 6];
        }
        name = model_name(&m);
        CHECK_EQUAL(cap_name_valid(&name), oracle_valid(m.component));
        valid += cap_name_valid(&name);
    }
    printf("%u arrays, %u of them valid names, agree\n", total, valid);
}

/* What is not there allows nothing, and what a word of ones guards is allowed
   to the empty name alone. */
static void
test_poison(void)
{
    static const struct cap_name ones = {{UINT64_MAX, UINT64_MAX}};
    uint64_t state = SEED;
    struct cap_list list;

    check_subject = "poison";
    cap_list_init(&list);
    for (unsigned i = 0; i < CAP_LIST_ENTRIES; i++) {
        const struct cap *c = &list.entry[i];

        CHECK(cap_entry(&list, i) == NULL);
        CHECK(!cap_name_valid(&c->name));
        for (unsigned k = 0; k < 2000; k++) {
            struct model_cap guard = model_random_name(k % 9, &state);
            struct cap_name name = model_name(&guard);
            for (unsigned rights = 0; rights < RIGHT_SETS; rights++) {
                CHECK(!cap_allows(c, k == 0 ? &ones : &name, rights));
            }
        }
        for (uint64_t pte = 0; pte < 1024; pte++) {
            CHECK(!cap_allows_pte(c, pte));
        }
    }
    CHECK(!cap_name_valid(&ones));
    for (unsigned length = 0; length <= CAP_COMPONENTS; length++) {
        for (unsigned rights = 0; rights < RIGHT_SETS; rights++) {
            struct model_cap m = model_random_name(length, &state);
            m.rights = rights;
            model_build(&list, AT, &m);
            for (unsigned ask = 0; ask < RIGHT_SETS; ask++) {
                CHECK_EQUAL(cap_allows(cap_entry(&list, AT), &ones, ask),
                            length == 0 && (ask & ~rights) == 0);
            }
        }
    }
}

int
main(void)
{
    test_exhaustive();
    test_random();
    test_valid();
    test_poison();
    printf("%llu pairs, in %llu the first dominates, agree\n",
           (unsigned long long)pairs, (unsigned long long)dominated);
    CHECK(dominated > pairs / 100 && dominated < pairs / 2);
    return 0;
}
