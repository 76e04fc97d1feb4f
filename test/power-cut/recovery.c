/* SPDX-License-Identifier: MIT */
#include "test/power-cut/recovery.h"

#include "kern/abi/error.h"
#include "kern/disk/recover.h"
#include "test/host/check.h"

static const char *
block_compare(const struct volume *v, const struct survey *s, uint64_t b)
{
    const struct survey_block *found = &s->block[b];
    unsigned state = block_state(&v->blocks, b);
    const struct disk_double *twice = NULL;

    if (b < DISK_FIRST_BLOCK) {
        return state == BLOCK_USED ? NULL
                                   : "a block of the kernel's is not "
                                     "in use";
    }
    if (found->owners == 0) {
        return state == BLOCK_FREE ? NULL : "a block of nobody is not free";
    }
    if (state != BLOCK_USED || block_type(&v->blocks, b) != found->type) {
        return "a block with an owner is not in use, or of another type";
    }
    (void)double_run(&v->doubles, b, 1, &twice);
    return (twice != NULL) == (found->owners > 1 || found->malformed)
               ? NULL
               : "the list of blocks with two owners is not right";
}

const char *
recovery_check(const struct survey *survey)
{
    static uint8_t table[SURVEY_BLOCKS_MAX + 8];
    static struct disk_double doubles[DISK_DOUBLES_MAX];
    static struct registry_entry entry;
    static struct registry_twin twin;
    static struct volume v;
    static struct recover r;
    uint32_t hash[1];
    uint64_t b;
    uint64_t steps = 0;
    int result;

    memset(&v, 0, sizeof(v));
    v.blocks = (struct block_table){table, survey->blocks};
    v.doubles.entry = doubles;
    registry_init(&v.registry, &entry, &twin, 1, hash, 1, 0);
    volume_init(&v);
    recover_begin(&v, &r);
    do {
        const uint8_t *image = NULL;

        if (r.want != RECOVER_NOTHING) {
            image = survey->image + r.want * DISK_BLOCK_BYTES;
        }
        result = recover_step(&v, &r, image);
        CHECK(++steps < 1000000);
    } while (result == -EAGAIN);
    if (result != 0 || v.state != DISK_READY) {
        return "recovery does not end with a disk that is ready";
    }
    for (b = 0; b < survey->blocks; b++) {
        const char *why = block_compare(&v, survey, b);

        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}
