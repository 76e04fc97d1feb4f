/* SPDX-License-Identifier: MIT */
#include "test/user/code_output.h"

#include "kern/abi/error.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "test/user/expect.h"

#define PAGE 4096UL
#define OUTPUT 0x80000000UL
#define OUTPUT_PAGES 256UL
#define MARK 0x13579bdfU /* behind the output */

_Static_assert(CODE_COMPILE_WORDS(CODE_INSTRUCTIONS_MAX) * 4 + 4 <=
                   OUTPUT_PAGES * PAGE,
               "any program has room");

static uint32_t *const output = (uint32_t *)OUTPUT;

static void
pages_map(void)
{
    static uint64_t frames[OUTPUT_PAGES];
    struct exo_map own = exo_map_own();
    struct exo_range range = {OUTPUT, OUTPUT_PAGES, 0};

    if (frames[0] != 0) {
        return;
    }
    for (unsigned i = 0; i < OUTPUT_PAGES; i++) {
        int64_t frame = exo_frame_alloc(0, 0);

        EXPECT(frame > 0, 1);
        frames[i] = (uint64_t)frame;
    }
    EXPECT(exo_map_insert(&own, &range, 0, frames, EXO_R | EXO_W), 0);
}

/* Those with the output and the mark behind it. */
static void
pages_turn(const struct code_compiler *c, uint64_t clear, uint64_t set)
{
    struct exo_map own = exo_map_own();
    uint64_t pages = ((c->length + 1) * sizeof(*output) + PAGE - 1) / PAGE;

    EXPECT(exo_map_protect(&own, OUTPUT, pages * PAGE, 0, clear, set), pages);
}

code_entry
code_output_make(struct code_compiler *c, const struct code_verifier *v,
                 const uint64_t *helpers)
{
    uint32_t length;

    pages_map();
    code_compile_begin(c, v, output, 0, helpers);
    EXPECT(code_compile_step(c, UINT32_MAX), -ENOSPC);
    length = c->length;
    EXPECT(length <= CODE_COMPILE_WORDS(v->count), 1);
    c->capacity = length;
    output[length] = MARK;
    EXPECT(code_compile_step(c, UINT32_MAX), 0);
    EXPECT(c->length, length);
    EXPECT(output[length], MARK);
    pages_turn(c, EXO_W, EXO_X);
    EXPECT(sys_code_fence(), 0);
    return (code_entry)OUTPUT;
}

void
code_output_end(const struct code_compiler *c)
{
    pages_turn(c, EXO_X, EXO_W);
}
