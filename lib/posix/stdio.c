/* SPDX-License-Identifier: MIT */
/* The standard streams: picolibc's buffers over the first three descriptors.
   stderr has no buffer. */
#include <stdio-bufio.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/posix/image.h"

static POSIX_ANEW char in_buffer[BUFSIZ] = {0};
static POSIX_ANEW char out_buffer[BUFSIZ] = {0};
static POSIX_ANEW char error_buffer[1] = {0};

static POSIX_ANEW struct __file_bufio in_file = FDEV_SETUP_BUFIO(
    STDIN_FILENO, in_buffer, BUFSIZ, read, write, lseek, close, __SRD, 0);
static POSIX_ANEW struct __file_bufio out_file =
    FDEV_SETUP_BUFIO(STDOUT_FILENO, out_buffer, BUFSIZ, read, write, lseek,
                     close, __SWR, __BLBF);
static POSIX_ANEW struct __file_bufio error_file = FDEV_SETUP_BUFIO(
    STDERR_FILENO, error_buffer, 1, read, write, lseek, close, __SWR, 0);

FILE *const stdin = &in_file.xfile.cfile.file;
FILE *const stdout = &out_file.xfile.cfile.file;
FILE *const stderr = &error_file.xfile.cfile.file;

/* What was printed is written at the end. */
__attribute__((destructor(101))) static void
streams_end(void)
{
    fflush(stdout);
}
