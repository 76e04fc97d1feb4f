/* SPDX-License-Identifier: MIT */
/* Prints what is known of files. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "path.h"
#include "program.h"

static const char help[] =
    "usage: stat [-L] [-c FORMAT] FILE...\n"
    "Prints what is known of files.\n"
    "  -L         of what a link names\n"
    "  -c FORMAT  only this, with a newline: %n name, %F kind, %s size,\n"
    "             %b blocks of 512 bytes, %a mode in octal, %A in letters,\n"
    "             %u owner, %g group, %h names, %i number, %d device,\n"
    "             %X %Y %Z seconds of reading, writing, change; %%\n";

static const char *
kind_name(mode_t mode, off_t size)
{
    return S_ISREG(mode)   ? (size == 0 ? "regular empty file" : "regular file")
           : S_ISDIR(mode) ? "directory"
           : S_ISLNK(mode) ? "symbolic link"
           : S_ISCHR(mode) ? "character special file"
           : S_ISBLK(mode) ? "block special file"
           : S_ISFIFO(mode) ? "fifo"
                            : "socket";
}

static void
field_print(char letter, const char *name, const struct stat *s)
{
    char mode[11];
    static const char numbers[] = "sbughidXYZ";
    const intmax_t values[] = {
        (intmax_t)s->st_size,        (intmax_t)s->st_blocks,
        (intmax_t)s->st_uid,         (intmax_t)s->st_gid,
        (intmax_t)s->st_nlink,       (intmax_t)s->st_ino,
        (intmax_t)s->st_dev,         (intmax_t)s->st_atim.tv_sec,
        (intmax_t)s->st_mtim.tv_sec, (intmax_t)s->st_ctim.tv_sec};
    const char *place = strchr(numbers, letter);

    if (place != NULL) {
        printf("%jd", values[place - numbers]);
    } else if (letter == 'n') {
        fputs(name, stdout);
    } else if (letter == 'F') {
        fputs(kind_name(s->st_mode, s->st_size), stdout);
    } else if (letter == 'a') {
        printf("%o", (unsigned)s->st_mode & 07777);
    } else if (letter == 'A') {
        path_mode_text(s->st_mode, mode);
        fputs(mode, stdout);
    } else if (letter == '%') {
        putchar('%');
    } else {
        program_die("%%%c: no such field", letter);
    }
}

static void
format_print(const char *format, const char *name, const struct stat *s)
{
    for (; *format != '\0'; format++) {
        if (*format == '%' && format[1] != '\0') {
            field_print(*++format, name, s);
        } else {
            putchar(*format);
        }
    }
    putchar('\n');
}

static void
time_print(const char *title, const struct timespec *time)
{
    char text[64];
    struct tm parts;

    if (localtime_r(&time->tv_sec, &parts) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts) > 0) {
        printf("%s: %s.%09ld\n", title, text, time->tv_nsec);
    }
}

static void
file_print(const char *name, const struct stat *s)
{
    char target[PATH_MAX];
    ssize_t length = -1;

    printf("  File: %s", name);
    if (S_ISLNK(s->st_mode)) {
        length = readlink(name, target, sizeof(target));
    }
    if (length >= 0) {
        printf(" -> %.*s", (int)length, target);
    }
    putchar('\n');
    format_print("  Size: %s  Blocks: %b  %F", name, s);
    format_print("Number: %i  Device: %d  Names: %h", name, s);
    format_print("  Mode: %a %A  Owner: %u  Group: %g", name, s);
    time_print("  Read", &s->st_atim);
    time_print(" Wrote", &s->st_mtim);
    time_print("Change", &s->st_ctim);
}

int
main(int argc, char **argv)
{
    const char *format = NULL;
    bool follow = false;
    int option;

    (void)argc;
    program_begin("stat", argv, help);
    while ((option = program_option("Lc:")) != 0) {
        follow |= option == 'L';
        format = option == 'c' ? program_value : format;
    }
    for (char **name = program_operands_count(1, SIZE_MAX); *name != NULL;
         name++) {
        struct stat status;

        if ((follow ? stat : lstat)(*name, &status) != 0) {
            program_complain("%s", *name);
        } else if (format != NULL) {
            format_print(format, *name, &status);
        } else {
            file_print(*name, &status);
        }
    }
    return program_end();
}
