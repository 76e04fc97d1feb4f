/* SPDX-License-Identifier: MIT */
/*
 * No sequence of operations gives an env a name or a right that it could not
 * derive. Four envs apply random operations, good and bad, each of which is
 * judged twice: by a model of the operation, which says what must come of it,
 * and by the rules of derivation, which know what each env held before but not
 * what was called.
 *
 * The one counter of serials runs through all sequences, with leaps, so that it
 * is used up before the end.
 */
#include "kern/abi/error.h"
#include "test/host/cap_model.h"
#include "test/host/check.h"

#define SEED 0x636c6f73757265ULL
#define ENVS 4
#define ENTRIES CAP_LIST_ENTRIES
#define SHORT_SEQUENCES 500000 /* of up to 16 operations */
#define SHORT_MOST 16
#define LONG_SEQUENCES 50
#define LONG 10000
/* Leaps use the serials up when 9 in 10 short sequences are done. */
#define LEAP_MOST                                                              \
    (2ULL * CAP_SERIALS / (SHORT_SEQUENCES - SHORT_SEQUENCES / 10))

static struct cap_list lists[ENVS];
static struct cap_list before[ENVS];
static struct model_cap held_before[ENVS][ENTRIES]; /* `before`, decoded */
static struct model_cap model[ENVS][ENTRIES];
static uint32_t next_serial;
static uint8_t *serials_seen; /* a bit for each of 30 bits */
static uint64_t state = SEED;

enum verb { DERIVE, FRESH, GRANT, DROP, VERBS };
static unsigned long done[VERBS];
static unsigned long refused[VERBS];
static unsigned long used_up;
static unsigned long allowed;

struct operation {
    enum verb verb;
    unsigned env; /* who calls */
    unsigned to_env;
    uint64_t from;
    uint64_t to;
    uint64_t component;
    uint64_t rights;
};

/* An entry at random, one that is held or not as wanted if a few tries find
   one. */
static uint64_t
index_try(unsigned env, bool held)
{
    uint64_t index = 0;

    for (int i = 0; i < 8; i++) {
        index = random_below(&state, ENTRIES);
        if (model[env][index].held == held) {
            break;
        }
    }
    return index;
}

/* The same, but sometimes anything at all; and of those held rather the short
   names, or all would soon be full. */
static uint64_t
index_choose(unsigned env, bool held)
{
    uint64_t index = index_try(env, held);
    uint64_t other = index_try(env, held);

    if (random_below(&state, 20) == 0) {
        return random_next(&state) >> random_below(&state, 64);
    }
    if (!model[env][index].held ||
        (model[env][other].held &&
         model[env][other].length < model[env][index].length)) {
        index = other;
    }
    if (held && !model[env][index].held) {
        index = 0; /* where the first env has the root */
    }
    return index;
}

/* Few values, so that envs arrive at the same names by different ways; and
   those that imitate serials. */
static uint64_t
component_choose(void)
{
    static const uint64_t special[] = {0x7fff, 0x8000,  0x8001, 0xfffe,
                                       0xffff, 0x10001, 0x18001};

    if (random_below(&state, 6) == 0) {
        return special[random_below(&state, 7)];
    }
    return random_below(&state, 4);
}

static uint64_t
rights_choose(void)
{
    switch (random_below(&state, 16)) {
    case 0:
        return random_next(&state);
    case 1:
    case 2:
    case 3:
        return random_below(&state, RIGHT_SETS);
    case 4:
    case 5:
        return CAP_RIGHTS_ALL & ~(1U << random_below(&state, 5));
    default:
        return CAP_RIGHTS_ALL;
    }
}

static struct operation
operation_choose(void)
{
    static const enum verb verbs[] = {DERIVE, DERIVE, DERIVE, FRESH,
                                      GRANT,  GRANT,  GRANT,  DROP};
    struct operation op;

    op.verb = verbs[random_below(&state, 8)];
    op.env = (unsigned)random_below(&state, ENVS);
    /* Rather one that has something. */
    if (!model[op.env][index_try(op.env, true)].held) {
        op.env = 0;
    }
    op.to_env = (unsigned)random_below(&state, ENVS);
    if (op.verb != GRANT) {
        op.to_env = op.env;
    }
    op.from = op.verb == DROP ? random_below(&state, ENTRIES + 1)
                              : index_choose(op.env, true);
    op.to = index_choose(op.to_env, false);
    op.component = component_choose();
    op.rights = rights_choose();
    return op;
}

static int
operation_apply(const struct operation *op)
{
    struct cap_list *list = &lists[op->env];

    switch (op->verb) {
    case DERIVE:
        return cap_derive(list, op->from, op->to, op->component, op->rights);
    case FRESH:
        return cap_fresh(list, op->from, op->to, &next_serial);
    case GRANT:
        return cap_grant(cap_entry(list, op->from), &lists[op->to_env], op->to,
                         op->rights);
    default:
        return cap_drop(list, op->from);
    }
}

/* What becomes of the entry `to`, or an error. */
static int
model_make(const struct operation *op, uint32_t serial, struct model_cap *made)
{
    *made = model[op->env][op->from];
    switch (op->verb) {
    case DERIVE:
        if (op->component > CHOSEN_MAX || op->rights >= RIGHT_SETS) {
            return -EINVAL;
        }
        made->rights &= (unsigned)op->rights;
        if (op->component != 0) {
            if (made->length == 8) {
                return -ENAMETOOLONG;
            }
            made->component[made->length++] = (uint16_t)op->component;
        }
        return 0;
    case FRESH:
        if (!(made->rights & CAP_FRESH)) {
            return -EPERM;
        }
        if (made->length > 6) {
            return -ENAMETOOLONG;
        }
        if (serial == CAP_SERIALS) {
            return -ENOSERIAL;
        }
        model_append_serial(made, serial);
        made->rights = CAP_RIGHTS_ALL;
        return 0;
    default:
        if (!(made->rights & CAP_PASS)) {
            return -EPERM;
        }
        made->rights &= (unsigned)op->rights;
        return op->rights >= RIGHT_SETS ? -EINVAL : 0;
    }
}

static int
model_apply(const struct operation *op, uint32_t serial)
{
    struct model_cap made;
    int error;

    if (op->from >= ENTRIES || !model[op->env][op->from].held) {
        return -EBADF;
    }
    if (op->verb == DROP) {
        model[op->env][op->from].held = false;
        return 0;
    }
    if (op->to >= ENTRIES) {
        return -ERANGE;
    }
    if (model[op->to_env][op->to].held) {
        return -EBUSY;
    }
    error = model_make(op, serial, &made);
    if (error == 0) {
        model[op->to_env][op->to] = made;
    }
    return error;
}

/* Marks the serial at the end of the name; whether it is the first such. */
static bool
serial_is_new(const struct model_cap *m)
{
    uint32_t serial = (m->component[m->length - 2] & 0x7fffU) << 15 |
                      (m->component[m->length - 1] & 0x7fffU);
    uint8_t bit = (uint8_t)(1 << serial % 8);
    bool seen = serials_seen[serial / 8] & bit;

    serials_seen[serial / 8] |= bit;
    return !seen;
}

/* Whether the holder of `source` may come by `m` in one step, and if so,
   whether only by `fresh`. */
static bool
rule_derive(const struct model_cap *source, const struct model_cap *m)
{
    unsigned longer = m->length - source->length;

    return source->held && model_is_prefix(source, m) &&
           (m->rights & ~source->rights) == 0 &&
           (longer == 0 ||
            (longer == 1 && m->component[m->length - 1] >= CHOSEN_MIN &&
             m->component[m->length - 1] <= CHOSEN_MAX));
}

static bool
rule_fresh(const struct model_cap *source, const struct model_cap *m)
{
    return source->held && model_is_prefix(source, m) &&
           (source->rights & CAP_FRESH) && m->length == source->length + 2 &&
           m->component[m->length - 2] >= SERIAL_MIN &&
           m->component[m->length - 2] <= SERIAL_MAX &&
           m->component[m->length - 1] >= SERIAL_MIN &&
           m->component[m->length - 1] <= SERIAL_MAX;
}

static bool
rule_grant(const struct model_cap *source, const struct model_cap *m)
{
    return source->held && (source->rights & CAP_PASS) &&
           source->length == m->length && model_is_prefix(source, m) &&
           (m->rights & ~source->rights) == 0;
}

/* Whether anything that was held before explains that `env` now holds `m`. */
static bool
rules_explain(unsigned env, const struct model_cap *m)
{
    bool fresh = false;

    for (unsigned e = 0; e < ENVS; e++) {
        for (unsigned i = 0; i < ENTRIES; i++) {
            const struct model_cap *source = &held_before[e][i];
            if (rule_grant(source, m) || (e == env && rule_derive(source, m))) {
                return true;
            }
            fresh |= e == env && rule_fresh(source, m);
        }
    }
    return fresh && serial_is_new(m);
}

/* The entry changed: emptied, or by the rules. `before` follows. */
static void
change_check(unsigned e, unsigned i)
{
    struct model_cap m = model_decode(&lists[e].entry[i]);

    CHECK(!m.held || rules_explain(e, &m));
    before[e].entry[i] = lists[e].entry[i];
    held_before[e][i] = m;
}

static void
rules_check(void)
{
    unsigned changes = 0;

    for (unsigned e = 0; e < ENVS; e++) {
        if (memcmp(&lists[e], &before[e], sizeof(lists[e])) == 0) {
            continue;
        }
        for (unsigned i = 0; i < ENTRIES; i++) {
            if (memcmp(&lists[e].entry[i], &before[e].entry[i],
                       sizeof(struct cap)) != 0) {
                changes++;
                change_check(e, i);
            }
        }
    }
    CHECK(changes <= 1);
}

/* A random question on a random entry, empty ones included. */
static void
allows_check(void)
{
    unsigned e = (unsigned)random_below(&state, ENVS);
    uint64_t i = index_try(e, true);
    unsigned rights = (unsigned)random_below(&state, RIGHT_SETS);
    const struct model_cap *m = &model[e][i];
    struct model_cap guard =
        model_random_name((unsigned)random_below(&state, 9), &state);
    struct cap_name name;
    bool expected;

    if (random_below(&state, 2) == 0) { /* most often a relative */
        memcpy(guard.component, m->component, 2UL * m->length);
        guard.length = m->length + (m->length < 8 && rights % 2 ? 1 : 0);
        if (guard.length > m->length) {
            guard.component[m->length] = 1;
        }
    }
    name = model_name(&guard);
    expected =
        m->held && (rights & ~m->rights) == 0 && model_is_prefix(m, &guard);
    CHECK_EQUAL(cap_allows(&lists[e].entry[i], &name, rights), expected);
    CHECK_EQUAL(cap_entry(&lists[e], i) != NULL, m->held);
    allowed += expected;
}

/* The first env has the root, the others nothing. */
static void
sequence_begin(void)
{
    memset(model, 0, sizeof(model));
    model[0][0] = (struct model_cap){.held = true, .rights = CAP_RIGHTS_ALL};
    cap_init_root(&lists[0]);
    for (unsigned e = 1; e < ENVS; e++) {
        cap_list_init(&lists[e]);
    }
    memcpy(before, lists, sizeof(before));
    memcpy(held_before, model, sizeof(held_before));
}

static void
sequence_run(unsigned long operations)
{
    sequence_begin();
    for (unsigned long n = 0; n < operations; n++) {
        struct operation op = operation_choose();
        uint32_t serial = next_serial;
        int error = operation_apply(&op);

        CHECK_EQUAL(error, model_apply(&op, serial));
        CHECK_EQUAL(next_serial,
                    serial + (op.verb == FRESH && error == 0 ? 1 : 0));
        if (error == 0) {
            unsigned e = op.to_env;
            uint64_t i = op.verb == DROP ? op.from : op.to;
            struct cap bytes = model_encode(&model[e][i]);
            CHECK(memcmp(&lists[e].entry[i], &bytes, sizeof(bytes)) == 0);
            done[op.verb]++;
        } else {
            CHECK(memcmp(lists, before, sizeof(lists)) == 0);
            refused[op.verb]++;
            used_up += error == -ENOSERIAL;
        }
        rules_check();
        allows_check();
    }
}

int
main(void)
{
    char subject[48];

    check_subject = subject;
    serials_seen = calloc(1, 1UL << 27);
    CHECK(serials_seen != NULL);
    printf("seed %#llx\n", (unsigned long long)state);
    for (unsigned n = 0; n < LONG_SEQUENCES; n++) {
        (void)snprintf(subject, sizeof(subject), "long sequence %u", n);
        sequence_run(LONG);
    }
    for (unsigned n = 0; n < SHORT_SEQUENCES; n++) {
        uint64_t leap = random_below(&state, LEAP_MOST);

        leap =
            leap < CAP_SERIALS - next_serial ? leap : CAP_SERIALS - next_serial;
        next_serial += (uint32_t)leap;
        (void)snprintf(subject, sizeof(subject), "short sequence %u", n);
        sequence_run(1 + random_below(&state, SHORT_MOST));
    }
    free(serials_seen);
    for (int verb = 0; verb < VERBS; verb++) {
        static const char *const name[] = {"derive", "fresh", "grant", "drop"};
        printf("%s: %lu done, %lu refused\n", name[verb], done[verb],
               refused[verb]);
        CHECK(done[verb] > SHORT_SEQUENCES / 50 && refused[verb] > 1000);
    }
    printf("%lu questions answered yes; no serial left: %lu\n", allowed,
           used_up);
    CHECK(allowed > SHORT_SEQUENCES / 50 && used_up > 1000);
    return 0;
}
