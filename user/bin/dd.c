/* SPDX-License-Identifier: MIT */
/* Copies blocks. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: dd [NAME=VALUE]...\n"
    "Copies standard input to standard output, in blocks.\n"
    "  if=FILE, of=FILE      from here; to there\n"
    "  bs=SIZE               of a block, 512; also b, k, M, G\n"
    "  ibs=SIZE, obs=SIZE    of a block that is read; that is written\n"
    "  count=N               at most N blocks of the input\n"
    "  skip=N, seek=N        not the first N blocks of the input; behind the\n"
    "                        first N of the output\n"
    "  conv=WORD[,WORD]...   notrunc: the rest of the output stays; sync: "
    "short\n"
    "                        blocks are filled with zeros; noerror: go on "
    "after\n"
    "                        errors; fsync: at the end all is on the disk\n"
    "How many blocks, whole+partial, it tells on standard error.\n";

#define BLOCK_MAX ((uintmax_t)1 << 30)

static const char *in_name;
static const char *out_name;
static size_t block;
static size_t in_size = 512;
static size_t out_size = 512;
static uintmax_t count = UINTMAX_MAX;
static uintmax_t skip;
static uintmax_t seek;
static bool no_cut;
static bool fill;
static bool go_on;
static bool sync_end;

static uintmax_t in_whole, in_part, out_whole, out_part;

static size_t
block_read(const char *text)
{
    uintmax_t size = program_size(text, BLOCK_MAX, "block");

    if (size == 0) {
        program_misused("a block of 0 bytes");
    }
    return (size_t)size;
}

static void
conversions_read(char *list)
{
    for (char *word = strtok(list, ","); word != NULL;
         word = strtok(NULL, ",")) {
        if (strcmp(word, "notrunc") == 0) {
            no_cut = true;
        } else if (strcmp(word, "sync") == 0) {
            fill = true;
        } else if (strcmp(word, "noerror") == 0) {
            go_on = true;
        } else if (strcmp(word, "fsync") == 0) {
            sync_end = true;
        } else {
            program_misused("conv=%s: no such conversion", word);
        }
    }
}

static void
operand_read(char *word)
{
    char *value = strchr(word, '=');
    static const char *const names[] = {"if",    "of",   "bs",   "ibs", "obs",
                                        "count", "skip", "seek", "conv"};
    size_t i = 0;

    if (value == NULL) {
        program_misused("%s: NAME=VALUE is needed", word);
    }
    *value++ = '\0';
    while (i < 9 && strcmp(names[i], word) != 0) {
        i++;
    }
    switch (i) {
    case 0:
        in_name = value;
        break;
    case 1:
        out_name = value;
        break;
    case 2:
        block = block_read(value);
        break;
    case 3:
        in_size = block_read(value);
        break;
    case 4:
        out_size = block_read(value);
        break;
    case 5:
        count = program_size(value, UINTMAX_MAX, "count");
        break;
    case 6:
        skip = program_size(value, INTMAX_MAX, "skip");
        break;
    case 7:
        seek = program_size(value, INTMAX_MAX, "seek");
        break;
    case 8:
        conversions_read(value);
        break;
    default:
        program_misused("%s: no such operand", word);
    }
}

static void
input_open(char *buffer)
{
    if (in_name != NULL) {
        int file = open(in_name, O_RDONLY);

        if (file < 0 || dup2(file, STDIN_FILENO) < 0) {
            program_complain("%s", in_name);
            exit(program_trouble);
        }
    }
    in_name = in_name == NULL ? "standard input" : in_name;
    if (skip > 0 &&
        (skip > (uintmax_t)INTMAX_MAX / in_size ||
         lseek(STDIN_FILENO, (off_t)(skip * in_size), SEEK_CUR) < 0)) {
        for (; skip > 0; skip--) {
            if (program_read(STDIN_FILENO, in_name, buffer, in_size) <= 0) {
                break;
            }
        }
    }
}

static void
output_open(void)
{
    off_t begin = 0;

    if (seek > (uintmax_t)INTMAX_MAX / out_size) {
        program_die("seek=%ju: no file is that long", seek);
    }
    begin = (off_t)(seek * out_size);
    if (out_name != NULL) {
        int flags = O_WRONLY | O_CREAT | (no_cut || seek > 0 ? 0 : O_TRUNC);
        int file = open(out_name, flags, 0666);
        struct stat status;

        if (file < 0 || dup2(file, STDOUT_FILENO) < 0 ||
            fstat(STDOUT_FILENO, &status) != 0 ||
            (seek > 0 && !no_cut && S_ISREG(status.st_mode) &&
             ftruncate(STDOUT_FILENO, begin) != 0)) {
            program_complain("%s", out_name);
            exit(program_trouble);
        }
    }
    out_name = out_name == NULL ? "standard output" : out_name;
    if (begin > 0 && lseek(STDOUT_FILENO, begin, SEEK_CUR) < 0) {
        program_complain("%s: seek", out_name);
        exit(program_trouble);
    }
}

static bool
block_write(const char *data, size_t size, size_t whole)
{
    if (!program_write(STDOUT_FILENO, data, size)) {
        program_complain("%s", out_name);
        return false;
    }
    out_whole += size == whole;
    out_part += size != whole;
    return true;
}

/* From one size of blocks to another; held has room for both. */
static void
blocks_copy(char *held)
{
    size_t filled = 0;

    for (; count > 0; count--) {
        ssize_t got =
            program_read(STDIN_FILENO, in_name, held + filled, in_size);
        size_t done = 0;

        if (got < 0 && go_on) {
            /* What cannot be read is passed over, as a block of zeros. */
            (void)lseek(STDIN_FILENO, (off_t)in_size, SEEK_CUR);
            if (!fill) {
                continue;
            }
            got = 0;
        } else if (got <= 0) {
            break;
        }
        in_whole += (size_t)got == in_size;
        in_part += (size_t)got != in_size;
        if (fill) {
            memset(held + filled + got, 0, in_size - (size_t)got);
            got = (ssize_t)in_size;
        }
        if (block != 0) {
            if (!block_write(held, (size_t)got, block)) {
                return;
            }
            continue;
        }
        filled += (size_t)got;
        for (; filled - done >= out_size; done += out_size) {
            if (!block_write(held + done, out_size, out_size)) {
                return;
            }
        }
        filled -= done;
        memmove(held, held + done, filled);
    }
    if (filled > 0) {
        (void)block_write(held, filled, out_size);
    }
}

int
main(int argc, char **argv)
{
    char *buffer;
    char **word;

    (void)argc;
    program_begin("dd", argv, help);
    (void)program_option("");
    for (word = program_operands(); *word != NULL; word++) {
        operand_read(*word);
    }
    if (block != 0) {
        in_size = block;
        out_size = block;
    }
    buffer = program_memory(NULL, in_size + out_size, 1);
    input_open(buffer);
    output_open();
    blocks_copy(buffer);
    if (sync_end && fsync(STDOUT_FILENO) != 0) {
        program_complain("%s", out_name);
    }
    fprintf(stderr, "%ju+%ju records in\n%ju+%ju records out\n", in_whole,
            in_part, out_whole, out_part);
    free(buffer);
    return program_end();
}
