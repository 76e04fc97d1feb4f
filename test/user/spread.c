/* SPDX-License-Identifier: MIT */
#include "test/user/spread.h"

/* In the double-fault level, or that of exceptions. */
void touch_double(void);
void touch_exception(void);
__asm__(".text\n"
        ".balign 4\n"
        "touch_double:\n"
        "   ld t1, 0x80(t0)\n" /* the level's pc */
        "   addi t1, t1, 4\n"
        "   sd t1, 0x80(t0)\n"
        "   li t1, 2\n"
        "   li a7, 1\n" /* resume */
        "   ecall\n"
        ".balign 4\n"
        "touch_exception:\n"
        "   ld t1, 0(t0)\n"
        "   addi t1, t1, 4\n"
        "   sd t1, 0(t0)\n"
        "   li t1, 0\n"
        "   li a7, 1\n"
        "   ecall\n");

void
touch_begin(struct uarea *uarea)
{
    uarea->entry_exception = (uint64_t)touch_exception;
    uarea->entry_double = (uint64_t)touch_double;
}

uint64_t
spread_page(struct uarea *uarea, uint64_t leaf, uint64_t index)
{
    int64_t frame = sys_frame_alloc(CHILD_CAP_OWN, 0, 0);

    (void)sys_frame_scrub((uint64_t)frame);
    uarea->batch[0] = (uint64_t)frame << 10 | 0xc6; /* D, A, W, R */
    return frame > 0 && sys_pt_map(CAP_OWN_BOTH, leaf, index, 1) == 1
               ? (uint64_t)frame
               : 0;
}

int64_t
spread_to(struct uarea *uarea, const struct spread *to)
{
    struct uarea *other = (struct uarea *)(SHARED + to->index * 4096);
    uint64_t frame = spread_page(uarea, to->leaf, to->index);
    int64_t error;

    if (frame == 0 || spread_page(uarea, to->leaf, to->index + 1) == 0) {
        return -1;
    }
    other->self = (uint64_t)other;
    other->version = UAREA_VERSION;
    exo_uarea_init(other, NULL);
    other->entry_exception = 0;
    other->entry_interrupt = 0;
    other->level[LEVEL_INTERRUPT].pc = (uint64_t)child_start;
    other->level[LEVEL_INTERRUPT].t0 = (uint64_t)other;
    other->level[LEVEL_INTERRUPT].t1 = (uint64_t)other + 2 * 4096ul;
    other->own[24] = (uint64_t)to->run;
    do {
        error = sys_env_bind(CHILD_CAP_OWN, to->id, to->hart, frame);
    } while (error == -EAGAIN);
    return error;
}
