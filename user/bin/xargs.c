/* SPDX-License-Identifier: MIT */
/* Runs a program with what it reads as arguments. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

static const char help[] =
    "usage: xargs [-0prtx] [-n COUNT] [-L LINES] [-I TEXT] [-s SIZE]\n"
    "             [PROGRAM [ARGUMENT]...]\n"
    "Reads words and runs the program, or echo, with as many at a time as "
    "fit.\n"
    "Blanks separate words; ' \" and \\ quote.\n"
    "  -0        null bytes separate words, nothing quotes\n"
    "  -n COUNT  at most so many words at a time\n"
    "  -L LINES  the words of so many lines at a time\n"
    "  -I TEXT   once for each line, which replaces TEXT in the arguments\n"
    "  -s SIZE   at most so many bytes of arguments\n"
    "  -r        not at all if there are no words\n"
    "  -t        say what is run; -p also ask\n"
    "  -x        end if -n or -L words do not fit\n"
    "Status: 0; 123 if a run failed, 124 if one ended with 255, 125 if a "
    "signal\n"
    "ended one, 126 or 127 if the program cannot be run or is not there.\n";

/* A part of what execve takes, environment and all. */
#define SIZE_DEFAULT 32768

static char **command; /* the program and the arguments it begins with */
static size_t command_count;
static const char *replaced;
static bool by_null;
static bool trace;
static bool ask;
static bool exact;
static bool when_none = true;
static uintmax_t words_max = UINTMAX_MAX;
static uintmax_t lines_max = UINTMAX_MAX;
static size_t size_max = SIZE_DEFAULT; /* of the words that are added */

static char **words; /* what is added to it */
static size_t word_count;
static size_t word_bytes;
static uintmax_t line_count; /* whole lines among them */

static bool input_ended;

static void
run_wait(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            program_complain("%s", command[0]);
            exit(program_trouble);
        }
    }
    if (WIFSIGNALED(status)) {
        program_trouble = 125;
        program_die("%s: ended by signal %d", command[0], WTERMSIG(status));
    }
    status = WEXITSTATUS(status);
    if (status == 255) {
        program_trouble = 124;
        program_die("%s: ended with status 255", command[0]);
    }
    if (status == 126 || status == 127) {
        exit(status);
    }
    if (status != 0) {
        program_status = 123;
    }
}

static bool
run_announce(char **arguments)
{
    char c = '\0';
    bool first = true;
    bool agreed = false;
    FILE *terminal;

    for (char **word = arguments; *word != NULL; word++) {
        fprintf(stderr, "%s%s", word == arguments ? "" : " ", *word);
    }
    if (!ask) {
        fputc('\n', stderr);
        return true;
    }
    fputs("? ", stderr);
    terminal = fopen("/dev/tty", "r");
    if (terminal == NULL) {
        program_die("there is no terminal to ask");
    }
    for (int got; (got = getc(terminal)) != EOF && got != '\n';) {
        c = (char)got;
        agreed = first ? c == 'y' || c == 'Y' : agreed;
        first = false;
    }
    fclose(terminal);
    return agreed;
}

static void
command_run(char **arguments)
{
    pid_t child;

    if (trace && !run_announce(arguments)) {
        return;
    }
    fflush(stdout);
    child = fork();
    if (child < 0) {
        program_complain("%s", command[0]);
        exit(program_trouble);
    }
    if (child == 0) {
        execvp(arguments[0], arguments);
        program_complain("%s", arguments[0]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    run_wait(child);
}

/* Runs with the words there are, and forgets them. */
static void
words_run(void)
{
    char **arguments = program_memory(NULL, command_count + word_count + 1,
                                      sizeof(*arguments));

    memcpy(arguments, command, command_count * sizeof(*arguments));
    if (word_count > 0) {
        memcpy(arguments + command_count, words,
               word_count * sizeof(*arguments));
    }
    arguments[command_count + word_count] = NULL;
    command_run(arguments);
    free(arguments);
    for (size_t i = 0; i < word_count; i++) {
        free(words[i]);
    }
    word_count = 0;
    word_bytes = 0;
    line_count = 0;
}

static char *
text_replace(const char *text, const char *line)
{
    size_t size = strlen(text) + 1;
    size_t length = strlen(replaced);
    char *result;
    char *out;

    for (const char *at = text; (at = strstr(at, replaced)) != NULL;
         at += length) {
        size += strlen(line);
    }
    result = program_memory(NULL, size, 1);
    for (out = result; *text != '\0';) {
        if (strncmp(text, replaced, length) == 0) {
            memcpy(out, line, strlen(line));
            out += strlen(line);
            text += length;
        } else {
            *out++ = *text++;
        }
    }
    *out = '\0';
    return result;
}

static void
line_run(const char *line)
{
    char **arguments =
        program_memory(NULL, command_count + 1, sizeof(*arguments));
    size_t count = 0;

    /* The program itself is the first. */
    do {
        arguments[count] = text_replace(command[count], line);
    } while (++count < command_count);
    arguments[count] = NULL;
    command_run(arguments);
    while (count > 0) {
        free(arguments[--count]);
    }
    free(arguments);
}

static int
byte_next(void)
{
    int c = input_ended ? EOF : getchar();

    input_ended |= c == EOF;
    return c;
}

/*
 * The next word, in memory of its own, or null after the last. *line_ends is
 * whether a newline stood behind it.
 */
static char *
word_read(bool *line_ends)
{
    char *word = NULL;
    size_t length = 0;
    bool is_word = false;
    int quote = 0;
    int c;

    *line_ends = false;
    while ((c = byte_next()) != EOF) {
        bool end = by_null
                       ? c == '\0'
                       : quote == 0 && (c == '\n' || (replaced == NULL &&
                                                      (c == ' ' || c == '\t')));

        if (end && (is_word || by_null)) {
            *line_ends = c == '\n';
            break;
        }
        if (end || (replaced != NULL && !is_word && (c == ' ' || c == '\t'))) {
            continue;
        }
        is_word = true;
        if (!by_null && quote == c) {
            quote = 0;
            continue;
        }
        if (!by_null && quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
            continue;
        }
        if (quote != 0 && c == '\n') {
            break;
        }
        if (!by_null && quote == 0 && c == '\\') {
            c = byte_next();
            if (c == EOF) {
                break;
            }
        }
        if ((length & (length - 1)) == 0) {
            word = program_memory(word, length == 0 ? 16 : length * 2 + 16, 1);
        }
        word[length++] = (char)c;
    }
    if (quote != 0) {
        program_die("%c has no other one on its line", quote);
    }
    if (c == EOF && !is_word) {
        free(word);
        return NULL;
    }
    word = program_memory(word, length + 1, 1);
    word[length] = '\0';
    return word;
}

/* Keeps the word for a run, of which it is sometimes the last. */
static void
word_add(char *word, bool line_ends)
{
    size_t size = strlen(word) + 1;

    if (size > size_max || (exact && word_bytes + size > size_max)) {
        program_die("the words are too long for one run");
    }
    if (word_bytes + size > size_max) {
        words_run();
    }
    if ((word_count & (word_count - 1)) == 0) {
        words = program_memory(words, word_count == 0 ? 1 : word_count * 2,
                               sizeof(*words));
    }
    words[word_count++] = word;
    word_bytes += size;
    line_count += line_ends;
    if (word_count == words_max || line_count == lines_max) {
        words_run();
    }
}

static void
options_read(void)
{
    int option;

    while ((option = program_option("0prtxn:L:I:s:")) != 0) {
        by_null |= option == '0';
        ask |= option == 'p';
        trace |= option == 't' || option == 'p';
        when_none &= option != 'r';
        exact |= option == 'x' || option == 'I';
        if (option == 'n') {
            words_max = program_number(program_value, UINTMAX_MAX, "count");
        } else if (option == 'L') {
            lines_max = program_number(program_value, UINTMAX_MAX, "lines");
        } else if (option == 's') {
            size_max = program_size(program_value, SIZE_MAX, "size");
        } else if (option == 'I') {
            replaced = program_value;
        }
    }
    if (words_max == 0 || lines_max == 0 ||
        (replaced != NULL && *replaced == '\0')) {
        program_misused("none at a time would never end");
    }
}

/* The command has one word at least. */
static void
command_read(void)
{
    static char echo[] = "echo";
    static char *echo_only[] = {echo, NULL};

    command = *program_operands() == NULL ? echo_only : program_operands();
    do {
        size_t size = strlen(command[command_count++]) + 1;

        size_max = size_max > size ? size_max - size : 0;
    } while (command[command_count] != NULL);
}

int
main(int argc, char **argv)
{
    bool ran = false;
    bool line_ends;
    char *word;

    (void)argc;
    program_begin("xargs", argv, help);
    options_read();
    command_read();
    while ((word = word_read(&line_ends)) != NULL) {
        ran = true;
        if (replaced != NULL) {
            line_run(word);
            free(word);
        } else {
            word_add(word, line_ends);
        }
    }
    if (word_count > 0 || (!ran && when_none && replaced == NULL)) {
        words_run();
    }
    free(words);
    return program_end();
}
