/* SPDX-License-Identifier: MIT */
/*
 * Programs that are wrong, for a person at the shell to see what becomes of
 * them: one looks where nothing is, the other forks for ever.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main(int count, char **words)
{
    const volatile int *volatile nothing = NULL;

    if (count == 2 && strcmp(words[1], "null") == 0) {
        return *nothing;
    }
    if (count == 2 && strcmp(words[1], "bomb") == 0) {
        for (;;) {
            (void)fork();
        }
    }
    return 2;
}
