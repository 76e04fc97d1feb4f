/* SPDX-License-Identifier: MIT */
#include "test/power-cut/type_run.h"

#include <string.h>

#include "kern/abi/error.h"
#include "kern/code/price.h"
#include "lib/disk/format.h"
#include "test/host/code_run.h"

#define IMAGE_ADDRESS 0x100000000u
#define STACK_ADDRESS 0x200000000u
#define STACK_BYTES (CODE_DEPTH_MAX * CODE_FRAME_MAX)

static const struct code_helper helpers[] = {
    {CODE_EMIT, 3, CODE_PRICE_EMIT, true}};
static const struct code_use uses[2] = {
    {.helpers = helpers,
     .helper_count = 1,
     .stack = STACK_BYTES,
     .arguments = {CODE_POINTER, CODE_NUMBER},
     .read_only = true},
    {.stack = STACK_BYTES,
     .arguments = {CODE_POINTER, CODE_NUMBER, CODE_NUMBER, CODE_NUMBER},
     .read_only = true}};

static bool
verify(struct type_run *type, int which, uint32_t offset, uint32_t count)
{
    struct code_verifier v;
    int result;

    code_verify_begin(&v, (const void *)(type->block + offset), count,
                      &uses[which], type->notes[which]);
    do {
        result = code_verify_step(&v, 1000);
    } while (result == -EAGAIN);
    return result == 0;
}

bool
type_run_learn(struct type_run *type, const void *block)
{
    const struct disk_type *head = (const void *)type->block;

    if (memcmp(type->block, block, DISK_BLOCK_BYTES) != 0) {
        memcpy(type->block, block, DISK_BLOCK_BYTES);
        type->good = disk_format_type_check(type->block) == 0 &&
                     verify(type, 0, head->owns, head->owns_count) &&
                     verify(type, 1, head->access, head->access_count);
    }
    return type->good;
}

/* r1 to r4 are in run->registers. */
static bool
run_do(struct type_run *type, int which, uint32_t offset, const uint8_t *image,
       struct code_run *run, uint64_t *result)
{
    uint8_t stack[STACK_BYTES] = {0};
    enum code_stop stop;

    run->program = (const void *)(type->block + offset);
    run->notes = type->notes[which];
    run->memory = (uint8_t *)(uintptr_t)image;
    run->memory_size = DISK_BLOCK_BYTES;
    run->memory_address = IMAGE_ADDRESS;
    run->stack = stack;
    run->stack_size = sizeof(stack);
    run->stack_address = STACK_ADDRESS;
    run->fuel = (which == 0 ? CODE_FUEL_OWNS : CODE_FUEL_ACCESS);
    run->fuel -= code_price_function(run->program, run->notes, &uses[which], 0);
    run->registers[1] = IMAGE_ADDRESS;
    run->registers[2] = DISK_BLOCK_BYTES;
    stop = code_run(run, &uses[which]);
    *result = run->registers[0];
    return stop == CODE_STOP_EXIT;
}

bool
type_run_owns(struct type_run *type, const uint8_t *image,
              uint64_t (*emit)(void *context, uint32_t number,
                               const uint64_t *arguments),
              void *context, uint64_t *result)
{
    const struct disk_type *head = (const void *)type->block;
    struct code_run run = {.helper = emit, .context = context};

    return run_do(type, 0, head->owns, image, &run, result);
}

bool
type_run_access(struct type_run *type, const uint8_t *image, uint64_t first,
                uint64_t right, uint64_t *result)
{
    const struct disk_type *head = (const void *)type->block;
    struct code_run run = {.registers = {0, 0, 0, first, right}};

    return run_do(type, 1, head->access, image, &run, result);
}
