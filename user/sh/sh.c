/* SPDX-License-Identifier: MIT */
/* The shell: how it begins, what it does with commands, how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtin.h"
#include "edit.h"
#include "expand.h"
#include "history.h"
#include "input.h"
#include "jobs.h"
#include "parse.h"
#include "redirect.h"
#include "run.h"
#include "shell.h"
#include "trap.h"
#include "user/bin/program.h"
#include "variable.h"

static const char help[] =
    "usage: sh [-aCefimnuvx] [-o OPTION]... [FILE [ARGUMENT]...]\n"
    "       sh [-aCefimnuvx] [-o OPTION]... -c COMMANDS [NAME [ARGUMENT]...]\n"
    "Runs commands: of a file, of its argument, or of standard input; if that\n"
    "is a terminal, or with -i, it asks for them.\n"
    "The other options are those of set: see docs/shell.md.\n";

struct shell shell;

void
shell_say(const char *format, ...)
{
    va_list list;

    fflush(stdout);
    fprintf(stderr, "%s: ", shell.name);
    if (!shell.person && shell.line > 0) {
        fprintf(stderr, "line %u: ", shell.line);
    }
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

void
shell_fail(int status)
{
    shell.status = status;
    shell.skip = SKIP_ALL;
}

void
shell_exit(int status)
{
    shell.skip = SKIP_NONE;
    shell.status = status;
    trap_run_exit();
    if (fflush(stdout) != 0 && shell.status == 0) {
        shell.status = 1;
    }
    /* A child must not do what is to be done once, at the parent's end. */
    if (shell.subshell) {
        _exit(shell.status);
    }
    exit(shell.status);
}

void
shell_enter_child(void)
{
    shell.subshell = true;
    shell.loops = 0;
    traps_reset();
    if (shell.interactive) {
        shell.interactive = false;
        traps_restore();
    }
    jobs_forget();
}

void
shell_arguments_set(char **words, size_t count)
{
    shell.arguments = program_memory(NULL, count + 1, sizeof(char *));
    shell.count = count;
    for (size_t i = 0; i < count; i++) {
        shell.arguments[i] = program_copy(words[i]);
    }
    shell.arguments[count] = NULL;
}

void
shell_arguments_free(void)
{
    for (size_t i = 0; i < shell.count; i++) {
        free(shell.arguments[i]);
    }
    free(shell.arguments);
}

char *
shell_prompt(bool within)
{
    const char *value = variable_get(within ? "PS2" : "PS1");
    int status = shell.status;
    char *text;

    if (!within) {
        jobs_notify();
    }
    text = expand_string(value != NULL   ? value
                         : within        ? "> "
                         : getuid() == 0 ? "# "
                                         : "$ ");
    shell.status = status;
    shell.skip = SKIP_NONE;
    return text == NULL ? program_copy("$ ") : text;
}

/* One command of an input. False after the last. */
static bool
command_next(struct input *input)
{
    struct arena *arena = arena_make();
    const struct node *tree = NULL;
    enum parse_result result = parse_command_line(input, arena, &tree);

    if (result == PARSE_TREE) {
        run_list(tree, 0);
    } else if (result == PARSE_WRONG) {
        shell_fail(input->interrupted ? 130 : 2);
    }
    arena_drop(arena);
    traps_run();
    if (input->person && shell.skip == SKIP_ALL) {
        /* What was typed so far is forgotten; the next line is a new one. */
        shell.skip = SKIP_NONE;
        input->at = input->text.length;
        return true;
    }
    return result != PARSE_END && shell.skip == SKIP_NONE;
}

int
shell_run(struct input *input)
{
    unsigned line = shell.line;
    bool any = false;

    while (command_next(input)) {
        any = true;
    }
    shell.line = line;
    return any || shell.skip != SKIP_NONE ? shell.status : 0;
}

/* Where the shell reads from when there is no file and no -c. */
static void
standard_input(struct input *input)
{
    int terminal;

    if (!shell.interactive) {
        input_from_file(input, STDIN_FILENO, false);
        return;
    }
    terminal = redirect_move_high(STDIN_FILENO);
    if (terminal < 0) {
        program_die("no file for the terminal");
    }
    edit_begin(terminal);
    jobs_begin(terminal);
    history_begin();
    input_from_person(input);
}

static void
file_open(struct input *input, const char *name)
{
    int low = open(name, O_RDONLY);
    int file = low < 0 ? -1 : redirect_move_high(low);

    if (file < 0) {
        program_trouble = errno == ENOENT ? 127 : 126;
        program_complain("%s", name);
        exit(program_trouble);
    }
    close(low);
    input_from_file(input, file, true);
}

/* Options as set has them, and c and i. Gives what is behind them. */
static char **
options_read(char **words, bool *command, bool *person)
{
    for (; *words != NULL && ((*words)[0] == '-' || (*words)[0] == '+') &&
           (*words)[1] != '\0';
         words++) {
        bool on = (*words)[0] == '-';

        if (strcmp(*words, "--") == 0) {
            return words + 1;
        }
        for (const char *letter = *words + 1; *letter != '\0'; letter++) {
            if (*letter == 'o' && words[1] != NULL) {
                char set[] = "set";
                char sign[] = {on ? '-' : '+', 'o', '\0'};
                char *all[] = {set, sign, *++words, NULL};

                if (builtin_set(3, all) != 0) {
                    exit(2);
                }
                break;
            }
            if (on && *letter == 'c') {
                *command = true;
            } else if (on && *letter == 'i') {
                *person = true;
            } else if (*letter != 's' && !builtin_set_option(*letter, on)) {
                program_misused("unknown option %c%c", **words, *letter);
            }
        }
    }
    return words;
}

int
main(int argc, char **argv)
{
    static char own_name[] = "sh";
    bool command = false;
    bool person = false;
    struct input input;
    char **words;
    int status;

    program_trouble = 2;
    program_begin("sh", argv, help);
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        (void)program_option("");
    }
    shell.name = argc > 0 ? argv[0] : own_name;
    shell.own = getpid();
    shell_arguments_set(argv, 0);
    words = options_read(argv + (argc > 0), &command, &person);
    if (command && *words == NULL) {
        program_misused("-c needs commands");
    }
    shell.interactive =
        person || (!command && *words == NULL && isatty(STDIN_FILENO) != 0 &&
                   isatty(STDERR_FILENO) != 0);
    shell.person = shell.interactive;
    variables_begin();
    (void)variable_set("OPTIND", "1");
    (void)variable_set("IFS", " \t\n");
    if (variable_get("PATH") == NULL) {
        (void)variable_set("PATH", "/bin:/usr/bin");
    }
    builtin_cd_begin();
    traps_begin();
    if (command) {
        input_from_string(&input, *words++);
        shell.name = *words != NULL ? *words++ : shell.name;
    } else if (*words != NULL) {
        shell.name = *words++;
        file_open(&input, shell.name);
    } else {
        standard_input(&input);
    }
    shell_arguments_free();
    for (status = 0; words[status] != NULL;) {
        status++;
    }
    shell_arguments_set(words, (size_t)status);
    (void)shell_run(&input);
    shell_exit(shell.status);
}
