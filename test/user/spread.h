/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_SPREAD_H
#define CHITIN_TEST_USER_SPREAD_H
/*
 * For a child that goes to further harts, and touches pages that may have been
 * taken from it. All of it is the child's: without data.
 */
#include "test/user/child.h"

#define CAP_OWN_BOTH (CHILD_CAP_OWN << 8 | CHILD_CAP_OWN)

/* A page of the env's own, mapped at SHARED + 4096 * index by its table there,
   `leaf`; 0 if that cannot be. */
uint64_t spread_page(struct uarea *uarea, uint64_t leaf, uint64_t index);

/* Binds env `id`, which is the caller, to another hart, where it begins in
   `run` when it has a slot. It gets its U-area there at an index of the table,
   and its stack at the next. 0 or an error. */
struct spread {
    uint64_t id;
    uint64_t leaf;
    uint64_t hart;
    uint64_t index;
    void (*run)(struct uarea *uarea);
};
int64_t spread_to(struct uarea *uarea, const struct spread *to);

/* From then on a load or store of 4 bytes that faults does nothing, whatever is
   masked. */
void touch_begin(struct uarea *uarea);

/* What is there, or 0. */
static inline uint64_t
touch_read(uint64_t address)
{
    uint64_t value = 0;

    __asm__ volatile(".option push\n"
                     ".option norvc\n"
                     "ld %0, 0(%1)\n"
                     ".option pop\n"
                     : "+&r"(value)
                     : "r"(address)
                     : "memory");
    return value;
}

static inline void
touch_write(uint64_t address, uint64_t value)
{
    __asm__ volatile(".option push\n"
                     ".option norvc\n"
                     "sd %0, 0(%1)\n"
                     ".option pop\n"
                     :
                     : "r"(value), "r"(address)
                     : "memory");
}

#endif
