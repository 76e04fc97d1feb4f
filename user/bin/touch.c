/* SPDX-License-Identifier: MIT */
/* Sets the times of files, and makes those that are not there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: touch [-acm] [-r FILE | -t [[CC]YY]MMDDhhmm[.SS]] FILE...\n"
    "Sets the times of files to now; makes files that are not there.\n"
    "  -a       the time of reading only\n"
    "  -m       the time of writing only\n"
    "  -c       make no file\n"
    "  -r FILE  to the times of this file\n"
    "  -t TIME  to this time\n";

static struct timespec times[2];
static bool create = true;

/* Two digits of the text, or -1. */
static int
pair_read(const char *text)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9') {
        return -1;
    }
    return (text[0] - '0') * 10 + text[1] - '0';
}

static bool
time_read(const char *text, time_t *result)
{
    size_t length = strcspn(text, ".");
    size_t field = (12 - length) / 2;
    time_t now = time(NULL);
    int values[7] = {-1, -1, 0, 0, 0, 0, 0}; /* CC YY MM DD hh mm SS */
    struct tm parts;

    if ((length != 8 && length != 10 && length != 12) ||
        (text[length] == '.' && strlen(text + length) != 3)) {
        return false;
    }
    for (const char *at = text; field < 6; field++, at += 2) {
        values[field] = pair_read(at);
        if (values[field] < 0) {
            return false;
        }
    }
    if (text[length] == '.') {
        values[6] = pair_read(text + length + 1);
    }
    parts = *localtime(&now);
    if (values[1] >= 0) {
        /* A year of two digits is of the last century from 69 on. */
        int century = values[0] >= 0 ? values[0] : values[1] >= 69 ? 19 : 20;

        parts.tm_year = century * 100 + values[1] - 1900;
    }
    parts.tm_mon = values[2] - 1;
    parts.tm_mday = values[3];
    parts.tm_hour = values[4];
    parts.tm_min = values[5];
    parts.tm_sec = values[6];
    parts.tm_isdst = -1;
    if (values[2] < 1 || values[2] > 12 || values[3] < 1 || values[3] > 31 ||
        values[4] > 23 || values[5] > 59 || values[6] < 0 || values[6] > 60) {
        return false;
    }
    *result = mktime(&parts);
    return true;
}

static void
file_touch(const char *name)
{
    if (utimensat(AT_FDCWD, name, times, 0) == 0) {
        return;
    }
    if (errno == ENOENT) {
        int file;

        if (!create) {
            return;
        }
        file = open(name, O_WRONLY | O_CREAT, 0666);
        if (file >= 0) {
            close(file);
            if (utimensat(AT_FDCWD, name, times, 0) == 0) {
                return;
            }
        }
    }
    program_complain("%s", name);
}

int
main(int argc, char **argv)
{
    bool read_only = false;
    bool write_only = false;
    struct stat status;
    int option;

    (void)argc;
    program_begin("touch", argv, help);
    times[0].tv_nsec = UTIME_NOW;
    times[1].tv_nsec = UTIME_NOW;
    while ((option = program_option("acmr:t:")) != 0) {
        read_only |= option == 'a';
        write_only |= option == 'm';
        if (option == 'c') {
            create = false;
        } else if (option == 'r') {
            if (stat(program_value, &status) != 0) {
                program_complain("%s", program_value);
                return program_end();
            }
            times[0] = status.st_atim;
            times[1] = status.st_mtim;
        } else if (option == 't') {
            if (!time_read(program_value, &times[0].tv_sec)) {
                program_misused("%s: is no time", program_value);
            }
            times[0].tv_nsec = 0;
            times[1] = times[0];
        }
    }
    if (read_only != write_only) {
        times[read_only ? 1 : 0].tv_nsec = UTIME_OMIT;
    }
    for (char **name = program_operands_count(1, SIZE_MAX); *name != NULL;
         name++) {
        file_touch(*name);
    }
    return program_end();
}
