/* SPDX-License-Identifier: MIT */
/*
 * The new program's stack, with its arguments on it, is put together in free
 * entries of the window, in frames that are then mapped where stacks end. What
 * takes the old program away runs on a stack of its own.
 */
#include "lib/posix/exec.h"

#include <errno.h>
#include <string.h>

#include "lib/exo/elf.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/posix/image.h"
#include "lib/posix/layout.h"
#include "lib/posix/space.h"

#define PAGE ((uint64_t)FRAME_SIZE)
#define STAGE ((char *)(EXO_WINDOW + EXO_WINDOW_FREE * PAGE))
#define STAGE_PAGES (EXEC_ARGUMENTS_MAX / FRAME_SIZE + 2)
#define BATCH 64
#define EXEC_STACK 4096

_Static_assert(STAGE_PAGES <= BATCH &&
                   STAGE_PAGES <= EXO_WINDOW_FREE_END - EXO_WINDOW_FREE,
               "the arguments fit in the window");

/* What there is to be done, once the old program goes. */
static struct plan {
    struct exec_file file;
    uint64_t entry;
    uint64_t stack;
    uint64_t pages; /* of the stack, staged */
    uint64_t frame[STAGE_PAGES];
} plan;

static _Alignas(16) POSIX_RESIDENT unsigned char exec_stack[EXEC_STACK];

struct words {
    uint64_t count;
    uint64_t bytes;
};

static struct words
words_measure(char *const *word)
{
    struct words words = {0, 0};

    while (word != NULL && word[words.count] != NULL) {
        words.bytes += strlen(word[words.count++]) + 1;
    }
    return words;
}

/* Frames for the end of the stack, in the window; the last of them ends where
   the stack will. */
static int64_t
stage_make(uint64_t pages)
{
    uint64_t caps = POSIX_CAP_OWN | POSIX_CAP_OWN << 8;
    struct exo_map own = exo_map_own();
    unsigned level;
    int64_t error = exo_map_find(&own, EXO_WINDOW, &level); /* it is there */

    plan.pages = 0;
    while (error >= 0 && plan.pages < pages) {
        error = exo_frame_alloc(POSIX_CAP_OWN, 0);
        if (error >= 0) {
            plan.frame[plan.pages++] = (uint64_t)error;
        }
    }
    for (uint64_t i = 0; i < plan.pages; i++) {
        exo_uarea->batch[i] = plan.frame[i] << 10 | EXO_R | EXO_W | EXO_AD;
    }
    return error < 0 ? error
                     : sys_pt_map(caps, exo_map_window, EXO_WINDOW_FREE, pages);
}

static void
stage_unmap(void)
{
    (void)sys_pt_unmap(POSIX_CAP_OWN, exo_map_window, EXO_WINDOW_FREE,
                       plan.pages);
}

static void
stage_drop(void)
{
    stage_unmap();
    while (plan.pages > 0) {
        (void)sys_frame_free(plan.frame[--plan.pages], 0);
    }
}

/* Copies strings to `text`, and says at `place` where they will be: `shift` is
   from here to there. */
static char *
words_copy(uint64_t *place, char *text, uint64_t shift, char *const *word,
           uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        size_t size = strlen(word[i]) + 1;

        memcpy(text, word[i], size);
        place[i] = (uint64_t)text + shift;
        text += size;
    }
    place[count] = 0;
    return text;
}

static int64_t
arguments_stage(char *const *arguments, char *const *environment)
{
    struct words argument = words_measure(arguments);
    struct words variable = words_measure(environment);
    uint64_t table = (argument.count + variable.count + 3) * sizeof(uint64_t);
    uint64_t size = (table + argument.bytes + variable.bytes + 15) & ~15ul;
    uint64_t pages = (size + PAGE - 1) / PAGE + 1; /* one to begin with */
    uint64_t *place;
    uint64_t shift;
    char *text;
    int64_t error;

    if (argument.bytes > EXEC_ARGUMENTS_MAX ||
        variable.bytes > EXEC_ARGUMENTS_MAX || size > EXEC_ARGUMENTS_MAX) {
        return -E2BIG;
    }
    error = stage_make(pages);
    if (error < 0) {
        stage_drop();
        return error;
    }
    plan.stack = FIRST_STACK_TOP - size;
    shift = FIRST_STACK_TOP - (uint64_t)(STAGE + pages * PAGE);
    place = (uint64_t *)(void *)(STAGE + pages * PAGE - size);
    text = (char *)place + table;
    *place++ = argument.count;
    text = words_copy(place, text, shift, arguments, argument.count);
    place += argument.count + 1;
    (void)words_copy(place, text, shift, environment, variable.count);
    return 0;
}

/* Segments of a program lie below the libOS's data. */
static int64_t
file_check(const struct exec_file *file)
{
    struct exo_segment segment;

    if (exo_elf_check(file->bytes, file->size, &plan.entry) < 0) {
        return -ENOEXEC;
    }
    for (unsigned i = 0; exo_elf_segment(file->bytes, i, &segment); i++) {
        if (segment.address + segment.memory_size > LIBOS_DATA) {
            return -ENOEXEC;
        }
    }
    return 0;
}

static int64_t
segment_load(const struct exec_file *file, const struct exo_segment *segment)
{
    uint64_t from = segment->address & ~(PAGE - 1);
    uint64_t end = segment->address + segment->memory_size;
    uint64_t pages = (end - from + PAGE - 1) / PAGE;
    int64_t error = space_make(from, pages, EXO_W);

    if (error < 0) {
        return error;
    }
    memcpy((void *)segment->address, file->bytes + segment->offset,
           segment->file_size);
    return (segment->bits & EXO_W) != 0
               ? 0
               : space_protect(from, pages, EXO_W, segment->bits & EXO_X);
}

static int64_t
stack_map(void)
{
    struct exo_map own = exo_map_own();
    struct exo_range range = {FIRST_STACK_TOP - plan.pages * PAGE, plan.pages,
                              0};

    stage_unmap();
    return exo_map_insert(&own, &range, POSIX_CAP_OWN, plan.frame, EXO_W);
}

/* On the stack of its own: the old program goes, and the new one begins. */
static void
plan_do(void *argument)
{
    struct exo_segment segment;
    uint64_t heap = ((uint64_t)__heap_start + PAGE - 1) & ~(PAGE - 1);
    int64_t error = space_clear(0, LIBOS_DATA);

    (void)argument;
    error = error < 0 ? error : space_clear(heap, LIBOS_DATA_END);
    error = error < 0 ? error
                      : space_clear(FIRST_STACK_TOP - POSIX_STACK_SIZE,
                                    FIRST_STACK_TOP);
    for (unsigned i = 0;
         error >= 0 && exo_elf_segment(plan.file.bytes, i, &segment); i++) {
        error = segment_load(&plan.file, &segment);
    }
    error = error < 0 ? error : stack_map();
    if (error < 0) {
        exo_uarea->masked = MASKED_DOUBLE;
        __asm__ volatile("ebreak");
    }
    exo_code_fence();
    image_anew();
    posix_enter(plan.entry, (void *)plan.stack);
}

int64_t
exec_replace(const struct exec_file *file, char *const *arguments,
             char *const *environment)
{
    int64_t error = file_check(file);

    error = error < 0 ? error : arguments_stage(arguments, environment);
    if (error < 0) {
        return error;
    }
    plan.file = *file;
    posix_stack(exec_stack + sizeof(exec_stack), plan_do, NULL);
}
