/* SPDX-License-Identifier: MIT */
#include "test/power-cut/files.h"

#include <stdio.h>
#include <string.h>

static uint64_t
mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

struct files_operation
files_operation(uint64_t seed, uint64_t n)
{
    uint64_t random = mix(mix(seed) + n);
    struct files_operation o = {.file = (uint32_t)(random % FILES_COUNT),
                                .salt = mix(seed ^ n << 20)};

    o.kind = (enum files_kind)((random >> 8) % 4);
    /* Many are small. */
    o.count = (uint32_t)(random >> 16) %
              ((random >> 40) % 2 == 0 ? 300 : FILES_BYTES / 2);
    return o;
}

void
files_fill(uint8_t *bytes, uint32_t count, uint64_t salt)
{
    for (uint32_t i = 0; i < count; i++) {
        salt = salt * 6364136223846793005 + 1442695040888963407;
        bytes[i] = (uint8_t)(salt >> 56);
    }
}

bool
files_do(struct files_state *state, const struct files_operation *o)
{
    struct files_state *s = &state[o->file];

    switch (o->kind) {
    case FILES_REMOVE:
        if (!s->there) {
            return false;
        }
        s->there = false;
        s->size = 0;
        return true;
    case FILES_APPEND:
        if (!s->there || s->size + o->count > FILES_BYTES) {
            return false;
        }
        files_fill(s->bytes + s->size, o->count, o->salt);
        s->size += o->count;
        return true;
    case FILES_REPLACE:
        if (!s->there) {
            return false;
        }
        break;
    case FILES_WRITE:
        break;
    }
    s->there = true;
    s->size = o->count;
    files_fill(s->bytes, o->count, o->salt);
    return true;
}

const char *
files_path(uint32_t file)
{
    static char path[16];

    (void)snprintf(path, sizeof(path), "/%c/f%u", file % 2 == 0 ? 'a' : 'b',
                   (unsigned)file);
    return path;
}
