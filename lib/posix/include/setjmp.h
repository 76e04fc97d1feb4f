/* SPDX-License-Identifier: MIT */
/* picolibc's, and jumps that set the signal mask. */
#ifndef CHITIN_POSIX_SETJMP_H
#define CHITIN_POSIX_SETJMP_H
#include_next <setjmp.h>

#if __POSIX_VISIBLE
#include <sys/_sigset.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

typedef struct {
    jmp_buf __jump;
    __sigset_t __mask;
    int __masked; /* whether __mask is to be set again */
} sigjmp_buf[1];

/* Notes the mask, if it is to be kept, for siglongjmp. */
void __sigjmp_note(sigjmp_buf, int);

#define sigsetjmp(__buffer, __keep)                                            \
    (__sigjmp_note((__buffer), (__keep)), setjmp((__buffer)->__jump))

void siglongjmp(sigjmp_buf, int) __attribute__((__noreturn__));

#define _setjmp(__buffer) setjmp(__buffer)
#define _longjmp(__buffer, __value) longjmp((__buffer), (__value))

__END_DECLS
#endif

#endif
