/* SPDX-License-Identifier: MIT */
#include "test/power-cut/type_run.h"

#include <string.h>

#include "lib/disk/format.h"
#include "test/host/code_run.h"

#define IMAGE_ADDRESS 0x100000000u
#define STACK_ADDRESS 0x200000000u
#define STACK_BYTES (CODE_DEPTH_MAX * CODE_FRAME_MAX)

static const struct code_helper helpers[] = {{CODE_EMIT, 3}};
static const struct code_use use = {
    helpers,
    1,
    STACK_BYTES,
    {CODE_POINTER, CODE_NUMBER, CODE_ABSENT, CODE_ABSENT, CODE_ABSENT}};

bool
type_run_learn(struct type_run *type, const void *block)
{
    const struct disk_type *head = (const void *)type->block;
    struct code_verifier v;
    int result;

    if (memcmp(type->block, block, DISK_BLOCK_BYTES) == 0) {
        return type->good;
    }
    memcpy(type->block, block, DISK_BLOCK_BYTES);
    type->good = false;
    if (disk_format_type_check(type->block) == 0) {
        code_verify_begin(&v, (const void *)(type->block + head->owns),
                          head->owns_count, &use, type->notes);
        do {
            result = code_verify_step(&v, 1000);
        } while (v.fault == CODE_FAULT_NONE && result != 0);
        type->good = result == 0;
    }
    return type->good;
}

bool
type_run_owns(struct type_run *type, const uint8_t *image,
              uint64_t (*emit)(void *context, uint32_t number,
                               const uint64_t *arguments),
              void *context, uint64_t *result)
{
    uint8_t stack[STACK_BYTES] = {0};
    const struct disk_type *head = (const void *)type->block;
    struct code_run run = {
        .program = (const void *)(type->block + head->owns),
        .notes = type->notes,
        .memory = (uint8_t *)(uintptr_t)image,
        .memory_size = DISK_BLOCK_BYTES,
        .memory_address = IMAGE_ADDRESS,
        .stack = stack,
        .stack_size = sizeof(stack),
        .stack_address = STACK_ADDRESS,
        .fuel = CODE_FUEL_DISK,
        .helper = emit,
        .context = context,
        .registers = {0, IMAGE_ADDRESS, DISK_BLOCK_BYTES},
    };
    enum code_stop stop = code_run(&run, &use);

    *result = run.registers[0];
    return stop == CODE_STOP_EXIT;
}
