/* SPDX-License-Identifier: MIT */
/* The arguments are put together in frames that are seen elsewhere, and then
   mapped where stacks end: among what table.h has for filling; if they are
   many, in free entries of lib/exo's window, which costs tables of its own.
   What is below the arguments there may hold what the process had in them
   before. */
#include <errno.h>
#include <string.h>

#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/posix/exec.h"
#include "lib/posix/layout.h"
#include "lib/posix/space.h"
#include "lib/posix/table.h"

#define STAGE ((int64_t)(EXO_WINDOW + EXO_WINDOW_FREE * PAGE))
#define CAPS (POSIX_CAP_OWN | POSIX_CAP_OWN << 8)
#define STAGE_PAGES (sizeof(((struct exec_stack *)0)->frame) / sizeof(uint64_t))

_Static_assert(STAGE_PAGES <= 64 &&
                   STAGE_PAGES <= EXO_WINDOW_FREE_END - EXO_WINDOW_FREE,
               "the arguments fit in the window");

struct measure {
    uint64_t count;
    uint64_t bytes;
};

/* False when there is too much of it. */
static bool
word_measure(struct measure *measure, const char *word)
{
    measure->count++;
    measure->bytes += strlen(word) + 1;
    return measure->bytes + measure->count * sizeof(word) <= EXEC_ARGUMENTS_MAX;
}

static bool
list_measure(struct measure *measure, char *const *list)
{
    bool fits = true;

    while (fits && list != NULL && *list != NULL) {
        fits = word_measure(measure, *list++);
    }
    return fits;
}

/* Strings are copied to `text`, and their addresses put down at `place`, as
   they will be: `shift` behind where they are. */
struct writer {
    uint64_t *place;
    char *text;
    uint64_t shift;
};

static void
word_write(struct writer *writer, const char *word)
{
    size_t size = strlen(word) + 1;

    memcpy(writer->text, word, size);
    *writer->place++ = (uint64_t)writer->text + writer->shift;
    writer->text += size;
}

static void
list_write(struct writer *writer, char *const *list)
{
    while (list != NULL && *list != NULL) {
        word_write(writer, *list++);
    }
    *writer->place++ = 0;
}

static bool
is_small(const struct exec_stack *stack)
{
    return stack->pages < TABLE_SCRATCHES; /* one is not for this */
}

static void
stage_unmap(const struct exec_stack *stack)
{
    if (is_small(stack)) {
        table_scratch_end((unsigned)stack->pages);
    } else {
        (void)sys_pt_unmap(POSIX_CAP_OWN, exo_map_window, EXO_WINDOW_FREE,
                           stack->pages);
    }
}

/* Where the frames are seen, or the negative of an error. */
static int64_t
stage_map(const struct exec_stack *stack)
{
    struct exo_map own = exo_map_own();
    int64_t error;

    if (is_small(stack)) {
        return table_scratch(POSIX_CAP_OWN, stack->frame,
                             (unsigned)stack->pages);
    }
    error = exo_map_table(&own, EXO_WINDOW); /* the window is there, then */
    for (uint64_t i = 0; i < stack->pages; i++) {
        exo_uarea->batch[i] = stack->frame[i] << 10 | EXO_R | EXO_W | EXO_AD;
    }
    error = error < 0 ? error
                      : sys_pt_map(CAPS, exo_map_window, EXO_WINDOW_FREE,
                                   stack->pages);
    return error < 0 ? error : STAGE;
}

/* Frames; the last of them ends where the stack will. */
static int64_t
stage_make(struct exec_stack *stack, uint64_t pages)
{
    int64_t error = 0;
    bool clean;

    for (stack->pages = 0; error >= 0 && stack->pages < pages;) {
        error = page_new(POSIX_CAP_OWN, &clean);
        if (error >= 0) {
            stack->frame[stack->pages++] = (uint64_t)error;
        }
    }
    error = error < 0 ? error : stage_map(stack);
    if (error < 0) {
        exec_stack_drop(stack);
    }
    return error;
}

void
exec_stack_drop(struct exec_stack *stack)
{
    stage_unmap(stack);
    while (stack->pages > 0) {
        (void)sys_frame_free(stack->frame[--stack->pages], 0);
    }
}

int64_t
exec_stack_make(struct exec_stack *stack, const struct exec_words *words)
{
    struct measure all = {0, 0};
    struct writer writer;
    uint64_t table;
    uint64_t size;
    uint64_t pages;
    uint64_t *count;
    uint64_t end;
    bool fits = true;
    int64_t stage;

    for (unsigned i = 0; fits && i < words->firsts; i++) {
        fits = word_measure(&all, words->first[i]);
    }
    fits = fits && list_measure(&all, words->rest);
    if (!fits || !list_measure(&all, words->environment)) {
        return -E2BIG;
    }
    table = (all.count + 3) * sizeof(uint64_t);
    size = (table + all.bytes + 15) & ~15ul;
    pages = (size + PAGE - 1) / PAGE + 1; /* one to begin with */
    stage = stage_make(stack, pages);
    if (stage < 0) {
        return stage == -EBUSY ? -ENOMEM : stage;
    }
    end = (uint64_t)stage + pages * PAGE;
    stack->stack = POSIX_STACK_TOP - size;
    count = (uint64_t *)(end - size);
    writer = (struct writer){count + 1, (char *)count + table,
                             POSIX_STACK_TOP - end};
    for (unsigned i = 0; i < words->firsts; i++) {
        word_write(&writer, words->first[i]);
    }
    list_write(&writer, words->rest);
    *count = (uint64_t)(writer.place - count) - 2;
    list_write(&writer, words->environment);
    return 0;
}

int64_t
exec_stack_map(struct exec_stack *stack)
{
    stage_unmap(stack);
    return space_place(POSIX_STACK_TOP - stack->pages * PAGE, stack->frame,
                       stack->pages, EXO_W);
}
