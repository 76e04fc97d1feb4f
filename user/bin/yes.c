/* SPDX-License-Identifier: MIT */
/* Says the same for ever. */
#include <string.h>

#include "program.h"

static const char help[] = "usage: yes [WORD]...\n"
                           "Prints the words, or y, line by line, for ever.\n";

#define FULL 16384

int
main(int argc, char **argv)
{
    static char yes[] = "y";
    static char *only[] = {yes, NULL};
    char *text = NULL;
    size_t length = 0;
    size_t line;
    char **words;

    (void)argc;
    program_begin("yes", argv, help);
    (void)program_option("");
    words = *program_operands() == NULL ? only : program_operands();
    /* There is one word at least. */
    do {
        size_t more = strlen(*words);

        text = program_memory(text, length + more + 1, 1);
        memcpy(text + length, *words, more);
        length += more + 1;
        text[length - 1] = ' ';
    } while (*++words != NULL);
    text[length - 1] = '\n';
    /* Many lines with each write. */
    line = length;
    text = program_memory(text, length + FULL, 1);
    while (length < FULL) {
        memcpy(text + length, text, line);
        length += line;
    }
    for (;;) {
        program_put(text, length);
    }
}
