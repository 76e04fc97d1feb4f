/* SPDX-License-Identifier: MIT */
#include "test/power-cut/work.h"

#include <string.h>

#include "kern/abi/error.h"

struct operation {
    uint64_t key;
    uint32_t bytes;
    bool remove;
};

/* What is found in a log: the newest operation of each key. */
struct state {
    uint64_t seed;
    uint64_t newest[WORK_KEYS]; /* 0: the key has no value */
    const char *fault;
};

static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static struct operation
operation(uint64_t seed, uint64_t i)
{
    uint64_t random = mix(mix(seed) + i);
    struct operation o = {random % WORK_KEYS, 0, (random >> 8) % 16 == 0};

    /* Most are small; some fill a block. */
    o.bytes = 8 + (uint32_t)(random >> 16) % 600;
    if ((random >> 40) % 16 == 0) {
        o.bytes = LOG_VALUE_MAX - (uint32_t)(random >> 48) % 16;
    }
    return o;
}

/* The number of the operation, then what follows from it. */
static void
value_fill(uint64_t seed, uint64_t i, uint8_t *value, uint32_t bytes)
{
    uint64_t random = mix(seed ^ i << 20);
    uint32_t at;

    memcpy(value, &i, 8);
    for (at = 8; at < bytes; at++) {
        random = random * 6364136223846793005 + 1442695040888963407;
        value[at] = (uint8_t)(random >> 56);
    }
}

int64_t
work_do(struct log *log, uint64_t seed, uint64_t i)
{
    static uint8_t value[LOG_VALUE_MAX];
    struct operation o = operation(seed, i);
    int64_t error;

    if (o.remove) {
        error = log_remove(log, o.key);
        return error == -ENOENT ? 0 : error;
    }
    value_fill(seed, i, value, o.bytes);
    return log_append(log, o.key, value, o.bytes);
}

static int64_t
value_see(void *context, uint64_t key, const void *value, uint32_t bytes)
{
    static uint8_t expected[LOG_VALUE_MAX];
    struct state *state = context;
    struct operation o;
    uint64_t i = 0;

    if (key >= WORK_KEYS || bytes < sizeof(i)) {
        state->fault = "a record that nobody appended";
        return -EINVAL;
    }
    memcpy(&i, value, sizeof(i));
    o = operation(state->seed, i);
    if (o.key != key || o.bytes != bytes || o.remove) {
        state->fault = "a value of another key";
        return -EINVAL;
    }
    value_fill(state->seed, i, expected, bytes);
    if (memcmp(value, expected, bytes) != 0) {
        state->fault = "a value that was never written";
        return -EINVAL;
    }
    state->newest[key] = i;
    return 0;
}

int64_t
work_check(struct log *log, uint64_t seed, uint64_t synced, const char **why)
{
    struct state found = {.seed = seed};
    uint64_t newest[WORK_KEYS] = {0};
    uint64_t i;

    if (log_each(log, value_see, &found) != 0) {
        *why = found.fault != NULL ? found.fault : "a block cannot be read";
        return -1;
    }
    for (i = 0; i <= synced + WORK_AHEAD; i++) {
        if (i > 0) {
            struct operation o = operation(seed, i);

            newest[o.key] = o.remove ? 0 : i;
        }
        if (i >= synced && memcmp(newest, found.newest, sizeof(newest)) == 0) {
            return (int64_t)i;
        }
    }
    *why = "what was synced is not there, or more than a prefix of the rest";
    return -1;
}
