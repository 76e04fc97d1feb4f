/* SPDX-License-Identifier: MIT */
#include "kern/console.h"

#include "kern/lock.h"

#define SIZE 256 /* a power of two, so that the counters may wrap */

static char buffer[SIZE];
static unsigned written;
static unsigned consumed;
static struct lock console_input_lock = {.rank = LOCK_LEAF};

void
console_receive(char c)
{
    lock_acquire(&console_input_lock);
    if (written - consumed < SIZE) {
        buffer[written++ % SIZE] = c;
    }
    lock_release(&console_input_lock);
}

int
console_read(void)
{
    int c;

    lock_acquire(&console_input_lock);
    c = written == consumed ? -1 : (unsigned char)buffer[consumed++ % SIZE];
    lock_release(&console_input_lock);
    return c;
}
