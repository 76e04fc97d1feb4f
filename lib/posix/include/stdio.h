/* SPDX-License-Identifier: MIT */
/* picolibc's is that of C; here is what POSIX adds to it. */
#ifndef CHITIN_POSIX_STDIO_H
#define CHITIN_POSIX_STDIO_H
#include_next <stdio.h>
#include <sys/cdefs.h>
#include <sys/features.h>

#define FILENAME_MAX 4096 /* as PATH_MAX */
#define FOPEN_MAX 64

#if __POSIX_VISIBLE
#include <sys/types.h>

#define L_ctermid 9

__BEGIN_DECLS

char *ctermid(char *);
int dprintf(int, const char *__restrict, ...)
    __attribute__((__format__(__printf__, 2, 3)));
void flockfile(FILE *);
int ftrylockfile(FILE *);
void funlockfile(FILE *);
int getc_unlocked(FILE *);
int getchar_unlocked(void);
ssize_t getdelim(char **__restrict, size_t *__restrict, int, FILE *__restrict);
ssize_t getline(char **__restrict, size_t *__restrict, FILE *__restrict);
int pclose(FILE *);
FILE *popen(const char *, const char *);
int putc_unlocked(int, FILE *);
int putchar_unlocked(int);
int renameat(int, const char *, int, const char *);
int vdprintf(int, const char *__restrict, va_list)
    __attribute__((__format__(__printf__, 2, 0)));

__END_DECLS
#endif

#endif
