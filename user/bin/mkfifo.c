/* SPDX-License-Identifier: MIT */
/* Makes pipes that have names. */
#include <stdio.h>
#include <sys/stat.h>

#include "mode.h"
#include "program.h"

static const char help[] =
    "usage: mkfifo [-m MODE] NAME...\n"
    "Makes pipes with these names.\n"
    "  -m MODE  with this mode: 644, or as chmod has it, from a=rw\n";

int
main(int argc, char **argv)
{
    const char *mode_text = NULL;
    mode_t mode = 0666;

    (void)argc;
    program_begin("mkfifo", argv, help);
    while (program_option("m:") != 0) {
        mode_text = program_value;
    }
    if (mode_text != NULL && !mode_change(mode_text, false, 0, &mode)) {
        program_misused("%s: is no mode", mode_text);
    }
    for (char **name = program_operands_count(1, SIZE_MAX); *name != NULL;
         name++) {
        if (mkfifo(*name, mode) != 0 ||
            (mode_text != NULL && chmod(*name, mode) != 0)) {
            program_complain("%s", *name);
        }
    }
    return program_end();
}
