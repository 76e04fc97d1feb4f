/* SPDX-License-Identifier: MIT */
/*
 * picolibc's standard streams on the kernel's console, by the capability in
 * entry 0: for programs that have no other console. Without such a capability
 * what is printed is lost, and nothing is read.
 */
#include <stdio.h>
#include <unistd.h>

#include "lib/exo/exo.h"

#define CONSOLE_CAP 0

static uint64_t waiting; /* bytes not written yet, lowest first */
static unsigned count;

static int
console_flush(FILE *file)
{
    (void)file;
    while (count > 0) {
        int64_t taken = sys_console_write(CONSOLE_CAP, waiting, count);

        if (taken < 0 && taken != -EAGAIN) {
            taken = count; /* there is no console: it is lost */
        }
        if (taken > 0) {
            count -= (unsigned)taken;
            waiting = count > 0 ? waiting >> 8 * taken : 0;
        }
    }
    return 0;
}

static int
console_put(char c, FILE *file)
{
    waiting |= (uint64_t)(unsigned char)c << 8 * count++;
    if (c == '\n' || count == sizeof(waiting)) {
        (void)console_flush(file);
    }
    return (unsigned char)c;
}

static int
console_get(FILE *file)
{
    int64_t c;

    (void)console_flush(file);
    do {
        c = sys_console_read(CONSOLE_CAP);
    } while (c == -EAGAIN);
    return c < 0 ? _FDEV_EOF : (int)c;
}

static FILE console =
    FDEV_SETUP_STREAM(console_put, console_get, console_flush, _FDEV_SETUP_RW);
FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;

_Noreturn void
_exit(int status)
{
    (void)console_flush(&console);
    sys_machine_exit(CONSOLE_CAP, (uint64_t)status & 0xff);
    /* Not its machine to end. An exception with everything masked ends the
       env, and its creator is told. */
    for (;;) {
        exo_uarea->masked = MASKED_DOUBLE;
        __asm__ volatile("ebreak");
    }
}
