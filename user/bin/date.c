/* SPDX-License-Identifier: MIT */
/* Prints the time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "program.h"

static const char help[] =
    "usage: date [-u] [-r FILE | -d @SECONDS] [+FORMAT]\n"
    "Prints the time. The format is that of strftime: %Y %m %d %H %M %S and "
    "so\n"
    "on, and %s, seconds since 1970.\n"
    "  -u           in UTC\n"
    "  -r FILE      when the file was written\n"
    "  -d @SECONDS  so many seconds after 1970 began\n";

/* strftime has no %s everywhere: puts the number where it stands. */
static char *
format_prepare(const char *format, time_t now)
{
    char *text = program_memory(NULL, strlen(format) * 12 + 2, 1);
    char *out = text;

    while (*format != '\0') {
        if (format[0] == '%' && format[1] == 's') {
            out += sprintf(out, "%jd", (intmax_t)now);
            format += 2;
            continue;
        }
        if (format[0] == '%' && format[1] != '\0') {
            *out++ = *format++;
        }
        *out++ = *format++;
    }
    /* An empty result must not look like one for which there is no room. */
    *out++ = '\n';
    *out = '\0';
    return text;
}

static void
time_print(const char *format, time_t now, bool utc)
{
    struct tm parts;
    char *prepared = format_prepare(format, now);
    size_t size = 64 + 64 * strlen(prepared);
    char *text = program_memory(NULL, size, 1);

    if (utc && setenv("TZ", "UTC0", 1) != 0) {
        program_die("no memory for the time zone");
    }
    tzset();
    if (localtime_r(&now, &parts) == NULL) {
        program_die("%jd seconds: no year is that far", (intmax_t)now);
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size = strftime(text, size, prepared, &parts);
#pragma GCC diagnostic pop
    fwrite(text, 1, size, stdout);
    free(prepared);
    free(text);
}

int
main(int argc, char **argv)
{
    const char *format = "%a %b %e %H:%M:%S %Z %Y";
    time_t now = time(NULL);
    bool utc = false;
    struct stat status;
    char **words;
    int option;

    (void)argc;
    program_begin("date", argv, help);
    while ((option = program_option("ud:r:")) != 0) {
        utc |= option == 'u';
        if (option == 'r') {
            if (stat(program_value, &status) != 0) {
                program_complain("%s", program_value);
                return program_end();
            }
            now = status.st_mtim.tv_sec;
        } else if (option == 'd') {
            if (*program_value != '@') {
                program_misused("%s: not @ and seconds", program_value);
            }
            now = (time_t)program_number(program_value + 1, (uintmax_t)1 << 40,
                                         "seconds");
        }
    }
    words = program_operands_count(0, 1);
    if (*words != NULL) {
        if (**words != '+') {
            program_misused("%s: a format begins with +; the clock cannot be "
                            "set",
                            *words);
        }
        format = *words + 1;
    }
    time_print(format, now, utc);
    return program_end();
}
