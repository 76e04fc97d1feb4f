/* SPDX-License-Identifier: MIT */
#include "kern/console.h"

#include "kern/panic.h"

#define SIZE 256 /* a power of two, so that the counters may wrap */

static char buffer[SIZE];
static unsigned written;
static unsigned consumed;

void
console_receive(char c)
{
    ASSERT(hart_self()->index == 0);
    if (written - consumed < SIZE) {
        buffer[written++ % SIZE] = c;
    }
}

int
console_read(void)
{
    ASSERT(hart_self()->index == 0);
    return written == consumed ? -1 : (unsigned char)buffer[consumed++ % SIZE];
}
