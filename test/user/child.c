/* SPDX-License-Identifier: MIT */
#include "test/user/child.h"

#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "test/user/expect.h"

#define R 0x02
#define W 0x04
#define X 0x08
#define AD 0xc0
#define TEXT_PAGES 16

/* Page tables of the child that is being made. */
static uint64_t tables[8];
static unsigned table_count;

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

uint64_t
table_new(uint64_t cap, uint64_t level)
{
    uint64_t table = frame_clean(cap);

    EXPECT(sys_pt_make(table, frame_clean(cap), level), 0);
    tables[table_count++] = table;
    return table;
}

static void
map(uint64_t caps, uint64_t table, uint64_t address, uint64_t frame)
{
    exo_uarea->batch[0] = frame << 10 | R | W | AD;
    EXPECT(sys_pt_map(caps, table, address >> 12 & 511, 1), 1);
}

/* Page tables are mapped nowhere here: their numbers are read by mapping them
   for a moment. */
static uint64_t
table_below(uint64_t window, uint64_t table, uint64_t index)
{
    uint64_t entry;

    exo_uarea->batch[0] = table << 10 | R | AD;
    EXPECT(sys_pt_map(0, window, 511, 1), 1);
    entry = ((volatile uint64_t *)(SHARED + 511 * 4096))[index];
    EXPECT(sys_pt_unmap(0, window, 511, 1), 1);
    return entry >> 10;
}

/* Where resume enters the child: t0 is its U-area, t1 its stack, a0 the
   function; nothing of the parent's data is there, so gp and tp do not matter.
 */
void child_start(void);
__asm__(".text\n"
        ".balign 4\n"
        "child_start:\n"
        "   mv sp, t1\n"
        "   mv a0, t0\n"
        "   ld t2, 0x1f0(t0)\n" /* uarea->own[24] */
        "   jr t2\n");

struct child
child_make(uint64_t window, uint64_t shared, void (*run)(struct uarea *uarea))
{
    return child_make_on(window, shared, run, 0);
}

struct child
child_make_on(uint64_t window, uint64_t shared,
              void (*run)(struct uarea *uarea), uint64_t hart)
{
    uint64_t text = table_below(window, table_below(window, exo_root, 0), 0);
    uint64_t c = CAP_CHILD;
    struct child child = {0};
    uint64_t root = table_new(c, 2);
    uint64_t middle = table_new(c, 1);
    uint64_t low_middle = table_new(c, 1);
    uint64_t low = table_new(c, 0);
    uint64_t record = frame_clean(c);
    uint64_t list = frame_clean(c);
    uint64_t stack = frame_clean(c);
    struct uarea *uarea;

    child.leaf = table_new(c, 0);
    child.uarea = frame_clean(c);
    EXPECT(sys_pt_link(c | c << 8, root, SHARED >> 30, middle), 0);
    EXPECT(sys_pt_link(c | c << 8, middle, 0, child.leaf), 0);
    EXPECT(sys_pt_link(c | c << 8, root, 0, low_middle), 0);
    EXPECT(sys_pt_link(c | c << 8, low_middle, 0, low), 0);
    /* The text, from 0x10000 on, without a right to write it. */
    EXPECT(
        sys_pt_copy(c | 0 << 8, text, low, 16 | 16 << 16, TEXT_PAGES, X | AD),
        TEXT_PAGES);
    map(c | 0 << 8, child.leaf, SHARED, shared);
    map(c | c << 8, child.leaf, CHILD_UAREA, child.uarea);
    map(c | c << 8, child.leaf, CHILD_STACK, stack);

    map(0 | c << 8, window, CHILD_UAREA, child.uarea);
    uarea = (struct uarea *)CHILD_UAREA;
    *uarea = (struct uarea){0}; /* it may have been another child's */
    uarea->self = CHILD_UAREA;
    uarea->version = UAREA_VERSION;
    exo_uarea_init(uarea, NULL);
    uarea->entry_exception = 0;
    uarea->entry_interrupt = 0;
    uarea->level[LEVEL_INTERRUPT].pc = (uint64_t)child_start;
    uarea->own[24] = (uint64_t)run;
    uarea->level[LEVEL_INTERRUPT].t1 = CHILD_STACK + 4096;
    uarea->level[LEVEL_INTERRUPT].t0 = CHILD_UAREA;

    child.id = (uint64_t)sys_env_create(c, record, list, root, child_account);
    EXPECT((int64_t)child.id > 0, 1);
    EXPECT(sys_yield(child.id), -ESRCH);
    for (unsigned i = 0; i < table_count; i++) {
        if (tables[i] != root) {
            EXPECT(sys_frame_give(c, tables[i], child.id), 0);
        }
    }
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
    EXPECT(sys_pt_unmap(0, window, CHILD_UAREA >> 12 & 511, 1), 1);
    child.frames[0] = record;
    child.frames[1] = stack;
    child.frames[2] = root;
    table_count = 0;
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
    uint64_t middle = table_new(0, 1);
    uint64_t window = table_new(0, 0);

    /* No slices: whoever runs does so until it yields. */
    EXPECT(sys_slot_free(0, exo_id, 0, 0), 0);
    table_count = 0;
    EXPECT(sys_pt_link(0, exo_root, SHARED >> 30, middle), 0);
    EXPECT(sys_pt_link(0, middle, 0, window), 0);
    map(0, window, SHARED, page);
    EXPECT(sys_cap_fresh(0, CAP_CHILD), 0);
    return window;
}
