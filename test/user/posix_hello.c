/* SPDX-License-Identifier: MIT */
/*
 * A program on the libOS: its arguments and environment are there, errno is the
 * image's, constructors and destructors run, memory can be had.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int constructed = 1;
static char zeroes[5000];

__attribute__((constructor)) static void
construct(void)
{
    constructed *= 42;
}

__attribute__((destructor)) static void
destruct(void)
{
    printf("hello: destroyed\n");
}

static void
at_exit(void)
{
    printf("hello: at exit\n");
}

int
main(int count, char **arguments)
{
    unsigned *memory = calloc(100000, sizeof(*memory));
    unsigned sum = 0;

    for (int i = 0; i < count; i++) {
        printf("hello: argument %d is \"%s\"\n", i, arguments[i]);
    }
    if (arguments[count] != NULL) {
        printf("hello: arguments do not end\n");
    }
    printf("hello: PATH is %s, constructed %d\n", getenv("PATH"), constructed);
    for (unsigned i = 0; memory != NULL && i < 100000; i++) {
        sum += memory[i] + 1;
    }
    for (unsigned i = 0; i < sizeof(zeroes); i++) {
        sum += (unsigned)zeroes[i];
    }
    errno = 0;
    (void)strtol("99999999999999999999", NULL, 10);
    printf("hello: sum %u, errno is ERANGE: %d, of 1.5: %.1f\n", sum,
           errno == ERANGE, strtod("1.5", NULL));
    if (write(77, "x", 1) != -1 || errno != EBADF) {
        perror("hello: write to 77");
    }
    free(memory);
    (void)atexit(at_exit);
    printf("not a whole line");
    return 7;
}
