/* SPDX-License-Identifier: MIT */
/*
 * Streams: picolibc's buffers over descriptors, and what it leaves out. It
 * keeps no list of those that are open, which fflush(NULL) and exit need; so
 * its fdopen, fclose and fflush have other names in the image (CMakeLists.txt),
 * and here are those that programs call.
 *
 * stdout is written by lines if it is a terminal. stderr has no buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio-bufio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/posix/image.h"

FILE *picolibc_fdopen(int descriptor, const char *mode);
int picolibc_fclose(FILE *stream);
int picolibc_fflush(FILE *stream);
int __posix_sflags(const char *mode, int *flags);

#define MODE_OF_FILES 0666

static POSIX_ANEW_ZERO char in_buffer[BUFSIZ];
static POSIX_ANEW_ZERO char out_buffer[BUFSIZ];
static POSIX_ANEW_ZERO char error_buffer[1];

/* picolibc forgets that the end of a line could not be written. */
static ssize_t
out_write(int descriptor, const void *bytes, size_t count)
{
    ssize_t written = write(descriptor, bytes, count);

    if (written < 0) {
        stdout->flags |= __SERR;
    }
    return written;
}

static POSIX_ANEW struct __file_bufio in_file = FDEV_SETUP_BUFIO(
    STDIN_FILENO, in_buffer, BUFSIZ, read, write, lseek, close, __SRD, 0);
static POSIX_ANEW struct __file_bufio out_file = FDEV_SETUP_BUFIO(
    STDOUT_FILENO, out_buffer, BUFSIZ, read, out_write, lseek, close, __SWR, 0);
static POSIX_ANEW struct __file_bufio error_file = FDEV_SETUP_BUFIO(
    STDERR_FILENO, error_buffer, 1, read, write, lseek, close, __SWR, 0);

FILE *const stdin = &in_file.xfile.cfile.file;
FILE *const stdout = &out_file.xfile.cfile.file;
FILE *const stderr = &error_file.xfile.cfile.file;

struct stream {
    struct stream *next;
    FILE *file;
};

static POSIX_ANEW struct stream *streams = NULL;

/* NULL: the list has no room. */
static FILE *
stream_add(FILE *file)
{
    struct stream *stream = malloc(sizeof(*stream));

    if (stream == NULL) {
        return NULL;
    }
    *stream = (struct stream){streams, file};
    streams = stream;
    return file;
}

static void
stream_remove(const FILE *file)
{
    struct stream **place = &streams;

    while (*place != NULL && (*place)->file != file) {
        place = &(*place)->next;
    }
    if (*place != NULL) {
        struct stream *stream = *place;

        *place = stream->next;
        free(stream);
    }
}

FILE *
fdopen(int descriptor, const char *mode)
{
    FILE *file = picolibc_fdopen(descriptor, mode);

    return file == NULL ? NULL : stream_add(file);
}

FILE *
fopen(const char *path, const char *mode)
{
    int flags;
    int descriptor;
    FILE *file;

    if (__posix_sflags(mode, &flags) == 0) {
        errno = EINVAL;
        return NULL;
    }
    descriptor = open(path, flags, MODE_OF_FILES);
    if (descriptor < 0) {
        return NULL;
    }
    file = fdopen(descriptor, mode);
    if (file == NULL) {
        (void)close(descriptor);
    }
    return file;
}

int
fclose(FILE *stream)
{
    stream_remove(stream);
    return picolibc_fclose(stream);
}

int
fflush(FILE *stream)
{
    int result;

    if (stream != NULL) {
        return picolibc_fflush(stream);
    }
    result = picolibc_fflush(stdout);
    for (struct stream *s = streams; s != NULL; s = s->next) {
        if ((s->file->flags & __SWR) != 0 && picolibc_fflush(s->file) != 0) {
            result = EOF;
        }
    }
    return result;
}

__attribute__((constructor(101))) static void
streams_begin(void)
{
    int error = errno;

    if (isatty(STDOUT_FILENO) == 1) {
        out_file.bflags |= __BLBF;
    }
    errno = error;
}

/* What was printed is written at the end. */
__attribute__((destructor(101))) static void
streams_end(void)
{
    (void)fflush(NULL);
}
