/* SPDX-License-Identifier: MIT */
#include "lib/exo/program.h"

#include <string.h>

#include "kern/abi/cap.h"
#include "kern/abi/frame.h"
#include "lib/exo/elf.h"
#include "lib/exo/page.h"

#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)
#define OWN_STACK 0 /* words of the U-area, for program.S */
#define OWN_ROOT 1
#define OWN_ID 2
#define OWN_CAP 3
#define OWN_ARGUMENT 4

/* In program.S. */
extern const char exo_program_first[];
extern const char exo_program_first_end[];

/* A page of the child's with `bytes` from `offset` on, else zero. Its number.
 */
static int64_t
page_make(const struct exo_map *map, uint64_t address, uint64_t bits,
          const void *bytes, size_t offset, size_t count)
{
    struct exo_range range = {address, 1, 0};
    int64_t frame = exo_frame_alloc(map->cap, 0);
    uint64_t number = (uint64_t)frame;
    unsigned char *page;
    int64_t error;

    if (frame < 0) {
        return frame;
    }
    page = exo_map_borrow(map->cap, number);
    if (page == NULL) {
        exo_frame_free(number);
        return -EPERM;
    }
    exo_page_clear(page);
    if (count > 0) {
        memcpy(page + offset, bytes, count);
    }
    exo_map_return();
    error = exo_map_insert(map, &range, map->cap, &number, bits);
    if (error < 0) {
        exo_frame_free(number);
        return error;
    }
    return frame;
}

static int64_t
segment_make(const struct exo_map *map, const unsigned char *file,
             const struct exo_segment *segment)
{
    uint64_t end = segment->address + segment->memory_size;
    uint64_t file_end = segment->address + segment->file_size;
    uint64_t page = segment->address & ~(FRAME_SIZE - 1);
    int64_t error = 0;

    for (; page < end && error >= 0; page += FRAME_SIZE) {
        uint64_t from = page > segment->address ? page : segment->address;
        uint64_t to =
            page + FRAME_SIZE < file_end ? page + FRAME_SIZE : file_end;
        size_t count = from < to ? to - from : 0;
        const void *bytes =
            count > 0 ? file + segment->offset + (from - segment->address)
                      : NULL;

        error = page_make(map, page, segment->bits, bytes, from - page, count);
    }
    return error;
}

/* Whether a frame is to be the child's: it has its name. */
static bool
is_childs(const struct exo_map *map, uint64_t frame)
{
    const volatile struct frame *f = &RECORDS[frame];
    const volatile struct frame *root = &RECORDS[map->root];

    return f->owner == exo_id && f->guard.word[0] == root->guard.word[0] &&
           f->guard.word[1] == root->guard.word[1];
}

static int64_t
entry_drop(void *context, const struct exo_entry *e)
{
    const struct exo_map *map = context;
    uint64_t frame = e->entry << 10 >> 20;
    int64_t error;

    if (!(e->entry & (EXO_R | EXO_W | EXO_X))) {
        return exo_map_unlink(map, e);
    }
    error = sys_pt_unmap(map->cap, e->table, e->index, 1);
    if (error >= 0 && is_childs(map, frame)) {
        /* One that is mapped twice is freed at the last. */
        error = exo_frame_free(frame);
        error = error == -EBUSY ? 0 : error;
    }
    return error;
}

static int64_t
env_end(struct exo_child *child)
{
    int64_t error;

    do {
        error = sys_env_destroy(child->map.cap, child->id);
    } while (error == -EAGAIN);
    child->id = 0;
    return error == -ESRCH ? 0 : error; /* some hart had made the last step */
}

/* Gives back what of the address space is still this env's, then what has
   passed to the child. */
static int64_t
child_drop(struct exo_child *child)
{
    int64_t error = exo_map_visit(&child->map, entry_drop, &child->map);

    return error < 0        ? error
           : child->id != 0 ? env_end(child)
                            : exo_map_free(&child->map);
}

static int64_t
stack_make(const struct exo_map *map)
{
    int64_t error = 0;

    for (unsigned i = 1; i <= EXO_STACK_PAGES && error >= 0; i++) {
        error =
            page_make(map, FIRST_STACK_TOP - i * FRAME_SIZE, EXO_W, NULL, 0, 0);
    }
    return error;
}

int64_t
exo_program_load(struct exo_child *child, uint64_t cap, const void *file,
                 size_t size)
{
    struct exo_segment segment;
    struct exo_map *map = &child->map;
    int64_t error = exo_elf_check(file, size, &child->entry);

    child->id = 0;
    child->hart = exo_uarea->hart;
    child->account = 0;
    error = error < 0 ? error : exo_map_new(map, cap);
    if (error < 0) {
        return error;
    }
    for (unsigned i = 0; error >= 0 && exo_elf_segment(file, i, &segment);
         i++) {
        error = segment_make(map, file, &segment);
    }
    error = error < 0 ? error : stack_make(map);
    error =
        error < 0
            ? error
            : page_make(map, EXO_START, EXO_X, exo_program_first, 0,
                        (size_t)(exo_program_first_end - exo_program_first));
    error = error < 0 ? error : page_make(map, FIRST_UAREA, EXO_W, NULL, 0, 0);
    child->uarea = (uint64_t)error;
    if (error < 0) {
        (void)child_drop(child);
        return error;
    }
    return 0;
}

static int64_t
uarea_fill(const struct exo_child *child, uint64_t own, uint64_t argument)
{
    struct uarea *uarea = exo_map_borrow(child->map.cap, child->uarea);

    if (uarea == NULL) {
        return -EPERM;
    }
    uarea->self = FIRST_UAREA;
    uarea->version = UAREA_VERSION;
    uarea->entry_prologue = EXO_START;
    uarea->level[LEVEL_INTERRUPT].pc = child->entry;
    uarea->level[LEVEL_INTERRUPT].t0 = FIRST_UAREA;
    uarea->own[OWN_STACK] = FIRST_STACK_TOP;
    uarea->own[OWN_ROOT] = child->map.root;
    uarea->own[OWN_ID] = child->id;
    uarea->own[OWN_CAP] = own;
    uarea->own[OWN_ARGUMENT] = argument;
    exo_map_return();
    return 0;
}

/* Makes the env of two frames and the root, which pass to it. */
static int64_t
env_make(struct exo_child *child)
{
    uint64_t cap = child->map.cap;
    int64_t record = exo_frame_alloc(cap, 0);
    int64_t list = exo_frame_alloc(cap, 0);
    int64_t id = record < 0 ? record : list;

    if (id >= 0) {
        do {
            id = sys_env_create(cap, (uint64_t)record, (uint64_t)list,
                                child->map.root, child->account);
        } while (id == -EAGAIN);
    }
    if (id < 0) {
        if (record > 0) {
            exo_frame_free((uint64_t)record);
        }
        if (list > 0) {
            exo_frame_free((uint64_t)list);
        }
        return id;
    }
    child->id = (uint64_t)id;
    return 0;
}

static int64_t
entry_give(void *context, const struct exo_entry *e)
{
    const struct exo_child *child = context;
    uint64_t frame = e->entry << 10 >> 20;

    int64_t error = 0;

    if (is_childs(&child->map, frame)) {
        do {
            error = sys_frame_give(child->map.cap, frame, child->id);
        } while (error == -EAGAIN);
    }
    return error;
}

static int64_t
uarea_bind(const struct exo_child *child)
{
    int64_t error;

    do {
        error =
            sys_env_bind(child->map.cap, child->id, child->hart, child->uarea);
    } while (error == -EAGAIN);
    return error;
}

int64_t
exo_program_start(struct exo_child *child, uint64_t own,
                  const struct exo_grant *grant, unsigned grants,
                  uint64_t argument)
{
    uint64_t cap = child->map.cap;
    int64_t error = env_make(child);

    error = error < 0 ? error
                      : sys_cap_grant(cap, cap, child->id, own, CAP_RIGHTS_ALL);
    for (unsigned i = 0; i < grants && error >= 0; i++) {
        error = sys_cap_grant(grant[i].from, cap, child->id, grant[i].to,
                              grant[i].keep);
    }
    error = error < 0 ? error : uarea_fill(child, own, argument);
    error = error < 0 ? error : exo_map_visit(&child->map, entry_give, child);
    error = error < 0 ? error : uarea_bind(child);
    if (error < 0) {
        (void)child_drop(child);
    }
    return error;
}

int64_t
exo_program_end(struct exo_child *child)
{
    return child->id != 0 ? env_end(child) : child_drop(child);
}
