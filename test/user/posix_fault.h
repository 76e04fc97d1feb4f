/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_POSIX_FAULT_H
#define CHITIN_TEST_USER_POSIX_FAULT_H
/* Ways to go wrong, for tests of what becomes of who does. */

static inline void
illegal(void)
{
    __asm__ volatile("unimp");
}

static inline unsigned
deep(volatile unsigned char *above)
{
    volatile unsigned char page[4096];

    page[0] = *above;
    return page[0] < 2 ? deep(page) + page[0] : 0; /* it never is 2 */
}

/* Until the stack is used up. */
static inline void
overflow(void)
{
    volatile unsigned char zero = 0;

    (void)deep(&zero);
}

#endif
