/* SPDX-License-Identifier: MIT */
/*
 * The libOS that is laid out by constants (test/user/libos.h): it maps its
 * table of primes at TABLE itself, knowing that nothing is there.
 */
#include "kern/abi/uarea.h"
#include "lib/exo/call.h"
#include "test/user/libos.h"

#define TABLE ((uint32_t *)0x100000000)
#define ROOT_INDEX 4 /* of TABLE */
#define PAGES 4
#define CAPS (LIBOS_CAP_OWN | LIBOS_CAP_OWN << 8)
#define R_W_A_D 0xc6

uint64_t fixed_creator;

static struct libos_shared *shared;

/* In libos_fixed.S. */
void fixed_prologue(void);
void fixed_gate(void);

void fixed_main(uint64_t root, struct uarea *uarea, uint64_t page);
uint64_t fixed_serve(uint64_t block, uint64_t caller);

/* What cannot be is a breakpoint: without an entry for it, the env ends. */
static uint64_t
must(int64_t result)
{
    if (result < 0) {
        __builtin_trap();
    }
    return (uint64_t)result;
}

static uint64_t
frame_take(void)
{
    uint64_t frame = must(sys_frame_alloc(LIBOS_CAP_OWN, 0, 0));

    (void)sys_frame_scrub(frame);
    return frame;
}

static void
table_map(uint64_t root, struct uarea *uarea)
{
    uint64_t middle = frame_take();
    uint64_t low = frame_take();

    must(sys_pt_make(middle, frame_take(), 1));
    must(sys_pt_make(low, frame_take(), 0));
    must(sys_pt_link(CAPS, root, ROOT_INDEX, middle));
    must(sys_pt_link(CAPS, middle, 0, low));
    for (unsigned i = 0; i < PAGES; i++) {
        uarea->batch[i] = frame_take() << 10 | R_W_A_D;
    }
    must(sys_pt_map(CAPS, low, 0, PAGES));
}

static void
primes_find(void)
{
    uint32_t number = 2;

    for (unsigned found = 0; found < LIBOS_BLOCK * LIBOS_BLOCKS; number++) {
        unsigned i = 0;

        while (i < found && TABLE[i] * TABLE[i] <= number &&
               number % TABLE[i] != 0) {
            i++;
        }
        if (i == found || TABLE[i] * TABLE[i] > number) {
            TABLE[found++] = number;
        }
    }
}

void
fixed_main(uint64_t root, struct uarea *uarea, uint64_t page)
{
    shared = (struct libos_shared *)page;
    fixed_creator = shared->init;
    table_map(root, uarea);
    primes_find();
    uarea->entry_prologue = (uint64_t)fixed_prologue;
    must(sys_gate_set(LIBOS_CAP_SHARE, 0, (uint64_t)fixed_gate));
}

/* Runs for whoever called the gate, on this libOS's own stack. */
uint64_t
fixed_serve(uint64_t block, uint64_t caller)
{
    if (block >= LIBOS_BLOCKS) {
        return 0;
    }
    for (unsigned i = 0; i < LIBOS_BLOCK; i++) {
        shared->prime[i] = TABLE[block * LIBOS_BLOCK + i];
    }
    shared->served++;
    shared->caller = caller;
    return LIBOS_BLOCK;
}
