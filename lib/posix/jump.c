/* SPDX-License-Identifier: MIT */
/* Jumps that set the signal mask. */
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

void
__sigjmp_note(sigjmp_buf buffer, int keep)
{
    buffer->__masked = keep;
    if (keep != 0) {
        (void)sigprocmask(SIG_SETMASK, NULL, &buffer->__mask);
    }
}

_Noreturn void
siglongjmp(sigjmp_buf buffer, int value)
{
    if (buffer->__masked != 0) {
        (void)sigprocmask(SIG_SETMASK, &buffer->__mask, NULL);
    }
    longjmp(buffer->__jump, value);
}
