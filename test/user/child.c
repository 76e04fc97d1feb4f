/* SPDX-License-Identifier: MIT */
#include "test/user/child.h"

#include "kern/abi/cap.h"
#include "lib/exo/map.h"
#include "test/user/expect.h"

#define TEXT 0x10000UL
#define TEXT_PAGES 16
#define PAGE 4096UL

uint64_t child_account;

uint64_t
frame_clean(uint64_t cap)
{
    int64_t frame = sys_frame_alloc(cap, 0, 0);

    if (frame <= 0) {
        printf("test: no frame: %ld\n", frame);
        exit(EXIT_FAILURE);
    }
    (void)sys_frame_scrub((uint64_t)frame);
    return (uint64_t)frame;
}

static void
map_page(const struct exo_map *map, uint64_t address, uint64_t cap,
         uint64_t frame)
{
    struct exo_range range = {address, 1, 0};

    EXPECT(exo_map_insert(map, &range, cap, &frame, EXO_R | EXO_W), 0);
}

/* Gives a page table, which is no root, to the env in the making. */
static int64_t
table_give(void *context, const struct exo_entry *e)
{
    const struct child *child = context;

    return e->entry & EXO_R
               ? 0
               : sys_frame_give(CAP_CHILD, e->entry >> 10, child->id);
}

uint64_t
table_new(uint64_t cap, uint64_t level)
{
    uint64_t table = frame_clean(cap);

    EXPECT(sys_pt_make(table, frame_clean(cap), level), 0);
    return table;
}

/* Nothing of the parent's data is there, so gp and tp do not matter. */
__asm__(".text\n"
        ".balign 4\n"
        ".global child_start\n"
        "child_start:\n"
        "   mv sp, t1\n"
        "   mv a0, t0\n"
        "   ld t2, 0x1f0(t0)\n" /* uarea->own[24] */
        "   jr t2\n");

struct child
child_make(uint64_t shared, void (*run)(struct uarea *uarea))
{
    return child_make_on(shared, run, 0);
}

struct child
child_make_on(uint64_t shared, void (*run)(struct uarea *uarea), uint64_t hart)
{
    struct exo_map own = exo_map_own();
    struct exo_range text = {TEXT, TEXT_PAGES, 0};
    uint64_t c = CAP_CHILD;
    uint64_t record = frame_clean(c);
    uint64_t list = frame_clean(c);
    uint64_t stack = frame_clean(c);
    struct child child = {.uarea = frame_clean(c)};
    struct exo_map map;
    struct uarea *uarea;

    EXPECT(exo_map_new(&map, c), 0);
    /* Without a right to write it. */
    EXPECT(exo_map_copy(&own, &text, &map, TEXT, EXO_X | EXO_AD), 0);
    map_page(&map, SHARED, 0, shared);
    map_page(&map, CHILD_UAREA, c, child.uarea);
    map_page(&map, CHILD_STACK, c, stack);

    uarea = exo_map_borrow(c, child.uarea);
    *uarea = (struct uarea){0}; /* it may have been another child's */
    uarea->self = CHILD_UAREA;
    uarea->version = UAREA_VERSION;
    exo_uarea_init(uarea, NULL);
    uarea->entry_exception = 0;
    uarea->entry_interrupt = 0;
    uarea->level[LEVEL_INTERRUPT].pc = (uint64_t)child_start;
    uarea->own[24] = (uint64_t)run;
    uarea->level[LEVEL_INTERRUPT].t1 = CHILD_STACK + PAGE;
    uarea->level[LEVEL_INTERRUPT].t0 = CHILD_UAREA;
    exo_map_return();

    child.id =
        (uint64_t)sys_env_create(c, record, list, map.root, child_account);
    EXPECT((int64_t)child.id > 0, 1);
    EXPECT(sys_yield(child.id), -ESRCH);
    EXPECT(exo_map_visit(&map, table_give, &child), 0);
    EXPECT(sys_frame_give(c, stack, child.id), 0);
    EXPECT(sys_env_bind(c, child.id, hart, child.uarea),
           -EINVAL); /* not its own */
    EXPECT(sys_frame_give(c, child.uarea, child.id), 0);
    EXPECT(sys_cap_grant(0, c, child.id, 3, CAP_READ), 0);
    EXPECT(sys_cap_grant(0, c, child.id, 3, CAP_READ), -EBUSY);
    EXPECT(sys_cap_grant(c, c, child.id, CHILD_CAP_OWN, CAP_RIGHTS_ALL), 0);
    EXPECT(sys_env_bind(0, child.id, hart, child.uarea), 0);
    EXPECT(sys_env_bind(0, child.id, hart, child.uarea), -EBUSY);
    EXPECT(sys_cap_grant(0, c, child.id, 4, CAP_READ), -EBUSY); /* it is born */
    child.leaf = (uint64_t)exo_map_table(&map, SHARED);
    exo_map_forget(); /* what holds the tables is what the test made */
    child.frames[0] = record;
    child.frames[1] = stack;
    child.frames[2] = map.root;
    return child;
}

void
child_end(const struct child *child)
{
    int64_t error;

    EXPECT(sys_env_destroy(5, child->id), -EBADF);
    do {
        error = sys_env_destroy(CAP_CHILD, child->id);
    } while (error == -EAGAIN);
    EXPECT(error == 0 || error == -ESRCH, 1); /* some hart helped, perhaps */
    EXPECT(sys_env_destroy(CAP_CHILD, child->id), -ESRCH);
    EXPECT(sys_yield(child->id), -ESRCH);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(sys_frame_alloc(0, 0, child->frames[i]), child->frames[i]);
        EXPECT(sys_frame_free(child->frames[i], 0), 0);
    }
}

uint64_t
window_open(uint64_t page)
{
    struct exo_map own = exo_map_own();
    uint64_t table;

    /* No slices: whoever runs does so until it yields. */
    EXPECT(sys_slot_free(0, exo_id, 0, 0), 0);
    map_page(&own, SHARED, 0, page);
    EXPECT(sys_cap_fresh(0, CAP_CHILD), 0);
    table = (uint64_t)exo_map_table(&own, SHARED);
    exo_map_forget();
    return table;
}
