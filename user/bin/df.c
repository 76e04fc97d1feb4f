/* SPDX-License-Identifier: MIT */
/* How full file systems are. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "program.h"

static const char help[] =
    "usage: df [-hikP] [FILE]...\n"
    "Prints how much room the file systems have that the files are on, or the\n"
    "one of /, in blocks of 512 bytes.\n"
    "  -k  in units of 1024 bytes\n"
    "  -h  in units that are read easily\n"
    "  -i  files instead of blocks\n"
    "  -P  does nothing: each is on one line\n";

static bool human;
static bool files;
static unsigned unit = 512;

static void
number_print(uintmax_t bytes)
{
    char text[32];

    if (human) {
        program_size_text(bytes, text);
        printf(" %10s", text);
    } else {
        printf(" %10ju", bytes / unit);
    }
}

/* The name of the file system is that of its device. */
static void
system_print(const char *path)
{
    struct statvfs system;
    struct stat status;
    uintmax_t total;
    uintmax_t used;
    uintmax_t left;
    uintmax_t size;
    char name[32];

    if (stat(path, &status) != 0 || statvfs(path, &system) != 0) {
        program_complain("%s", path);
        return;
    }
    total = files ? system.f_files : system.f_blocks;
    used = total - (files ? system.f_ffree : system.f_bfree);
    left = files ? system.f_favail : system.f_bavail;
    size = files ? unit : system.f_frsize;
    (void)snprintf(name, sizeof(name), "device-%ju", (uintmax_t)status.st_dev);
    printf("%-12s", name);
    if (files) {
        printf(" %10ju %10ju %10ju", total, used, left);
    } else {
        number_print(total * size);
        number_print(used * size);
        number_print(left * size);
    }
    /* In hundredths, rounded up. */
    if (used + left == 0) {
        printf("        -");
    } else {
        printf(" %7ju%%", (used * 100 + used + left - 1) / (used + left));
    }
    printf(" %s\n", path);
}

int
main(int argc, char **argv)
{
    static char root[] = "/";
    static char *only[] = {root, NULL};
    char **names;
    int option;

    (void)argc;
    program_begin("df", argv, help);
    while ((option = program_option("hikP")) != 0) {
        human |= option == 'h';
        files |= option == 'i';
        unit = option == 'k' ? 1024 : unit;
    }
    names = program_operands();
    printf("%-12s %10s %10s %10s %8s File\n", "Filesystem",
           files   ? "Files"
           : human ? "Size"
                   : (unit == 512 ? "512-blocks" : "1024-blocks"),
           "Used", files ? "Free" : "Available", "Capacity");
    for (names = *names == NULL ? only : names; *names != NULL; names++) {
        system_print(*names);
    }
    return program_end();
}
