/* SPDX-License-Identifier: MIT */
/* The shell's commands about variables, arguments and options. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "parse.h"
#include "run.h"
#include "shell.h"
#include "trap.h"
#include "user/bin/program.h"
#include "variable.h"

static const struct {
    char letter;
    const char *name;
} options[] = {
    {'a', "allexport"}, {'C', "noclobber"}, {'e', "errexit"},
    {'f', "noglob"},    {'m', "monitor"},   {'n', "noexec"},
    {'u', "nounset"},   {'v', "verbose"},   {'x', "xtrace"},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

bool
builtin_set_option(char letter, bool on)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (options[i].letter == letter) {
            shell.option[(int)letter] = on;
            return true;
        }
    }
    return false;
}

/* set -o name, set +o name. */
static bool
option_named(const char *name, bool on)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(options[i].name, name) == 0) {
            shell.option[(int)options[i].letter] = on;
            return true;
        }
    }
    return false;
}

static void
options_print(bool as_commands)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        bool on = shell.option[(int)options[i].letter];

        if (as_commands) {
            printf("set %co %s\n", on ? '-' : '+', options[i].name);
        } else {
            printf("%-10s %s\n", options[i].name, on ? "on" : "off");
        }
    }
}

static void
variable_print(const struct variable *v)
{
    if (v->value != NULL) {
        printf("%s=", v->name);
        variable_print_quoted(v->value);
        putchar('\n');
    }
}

static int
set_fail(const char *what)
{
    shell_say("set: %s: no such option", what);
    shell_fail(2);
    return 2;
}

int
builtin_set(int count, char **words)
{
    int i = 1;
    bool given = false;

    if (count == 1) {
        variables_each(variable_print);
        return 0;
    }
    for (; i < count && (words[i][0] == '-' || words[i][0] == '+') &&
           words[i][1] != '\0';
         i++) {
        bool on = words[i][0] == '-';

        if (strcmp(words[i], "--") == 0) {
            given = true;
            i++;
            break;
        }
        for (const char *letter = words[i] + 1; *letter != '\0'; letter++) {
            if (*letter != 'o') {
                char text[3] = {words[i][0], *letter, '\0'};

                if (!builtin_set_option(*letter, on)) {
                    return set_fail(text);
                }
            } else if (i + 1 == count) {
                options_print(!on);
                return 0;
            } else if (!option_named(words[++i], on)) {
                return set_fail(words[i]);
            } else {
                break;
            }
        }
    }
    if (given || i < count) {
        shell_arguments_free();
        shell_arguments_set(words + i, (size_t)(count - i));
    }
    return 0;
}

int
builtin_shift(int count, char **words)
{
    char *end = NULL;
    long number = count > 1 ? strtol(words[1], &end, 10) : 1;

    if (number < 0 || (end != NULL && (*end != '\0' || end == words[1])) ||
        (size_t)number > shell.count) {
        shell_say("shift: %s: there are not so many arguments",
                  count > 1 ? words[1] : "1");
        shell_fail(2);
        return 2;
    }
    for (long i = 0; i < number; i++) {
        free(shell.arguments[i]);
    }
    shell.count -= (size_t)number;
    memmove(shell.arguments, shell.arguments + number,
            (shell.count + 1) * sizeof(*shell.arguments));
    return 0;
}

static const char *print_prefix;

static void
export_print(const struct variable *v)
{
    if (*print_prefix == 'e' ? v->exported : v->readonly) {
        printf("%s %s", print_prefix, v->name);
        if (v->value != NULL) {
            putchar('=');
            variable_print_quoted(v->value);
        }
        putchar('\n');
    }
}

/* The name of NAME or NAME=value, the caller's; null, and says so, if none. */
static char *
name_take(const char *command, const char *word)
{
    size_t length = strcspn(word, "=");
    struct text name = {.bytes = NULL};

    if (!word_is_name(word, length)) {
        shell_say("%s: %s: is no name", command, word);
        shell_fail(2);
        return NULL;
    }
    text_add(&name, word, length);
    return text_take(&name);
}

/* export and readonly. */
int
builtin_export(int count, char **words)
{
    int i = 1;

    print_prefix = words[0];
    if (count > 1 && strcmp(words[1], "-p") == 0) {
        i++;
    }
    if (i >= count) {
        variables_each(export_print);
        return 0;
    }
    i += strcmp(words[i], "--") == 0;
    for (; i < count; i++) {
        char *name = name_take(words[0], words[i]);
        struct variable *v;

        if (name == NULL) {
            return 2;
        }
        if (strchr(words[i], '=') != NULL && !variable_assign(words[i])) {
            shell_fail(2);
            free(name);
            return 2;
        }
        v = variable_make(name);
        v->exported |= *words[0] == 'e';
        v->readonly |= *words[0] == 'r';
        free(name);
    }
    return 0;
}

/* local NAME[=value]...: till the function ends. */
int
builtin_local(int count, char **words)
{
    if (shell.functions == 0) {
        shell_say("local: not in a function");
        shell_fail(2);
        return 2;
    }
    for (int i = 1; i < count; i++) {
        char *name = name_take("local", words[i]);

        if (name == NULL) {
            return 2;
        }
        variable_save(name);
        free(name);
        if (strchr(words[i], '=') != NULL && !variable_assign(words[i])) {
            shell_fail(2);
            return 2;
        }
    }
    return 0;
}

int
builtin_unset(int count, char **words)
{
    bool functions = false;
    int i = 1;

    for (; i < count && words[i][0] == '-'; i++) {
        if (strcmp(words[i], "-f") != 0 && strcmp(words[i], "-v") != 0 &&
            strcmp(words[i], "--") != 0) {
            shell_say("unset: unknown option %s", words[i]);
            shell_fail(2);
            return 2;
        }
        functions = words[i][1] == 'f';
    }
    for (; i < count; i++) {
        if (functions) {
            function_unset(words[i]);
        } else if (!word_is_name(words[i], strlen(words[i]))) {
            shell_say("unset: %s: is no name", words[i]);
            shell_fail(2);
            return 2;
        } else if (!variable_set(words[i], NULL)) {
            shell_fail(2);
            return 2;
        }
    }
    return 0;
}

/*
 * Reads a line, byte by byte: what follows is for others. quoted gets a mark
 * for each byte that had a backslash. 0, 1 at the end, 128 + a signal.
 */
static int
line_read(bool raw, struct text *line, struct text *quoted)
{
    for (;;) {
        char c;
        ssize_t got = read(STDIN_FILENO, &c, 1);

        if (got < 0 && errno == EINTR) {
            if (trap_waiting() != 0) {
                return 128 + trap_waiting();
            }
            continue;
        }
        if (got <= 0) {
            return 1;
        }
        if (c == '\\' && !raw) {
            if (read(STDIN_FILENO, &c, 1) != 1) {
                return 1;
            }
            if (c != '\n' && c != '\0') {
                text_add_byte(line, c);
                text_add_byte(quoted, 1);
            }
        } else if (c == '\n') {
            return 0;
        } else if (c != '\0') {
            text_add_byte(line, c);
            text_add_byte(quoted, 0);
        }
    }
}

struct line {
    const char *text;
    const char *quoted;
    size_t length;
    const char *ifs;
};

static bool
is_separator(const struct line *l, size_t at, bool blank)
{
    char c = l->text[at];

    return l->quoted[at] == 0 && strchr(l->ifs, c) != NULL &&
           (c == ' ' || c == '\t' || c == '\n') == blank;
}

static size_t
blanks_skip(const struct line *l, size_t at)
{
    while (at < l->length && is_separator(l, at, true)) {
        at++;
    }
    return at;
}

static size_t
field_end(const struct line *l, size_t at)
{
    while (at < l->length && !is_separator(l, at, true) &&
           !is_separator(l, at, false)) {
        at++;
    }
    return at;
}

/* Behind a field: past one separator, and blanks around it. */
static size_t
separator_skip(const struct line *l, size_t at)
{
    at = blanks_skip(l, at);
    if (at < l->length && is_separator(l, at, false)) {
        at = blanks_skip(l, at + 1);
    }
    return at;
}

/* The last variable gets the rest, unless that is one field. */
static size_t
rest_end(const struct line *l, size_t begin)
{
    size_t end = l->length;

    if (separator_skip(l, field_end(l, begin)) == l->length) {
        return field_end(l, begin);
    }
    while (end > begin && is_separator(l, end - 1, true)) {
        end--;
    }
    return end;
}

int
builtin_read(int count, char **words)
{
    static char reply[] = "REPLY";
    static char *only[] = {reply, NULL};
    struct text text = {.bytes = NULL};
    struct text quoted = {.bytes = NULL};
    bool raw = false;
    struct line line;
    size_t at;
    int status;
    int i = 1;

    for (; i < count && words[i][0] == '-' && words[i][1] != '\0'; i++) {
        if (strcmp(words[i], "-p") == 0 && i + 1 < count) {
            fputs(words[++i], stderr);
        } else if (strcmp(words[i], "-r") == 0) {
            raw = true;
        } else {
            shell_say("read: unknown option %s", words[i]);
            return 2;
        }
    }
    status = line_read(raw, &text, &quoted);
    line = (struct line){text_string(&text), text_string(&quoted), text.length,
                         variable_get("IFS")};
    line.ifs = program_copy(line.ifs == NULL ? " \t\n" : line.ifs);
    words = i < count ? words + i : only;
    at = blanks_skip(&line, 0);
    for (; *words != NULL; words++) {
        size_t end =
            words[1] == NULL ? rest_end(&line, at) : field_end(&line, at);
        struct text value = {.bytes = NULL};

        text_add(&value, line.text + at, end - at);
        if (!word_is_name(*words, strlen(*words)) ||
            !variable_set(*words, value.bytes)) {
            shell_say("read: %s: cannot be set", *words);
            status = 2;
        }
        text_free(&value);
        at = separator_skip(&line, end);
    }
    free((char *)(uintptr_t)line.ifs);
    text_free(&text);
    text_free(&quoted);
    return status;
}

/* getopts: which option comes next, and where in a word with several. */
static size_t option_within;

static void
option_index_set(unsigned long index)
{
    char number[24];

    (void)snprintf(number, sizeof(number), "%lu", index);
    (void)variable_set("OPTIND", number);
}

/* An option that is wrong: said here, or left to the caller if quiet. */
static char
option_wrong(bool quiet, char letter, bool unknown)
{
    char text[2] = {letter, '\0'};

    if (quiet) {
        (void)variable_set("OPTARG", text);
        return unknown ? '?' : ':';
    }
    (void)variable_set("OPTARG", NULL);
    shell_say(unknown ? "unknown option -%c" : "option -%c needs an argument",
              letter);
    return '?';
}

int
builtin_getopts(int count, char **words)
{
    const char *index_text = variable_get("OPTIND");
    unsigned long index =
        index_text == NULL ? 1 : strtoul(index_text, NULL, 10);
    static unsigned long index_before;
    char **arguments = count > 3 ? words + 3 : shell.arguments;
    size_t number = count > 3 ? (size_t)count - 3 : shell.count;
    char result[2] = {'?', '\0'};
    const char *word;
    const char *known;
    bool quiet;

    if (count < 3) {
        shell_say("getopts: LETTERS and a NAME are needed");
        return 2;
    }
    if (index == 0 || index != index_before) {
        option_within = 1;
    }
    index = index == 0 ? 1 : index;
    quiet = words[1][0] == ':';
    word = index > number ? NULL : arguments[index - 1];
    if (word == NULL || word[0] != '-' || word[1] == '\0' ||
        strcmp(word, "--") == 0) {
        index += word != NULL && strcmp(word, "--") == 0;
        option_index_set(index);
        index_before = 0;
        (void)variable_set(words[2], result);
        return 1;
    }
    if (option_within >= strlen(word)) {
        option_within = 1;
    }
    result[0] = word[option_within++];
    known = result[0] == ':' ? NULL : strchr(words[1], result[0]);
    if (known != NULL && known[1] == ':') {
        if (word[option_within] != '\0') {
            (void)variable_set("OPTARG", word + option_within);
        } else if (index < number) {
            (void)variable_set("OPTARG", arguments[index++]);
        } else {
            result[0] = option_wrong(quiet, result[0], false);
        }
        index++;
        option_within = 1;
    } else {
        if (known == NULL) {
            result[0] = option_wrong(quiet, result[0], true);
        } else {
            (void)variable_set("OPTARG", NULL);
        }
        if (word[option_within] == '\0') {
            index++;
            option_within = 1;
        }
    }
    option_index_set(index);
    index_before = index;
    return variable_set(words[2], result) ? 0 : 2;
}
