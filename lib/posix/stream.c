/* SPDX-License-Identifier: MIT */
/*
 * What POSIX adds to the streams of C, and picolibc has not; and remove, which
 * there does not know folders. A process has one thread: locks of streams are
 * nothing.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_FIRST 128

ssize_t
getdelim(char **restrict line, size_t *restrict size, int end,
         FILE *restrict stream)
{
    size_t length = 0;
    int c;

    if (line == NULL || size == NULL) {
        errno = EINVAL;
        return -1;
    }
    *size = *line == NULL ? 0 : *size;
    do {
        c = getc(stream);
        if (c == EOF) {
            break;
        }
        if (length + 2 > *size) {
            size_t more = *size < LINE_FIRST ? LINE_FIRST : *size * 2;
            char *new = more > SSIZE_MAX ? NULL : realloc(*line, more);

            if (new == NULL) {
                errno = more > SSIZE_MAX ? EOVERFLOW : ENOMEM;
                return -1;
            }
            *line = new;
            *size = more;
        }
        (*line)[length++] = (char)c;
    } while (c != end);
    if (length == 0) {
        return -1;
    }
    (*line)[length] = '\0';
    return (ssize_t)length;
}

ssize_t
getline(char **restrict line, size_t *restrict size, FILE *restrict stream)
{
    return getdelim(line, size, '\n', stream);
}

int
vdprintf(int descriptor, const char *restrict format, va_list list)
{
    char *text = NULL;
    int length = vasprintf(&text, format, list);

    for (ssize_t done = 0, next = 0; next < length; next += done) {
        done = write(descriptor, text + next, (size_t)(length - next));
        if (done < 0) {
            length = -1;
        }
    }
    free(text);
    return length;
}

int
dprintf(int descriptor, const char *restrict format, ...)
{
    va_list list;
    int length;

    va_start(list, format);
    length = vdprintf(descriptor, format, list);
    va_end(list);
    return length;
}

void
flockfile(FILE *stream)
{
    (void)stream;
}

int
ftrylockfile(FILE *stream)
{
    (void)stream;
    return 0;
}

void
funlockfile(FILE *stream)
{
    (void)stream;
}

int
getc_unlocked(FILE *stream)
{
    return getc(stream);
}

int
getchar_unlocked(void)
{
    return getchar();
}

int
putc_unlocked(int c, FILE *stream)
{
    return putc(c, stream);
}

int
putchar_unlocked(int c)
{
    return putchar(c);
}

char *
ctermid(char *name)
{
    static char own[L_ctermid];

    return memcpy(name == NULL ? own : name, "/dev/tty", sizeof("/dev/tty"));
}

int
remove(const char *path)
{
    return unlink(path) == 0 ||
                   ((errno == EISDIR || errno == EPERM) && rmdir(path) == 0)
               ? 0
               : -1;
}
