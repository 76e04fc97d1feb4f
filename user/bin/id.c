/* SPDX-License-Identifier: MIT */
/* Who the user is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/bin/program.h"

#define LINE_BYTES 256
#define PLACE_OF_ID 2 /* fields of a line, from 0 on */

static const char help[] = "usage: id [-u | -g] [-n]\n"
                           "Prints who the user is, with which group.\n"
                           "  -u  the user's number only\n"
                           "  -g  the group's\n"
                           "  -n  its name instead\n";

/* The name of the line of a file in which the third field is that number; empty
   if there is none. */
static const char *
name_find(const char *path, unsigned long number)
{
    static char line[LINE_BYTES];
    FILE *file = fopen(path, "r");
    int found = 0;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        char *at = line;

        for (int i = 0; i < PLACE_OF_ID && at != NULL; i++) {
            at = strchr(at, ':');
            at = at != NULL ? at + 1 : NULL;
        }
        found = at != NULL && strtoul(at, NULL, 10) == number;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    line[found ? strcspn(line, ":") : 0] = 0;
    return line;
}

static void
both_print(const char *what, const char *path, unsigned long number)
{
    const char *name = name_find(path, number);

    printf("%s=%lu", what, number);
    if (*name != 0) {
        printf("(%s)", name);
    }
}

int
main(int argc, char **argv)
{
    unsigned long uid = geteuid();
    unsigned long gid = getegid();
    int only = 0;
    int named = 0;
    int option;

    (void)argc;
    program_begin("id", argv, help);
    while ((option = program_option("ugn")) != 0) {
        if (option == 'n') {
            named = 1;
        } else if (only == 0 || only == option) {
            only = option;
        } else {
            program_misused("-u and -g at once");
        }
    }
    (void)program_operands_count(0, 0);
    if (named && only == 0) {
        program_misused("-n without -u or -g");
    }
    if (only == 0) {
        both_print("uid", "/etc/passwd", uid);
        both_print(" gid", "/etc/group", gid);
        putchar('\n');
    } else if (named) {
        puts(only == 'u' ? name_find("/etc/passwd", uid)
                         : name_find("/etc/group", gid));
    } else {
        printf("%lu\n", only == 'u' ? uid : gid);
    }
    return program_end();
}
