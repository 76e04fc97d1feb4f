/* SPDX-License-Identifier: MIT */
#include "test/power-cut/survey.h"

#include "lib/disk/format.h"
#include "test/host/check.h"
#include "test/host/code_run.h"

#define IMAGE_ADDRESS 0x100000000u
#define STACK_ADDRESS 0x200000000u
#define STACK_BYTES (CODE_DEPTH_MAX * CODE_FRAME_MAX)

/* What was found out about the block of a type, as long as it is the same. */
struct known_type {
    bool good;
    _Alignas(8) uint8_t block[DISK_BLOCK_BYTES];
    struct code_note notes[DISK_BLOCK_BYTES / 8];
};
static struct known_type known[DISK_TYPES];

struct emitted {
    const struct survey *survey;
    struct disk_extent *extents;
    int count;
    bool malformed;
};

static const struct code_helper helpers[] = {{CODE_EMIT, 3}};
static const struct code_use use = {
    helpers,
    1,
    STACK_BYTES,
    {CODE_POINTER, CODE_NUMBER, CODE_ABSENT, CODE_ABSENT, CODE_ABSENT}};

static bool
type_learn(struct known_type *k, const uint8_t *block)
{
    const struct disk_type *type = (const void *)k->block;
    struct code_verifier v;
    int result;

    memcpy(k->block, block, DISK_BLOCK_BYTES);
    if (disk_format_type_check(k->block) != 0) {
        return false;
    }
    code_verify_begin(&v, (const void *)(k->block + type->owns),
                      type->owns_count, &use, k->notes);
    do {
        result = code_verify_step(&v, 1000);
    } while (v.fault == CODE_FAULT_NONE && result != 0);
    return result == 0;
}

/* The type in a slot of this disk, or NULL. */
static struct known_type *
type_get(const struct survey *s, uint32_t number)
{
    struct known_type *k;
    const uint8_t *block;

    if (number < DISK_TYPE_FIRST || number >= DISK_TYPES) {
        return NULL;
    }
    k = &known[number];
    block = s->image + (size_t)number * DISK_BLOCK_BYTES;
    if (memcmp(k->block, block, DISK_BLOCK_BYTES) != 0) {
        k->good = type_learn(k, block);
    }
    return k->good ? k : NULL;
}

static uint64_t
extent_emit(void *context, uint32_t number, const uint64_t *arguments)
{
    struct emitted *e = context;
    uint64_t first = arguments[0];
    uint64_t count = arguments[1];
    uint64_t type = arguments[2];
    const struct disk_extent *last = &e->extents[e->count - 1];

    CHECK_EQUAL(number, CODE_EMIT);
    if (e->malformed || e->count == DISK_EXTENTS_MAX || count == 0 ||
        first < DISK_FIRST_BLOCK || first >= e->survey->blocks ||
        count > e->survey->blocks - first || type >= DISK_TYPES ||
        (type != DISK_TYPE_DATA &&
         type_get(e->survey, (uint32_t)type) == NULL) ||
        (e->count > 0 && first < last->first + last->count)) {
        e->malformed = true;
        return 1;
    }
    e->extents[e->count++] =
        (struct disk_extent){first, (uint32_t)count, (uint32_t)type};
    return 0;
}

static int
catalogue_owns(const struct survey *s, const uint8_t *image,
               struct disk_extent *extents)
{
    const struct disk_tree *trees = (const void *)image;
    struct emitted e = {s, extents, 0, false};
    int i;

    for (i = 0; i < DISK_TREES && trees[i].count > 0; i++) {
        (void)extent_emit(
            &e, CODE_EMIT,
            (uint64_t[]){trees[i].first, trees[i].count, trees[i].type, 0, 0});
    }
    for (; i < DISK_TREES; i++) {
        e.malformed |= trees[i].count > 0;
    }
    return e.malformed ? -1 : e.count;
}

int
survey_owns(const struct survey *survey, uint32_t type, const uint8_t *image,
            struct disk_extent *extents)
{
    uint8_t stack[STACK_BYTES] = {0};
    struct emitted e = {survey, extents, 0, false};
    struct known_type *k = type_get(survey, type);
    const struct disk_type *head;
    struct code_run run = {
        .memory = (uint8_t *)(uintptr_t)image,
        .memory_size = DISK_BLOCK_BYTES,
        .memory_address = IMAGE_ADDRESS,
        .stack = stack,
        .stack_size = sizeof(stack),
        .stack_address = STACK_ADDRESS,
        .fuel = CODE_FUEL_DISK,
        .helper = extent_emit,
        .context = &e,
        .registers = {0, IMAGE_ADDRESS, DISK_BLOCK_BYTES},
    };

    if (type == DISK_TYPE_CATALOGUE) {
        return catalogue_owns(survey, image, extents);
    }
    if (k == NULL) {
        return -1;
    }
    head = (const void *)k->block;
    run.program = (const void *)(k->block + head->owns);
    run.notes = k->notes;
    return code_run(&run, &use) == CODE_STOP_EXIT && run.registers[0] == 0 &&
                   !e.malformed
               ? e.count
               : -1;
}

/* Visits a metadata block, and, deeper and deeper, all that it owns. */
static void
visit(struct survey *s, uint64_t block, uint32_t type)
{
    const uint8_t *image = s->image + block * DISK_BLOCK_BYTES;
    struct disk_extent *extents = malloc(DISK_EXTENTS_MAX * sizeof(*extents));
    int count;
    int i;
    uint64_t b;

    CHECK(extents != NULL);
    count = survey_owns(s, type, image, extents);
    if (count < 0) {
        s->block[block].malformed = true;
        s->malformed++;
    }
    for (i = 0; i < count; i++) {
        for (b = extents[i].first; b < extents[i].first + extents[i].count;
             b++) {
            struct survey_block *found = &s->block[b];

            if (found->owners > 0) {
                found->parent[1] = (uint32_t)block;
                s->twice += found->owners == 1;
                found->owners =
                    (uint8_t)(found->owners + (found->owners < UINT8_MAX));
                continue;
            }
            found->owners = 1;
            found->parent[0] = (uint32_t)block;
            found->type = (uint8_t)extents[i].type;
            s->used++;
            if (extents[i].type != DISK_TYPE_DATA) {
                visit(s, b, extents[i].type);
            }
        }
    }
    free(extents);
}

bool
survey_run(struct survey *survey, const uint8_t *image, uint64_t bytes)
{
    int64_t blocks = disk_format_blocks(image);

    memset(survey, 0, sizeof(*survey));
    survey->image = image;
    if (bytes < DISK_BLOCK_BYTES || blocks < 0 ||
        (uint64_t)blocks > bytes / DISK_BLOCK_BYTES ||
        blocks > SURVEY_BLOCKS_MAX) {
        return false;
    }
    survey->blocks = (uint64_t)blocks;
    visit(survey, DISK_CATALOGUE_BLOCK, DISK_TYPE_CATALOGUE);
    return true;
}
