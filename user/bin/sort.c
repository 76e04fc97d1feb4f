/* SPDX-License-Identifier: MIT */
/*
 * Sorts lines in bounded memory. Lines are gathered in a chunk of -S bytes,
 * sorted, and written to a file of their own, a run; when there are RUNS_MAX
 * runs they are merged into one. So a file of any size is sorted with one chunk
 * and RUNS_MAX + 1 open files. If there is no memory for a chunk, a smaller one
 * does.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "program.h"
#include "sort_order.h"

static const char help[] =
    "usage: sort [-cCmubdfinrs] [-k KEY]... [-t CHARACTER] [-o FILE]\n"
    "            [-S SIZE] [-T FOLDER] [FILE]...\n"
    "Writes the lines of all files, sorted by the numbers of their bytes.\n"
    "  -n, -r    by the numbers they begin with; the other way round\n"
    "  -f, -d, -i  capitals as small letters; letters, digits and blanks "
    "only;\n"
    "            what is printed only\n"
    "  -b        blanks before a key are not part of it\n"
    "  -k KEY    by a part of the line: FIELD[.CHARACTER][bdfinr][,the same],\n"
    "            its first and last character\n"
    "  -t C      C separates fields, not where blanks begin\n"
    "  -u        one of lines that are equal\n"
    "  -s        lines that are equal keep their order\n"
    "  -m        the files are sorted: merge them\n"
    "  -c, -C    are they? status 1 if not; -C says nothing\n"
    "  -o FILE   write there; it may be one of those that are read\n"
    "  -S SIZE   memory for lines, 1M; -T FOLDER for more, TMPDIR or /tmp\n";

#define CHUNK_SIZE (1 << 20)
#define CHUNK_MIN 4096
#define RUNS_MAX 16

static bool check;
static bool check_silent;
static bool merge;
static bool unique;
static const char *output;
static size_t chunk_wanted = CHUNK_SIZE;
static const char *folder;

/* Lines in memory: their bytes from the start, what points at them behind. */
static struct chunk {
    char *bytes;
    size_t size;
    size_t filled;
    char **lines;
    size_t count;
    size_t room;
} chunk;

/* Sorted files that wait to be merged; they have no names any more. */
static int runs[RUNS_MAX];
static size_t run_count;

static int
pointer_compare(const void *a, const void *b)
{
    const char *x = *(char *const *)a;
    const char *y = *(char *const *)b;
    int order = sort_order_compare(x, y);

    /* Lines stand in the chunk in the order in which they came. */
    return order != 0 ? order : x < y ? -1 : x > y;
}

static void
line_write(FILE *out, const char *line)
{
    if (fputs(line, out) == EOF || putc('\n', out) == EOF) {
        program_complain("what is sorted cannot be written");
        exit(program_trouble);
    }
}

static void
chunk_begin(void)
{
    for (chunk.size = chunk_wanted; chunk.size >= CHUNK_MIN; chunk.size /= 2) {
        chunk.room = chunk.size / 32;
        chunk.bytes = malloc(chunk.size);
        chunk.lines = malloc(chunk.room * sizeof(char *));
        if (chunk.bytes != NULL && chunk.lines != NULL) {
            return;
        }
        free(chunk.bytes);
        free(chunk.lines);
    }
    program_die("no memory for lines");
}

/* Writes the chunk's lines, sorted, and empties it. */
static void
chunk_write(FILE *out)
{
    const char *before = NULL;

    qsort(chunk.lines, chunk.count, sizeof(char *), pointer_compare);
    for (size_t i = 0; i < chunk.count; i++) {
        if (unique && before != NULL &&
            sort_order_equal(before, chunk.lines[i])) {
            continue;
        }
        before = chunk.lines[i];
        line_write(out, before);
    }
    chunk.count = 0;
    chunk.filled = 0;
}

/* A new file without a name, to write. */
static FILE *
run_make(void)
{
    size_t size = strlen(folder) + 16;
    char *path = program_memory(NULL, size, 1);
    FILE *out;
    int file;

    (void)snprintf(path, size, "%s/sort.XXXXXX", folder);
    file = mkstemp(path);
    if (file < 0) {
        program_complain("%s: no file can be made there for what memory does "
                         "not hold",
                         folder);
        exit(program_trouble);
    }
    (void)unlink(path);
    free(path);
    out = fdopen(file, "w");
    if (out == NULL) {
        program_complain("no memory for a file");
        exit(program_trouble);
    }
    return out;
}

/* Ends writing a run: what it is then read from. */
static int
run_end(FILE *out)
{
    int file = dup(fileno(out));

    if (fclose(out) != 0 || file < 0 || lseek(file, 0, SEEK_SET) != 0) {
        program_complain("%s", folder);
        exit(program_trouble);
    }
    return file;
}

/* Merges sorted inputs. Of equal lines those of the first input come first. */
static void
inputs_merge(struct lines *inputs, size_t count, FILE *out)
{
    char **heads = program_memory(NULL, count, sizeof(*heads));
    char *before = NULL;
    size_t room = 0;
    size_t length;

    for (size_t i = 0; i < count; i++) {
        heads[i] = lines_next(&inputs[i], &length);
    }
    for (;;) {
        size_t least = count;

        for (size_t i = 0; i < count; i++) {
            if (heads[i] != NULL &&
                (least == count ||
                 sort_order_compare(heads[i], heads[least]) < 0)) {
                least = i;
            }
        }
        if (least == count) {
            break;
        }
        if (!unique || before == NULL ||
            !sort_order_equal(before, heads[least])) {
            line_write(out, heads[least]);
            if (unique) {
                lines_keep(&before, &room, heads[least], strlen(heads[least]));
            }
        }
        heads[least] = lines_next(&inputs[least], &length);
    }
    free(before);
    free(heads);
}

static void
runs_merge(FILE *out)
{
    struct lines inputs[RUNS_MAX];

    for (size_t i = 0; i < run_count; i++) {
        lines_begin(&inputs[i], runs[i], folder);
    }
    inputs_merge(inputs, run_count, out);
    for (size_t i = 0; i < run_count; i++) {
        lines_close(&inputs[i]);
    }
    run_count = 0;
    if (program_status != 0) {
        exit(program_status);
    }
}

/* Puts the chunk into a run of its own. */
static void
chunk_spill(void)
{
    FILE *out;

    if (run_count == RUNS_MAX) {
        int merged;

        out = run_make();
        runs_merge(out);
        merged = run_end(out);
        runs[run_count++] = merged;
    }
    out = run_make();
    chunk_write(out);
    runs[run_count++] = run_end(out);
}

static void
line_add(const char *line, size_t length)
{
    if (chunk.count > 0 &&
        (chunk.size - chunk.filled <= length || chunk.count == chunk.room)) {
        chunk_spill();
    }
    if (chunk.size <= length) {
        /* A line longer than the chunk makes it larger. */
        chunk.size = length + 1;
        chunk.bytes = program_memory(chunk.bytes, chunk.size, 1);
    }
    memcpy(chunk.bytes + chunk.filled, line, length + 1);
    chunk.lines[chunk.count++] = chunk.bytes + chunk.filled;
    chunk.filled += length + 1;
}

static void
file_sort(int file, const char *name)
{
    struct lines lines;
    const char *line;
    size_t length;

    lines_begin(&lines, file, name);
    while ((line = lines_next(&lines, &length)) != NULL) {
        /* What is behind a null byte has no part in the order. */
        line_add(line, strlen(line));
    }
    free(lines.buffer);
}

static void
file_check(int file, const char *name)
{
    struct lines lines;
    char *before = NULL;
    size_t room = 0;
    const char *line;
    size_t length;

    lines_begin(&lines, file, name);
    for (uintmax_t number = 1; (line = lines_next(&lines, &length)) != NULL;
         number++) {
        int order = before == NULL ? -1 : sort_order_compare(before, line);

        if (order > 0 ||
            (unique && before != NULL && sort_order_equal(before, line))) {
            program_trouble = 1;
            if (!check_silent) {
                program_say("%s:%ju: disorder: %s", name, number, line);
            }
            program_status = 1;
            break;
        }
        lines_keep(&before, &room, line, length);
    }
    free(before);
    free(lines.buffer);
}

/* Merges files that are sorted, RUNS_MAX at a time. */
static void
files_merge(char **names, FILE *out)
{
    static char input[] = "-";
    static char *only[] = {input, NULL};

    for (names = *names == NULL ? only : names; *names != NULL; names++) {
        if (run_count == RUNS_MAX) {
            FILE *merged = run_make();

            runs_merge(merged);
            runs[run_count++] = run_end(merged);
        }
        runs[run_count] = strcmp(*names, "-") == 0 ? dup(STDIN_FILENO)
                                                   : open(*names, O_RDONLY);
        if (runs[run_count] < 0) {
            program_complain("%s", *names);
            exit(program_trouble);
        }
        run_count++;
    }
    runs_merge(out);
}

/*
 * Where the result goes. A file that is also read must not be cut before it
 * was: it is opened last, and a merge goes through a run.
 */
static FILE *
output_open(void)
{
    FILE *out = output == NULL ? stdout : fopen(output, "w");

    if (out == NULL) {
        program_complain("%s", output);
        exit(program_trouble);
    }
    return out;
}

static void
run_copy(int file, FILE *out)
{
    static char buffer[8192];
    ssize_t got;

    while ((got = program_read(file, folder, buffer, sizeof(buffer))) > 0) {
        if (fwrite(buffer, 1, (size_t)got, out) != (size_t)got) {
            program_complain("what is sorted cannot be written");
            exit(program_trouble);
        }
    }
    close(file);
}

/* Merges the files into where the result goes, which it gives. */
static FILE *
merge_write(char **names)
{
    FILE *out = output == NULL ? stdout : run_make();
    int file;

    files_merge(names, out);
    if (output == NULL) {
        return out;
    }
    file = run_end(out);
    out = output_open();
    run_copy(file, out);
    return out;
}

/* As merge_write, for files that are not sorted. */
static FILE *
sort_write(char **names)
{
    FILE *out;

    chunk_begin();
    program_inputs(names, file_sort);
    if (program_status != 0) {
        exit(program_end());
    }
    if (run_count > 0 && chunk.count > 0) {
        chunk_spill();
    }
    out = output_open();
    if (run_count > 0) {
        runs_merge(out);
    } else {
        chunk_write(out);
    }
    free(chunk.bytes);
    free(chunk.lines);
    return out;
}

static void
options_read(void)
{
    int option;

    folder = getenv("TMPDIR");
    while ((option = program_option("cCmubdfinrsk:t:o:S:T:")) != 0) {
        check |= option == 'c' || option == 'C';
        check_silent |= option == 'C';
        merge |= option == 'm';
        unique |= option == 'u';
        if (option == 'o') {
            output = program_value;
        } else if (option == 'T') {
            folder = program_value;
        } else if (option == 'S') {
            chunk_wanted = program_size(program_value, SIZE_MAX / 4, "memory");
        } else if (strchr("cCmu", option) == NULL) {
            sort_order_option(option, program_value);
        }
    }
    if (chunk_wanted < CHUNK_MIN) {
        chunk_wanted = CHUNK_MIN;
    }
    if (folder == NULL || *folder == '\0') {
        folder = "/tmp";
    }
    sort_order_begin(unique);
}

int
main(int argc, char **argv)
{
    char **names;
    FILE *out;

    (void)argc;
    program_trouble = 2;
    program_begin("sort", argv, help);
    options_read();
    names = program_operands();
    if (check) {
        if (names[0] != NULL && names[1] != NULL) {
            program_misused("%s: only one file is checked", names[1]);
        }
        program_inputs(names, file_check);
        return program_end();
    }
    out = merge ? merge_write(names) : sort_write(names);
    if (out != stdout && fclose(out) != 0) {
        program_complain("%s", output);
    }
    return program_end();
}
