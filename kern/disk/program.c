/* SPDX-License-Identifier: MIT */
/*
 * The programs of types, in the kernel: compiled once, when a type is installed
 * or found by recovery, and kept until the disk is recovered anew. They read
 * one block's image through the direct map, which nobody writes meanwhile, and
 * are run under the disk's lock, one at a time on each disk.
 */
#include "kern/abi/error.h"
#include "kern/code/object.h"
#include "kern/csr.h"
#include "kern/disk/store.h"
#include "kern/string.h"

/* What one call of program_load verifies or compiles, in instructions. */
#define LOAD_BUDGET 4000

/* Bytes of stack that a program may use. */
#define PROGRAM_STACK 512

enum program_kind { PROGRAM_OWNS, PROGRAM_ACCESS, PROGRAM_KINDS };

/* A name, as type_add keeps it: the disk, the type, which of its two. */
#define PROGRAM_NAME(disk, type, kind)                                         \
    ((uint32_t)(((disk)*DISK_TYPES + (type)) * PROGRAM_KINDS + (kind)))
#define PROGRAM_DISK(name) ((name) / PROGRAM_KINDS / DISK_TYPES)

struct run {
    struct code_context context; /* first: helpers get its address */
    struct owned_set *set;
    uint64_t credit;
    uint64_t until;
    bool late;
    _Alignas(8) uint8_t stack[PROGRAM_STACK];
};

static struct code_object *programs[DISKS_MAX * DISK_TYPES * PROGRAM_KINDS];
static struct run runs[DISKS_MAX];

static uint64_t
emit(struct code_context *context, uint64_t first, uint64_t count,
     uint64_t type, uint64_t r4, uint64_t r5)
{
    struct run *run = (struct run *)context;

    (void)r4, (void)r5;
    return owned_emit(run->set, first, count, type);
}

static const struct code_helper helper_rows[] = {
    {CODE_EMIT, 3, CODE_PRICE_EMIT, true}};
static const uint64_t helper_addresses[] = {(uint64_t)emit};

static const struct code_kind kinds[PROGRAM_KINDS] = {
    [PROGRAM_OWNS] = {.use = {.helpers = helper_rows,
                              .helper_count = 1,
                              .stack = PROGRAM_STACK,
                              .arguments = {CODE_POINTER, CODE_NUMBER},
                              .read_only = true},
                      .helpers = helper_addresses,
                      .fuel = CODE_FUEL_OWNS},
    [PROGRAM_ACCESS] = {.use = {.stack = PROGRAM_STACK,
                                .arguments = {CODE_POINTER, CODE_NUMBER,
                                              CODE_NUMBER, CODE_NUMBER},
                                .read_only = true},
                        .fuel = CODE_FUEL_ACCESS}};

/* Also half loaded ones. */
void
program_drop(uint32_t disk, unsigned type)
{
    struct code_object **o = &programs[PROGRAM_NAME(disk, type, 0)];

    for (unsigned i = 0; i < PROGRAM_KINDS; i++) {
        if (o[i] != NULL) {
            code_destroy(o[i]);
            o[i] = NULL;
        }
    }
}

/* A step towards having one program ready: 0, -EAGAIN, -EINVAL. */
static int
program_step(uint32_t name, enum program_kind kind, const uint8_t *code,
             uint32_t count)
{
    struct code_object **o = &programs[name + kind];
    int error = 0;

    if (*o == NULL) { /* it is ours, and stays open */
        *o = code_create(CODE_KERNEL, 0, &kinds[kind], count, &error);
        if (*o == NULL) {
            return -EINVAL;
        }
        memcpy(code_program(*o), code, count * sizeof(struct code_instruction));
        return -EAGAIN;
    }
    if ((*o)->state == CODE_READY) {
        return 0;
    }
    error = code_step(*o, LOAD_BUDGET);
    return error == 0 || error == -EAGAIN ? error : -EINVAL;
}

int
program_load(struct volume *v, unsigned type, const uint8_t *block,
             uint32_t *owns, uint32_t *access)
{
    const struct disk_type *header = (const struct disk_type *)block;
    uint32_t name = PROGRAM_NAME(v->disk, type, 0);
    int error = program_step(name, PROGRAM_OWNS, block + header->owns,
                             header->owns_count);

    if (error == 0) {
        error = program_step(name, PROGRAM_ACCESS, block + header->access,
                             header->access_count);
    }
    if (error == -EINVAL) {
        program_drop(v->disk, type);
    }
    *owns = name + PROGRAM_OWNS;
    *access = name + PROGRAM_ACCESS;
    return error;
}

bool
program_unload(uint32_t disk)
{
    for (unsigned type = 0; type < DISK_TYPES; type++) {
        uint32_t name = PROGRAM_NAME(disk, type, 0);

        if (programs[name] != NULL || programs[name + 1] != NULL) {
            program_drop(disk, type);
            return true;
        }
    }
    return false;
}

void
program_until(uint32_t disk, uint64_t count)
{
    runs[disk].credit = CODE_FUEL_OWNS;
    runs[disk].until = count;
    runs[disk].late = false;
}

bool
program_hurry(uint32_t disk)
{
    runs[disk].credit = 0;
    return !runs[disk].late;
}

static int
program_run(uint32_t name, const uint8_t *image, struct owned_set *set,
            uint64_t first, uint64_t right, uint64_t *r0)
{
    const struct code_object *o = programs[name];
    struct run *run = &runs[PROGRAM_DISK(name)];
    uint64_t most = o->kind->fuel; /* that it takes, and what of that lacks */
    int64_t lacks = 0;
    union {
        const uint8_t *constant;
        uint8_t *memory; /* which the program may only read */
    } bytes = {.constant = image};
    struct code_result result;

    if (run->credit >= most) {
        run->credit -= most;
    } else {
        lacks = (int64_t)(csr_read(instret) + most - run->until);
        lacks = lacks > 0 ? lacks : 0;
    }
    if (lacks > o->fuel) { /* it takes more than that, whatever it does */
        run->late = true;
        return -EAGAIN;
    }
    code_context_begin(&run->context, run->stack, sizeof(run->stack),
                       (uint32_t)(o->fuel - lacks));
    code_context_memory(&run->context, bytes.memory, DISK_BLOCK_BYTES);
    run->set = set;
    result = o->entry(&run->context, CODE_MEMORY_ADDRESS, DISK_BLOCK_BYTES,
                      first, right, 0);
    *r0 = result.value;
    if (lacks > 0 && result.stop == CODE_STOP_FUEL) {
        run->late = true;
        return -EAGAIN;
    }
    return result.stop == CODE_STOP_EXIT ? 0 : -EINVAL;
}

int
program_owns(uint32_t owns, const uint8_t *image, struct owned_set *set,
             uint64_t *r0)
{
    return program_run(owns, image, set, 0, 0, r0);
}

int
program_access(uint32_t access, const uint8_t *image, uint64_t first,
               uint64_t right, uint64_t *r0)
{
    return program_run(access, image, NULL, first, right, r0);
}
