/* SPDX-License-Identifier: MIT */
#include "test/power-cut/survey.h"

#include "lib/disk/format.h"
#include "test/host/check.h"
#include "test/power-cut/type_run.h"

static struct type_run known[DISK_TYPES];

struct emitted {
    const struct survey *survey;
    struct disk_extent *extents;
    int count;
    bool malformed;
};

/* The type in a slot of this disk, or NULL. */
static struct type_run *
type_get(const struct survey *s, uint32_t number)
{
    if (number < DISK_TYPE_FIRST || number >= DISK_TYPES ||
        !type_run_learn(&known[number],
                        s->image + (size_t)number * DISK_BLOCK_BYTES)) {
        return NULL;
    }
    return &known[number];
}

static uint64_t
extent_emit(void *context, uint32_t number, const uint64_t *arguments)
{
    struct emitted *e = context;
    uint64_t first = arguments[0];
    uint64_t count = arguments[1];
    uint64_t type = arguments[2];
    const struct disk_extent *last = e->extents + e->count - 1;

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
    struct emitted e = {survey, extents, 0, false};
    struct type_run *k = type_get(survey, type);
    uint64_t result;

    if (type == DISK_TYPE_CATALOGUE) {
        return catalogue_owns(survey, image, extents);
    }
    return k != NULL && type_run_owns(k, image, extent_emit, &e, &result) &&
                   result == 0 && !e.malformed
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
