/* SPDX-License-Identifier: MIT */
/*
 * The glue that the kernel's modules ask for, as far as recovery needs it:
 * programs are run by the interpreter, and nothing else is ever asked.
 */
#include "test/power-cut/recovery.h"

#include <stdarg.h>

#include "kern/abi/error.h"
#include "kern/disk/recover.h"
#include "kern/panic.h"
#include "test/host/check.h"
#include "test/power-cut/type_run.h"

static struct type_run programs[DISK_TYPES];

void
panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
    abort();
}

int
program_load(struct volume *v, unsigned type, const uint8_t *block,
             uint32_t *owns, uint32_t *access)
{
    (void)v;
    *owns = type;
    *access = type;
    return type_run_learn(&programs[type], block) ? 0 : -EINVAL;
}

static uint64_t
emit(void *context, uint32_t number, const uint64_t *arguments)
{
    CHECK_EQUAL(number, CODE_EMIT);
    return owned_emit(context, arguments[0], arguments[1], arguments[2]);
}

bool
program_owns(uint32_t owns, const uint8_t *image, struct owned_set *set,
             uint64_t *r0)
{
    return type_run_owns(&programs[owns], image, emit, set, r0);
}

#define NOT_ASKED() check_fail(__FILE__, __LINE__, __func__)

bool
program_access(uint32_t access, const uint8_t *image, uint64_t first,
               uint64_t right, uint64_t *r0)
{
    (void)access;
    (void)image;
    (void)first;
    (void)right;
    (void)r0;
    NOT_ASKED();
}

uint8_t *
registry_page(uint32_t frame)
{
    (void)frame;
    NOT_ASKED();
}

void
registry_release(struct registry *r, uint32_t e, uint32_t frame)
{
    (void)r;
    (void)e;
    (void)frame;
    NOT_ASKED();
}

void
volume_changed(struct volume *v, int result)
{
    (void)v;
    (void)result;
    NOT_ASKED();
}

void
volume_write(struct volume *v, uint32_t e, uint32_t frame)
{
    (void)v;
    (void)e;
    (void)frame;
    NOT_ASKED();
}

void
volume_settled(struct volume *v, uint32_t e, int error)
{
    (void)v;
    (void)e;
    (void)error;
    NOT_ASKED();
}

int
volume_unbind(struct volume *v, uint32_t e, const uint8_t *image,
              const struct owned_set *after)
{
    (void)v;
    (void)e;
    (void)image;
    (void)after;
    NOT_ASKED();
}

int
volume_leave(struct volume *v, uint32_t e, uint32_t to)
{
    (void)v;
    (void)e;
    (void)to;
    NOT_ASKED();
}

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
