/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's modules ask of whoever drives them, and is the same for
 * every disk on this machine: programs of types, by the interpreter.
 */
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
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start is above */
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

int
program_owns(uint32_t owns, const uint8_t *image, struct owned_set *set,
             uint64_t *r0)
{
    return type_run_owns(&programs[owns], image, emit, set, r0) ? 0 : -EINVAL;
}

int
program_access(uint32_t access, const uint8_t *image, uint64_t first,
               uint64_t right, uint64_t *r0)
{
    return type_run_access(&programs[access], image, first, right, r0)
               ? 0
               : -EINVAL;
}
