/* SPDX-License-Identifier: MIT */
/* Commands of words: functions, those of the shell, programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builtin.h"
#include "expand.h"
#include "jobs.h"
#include "redirect.h"
#include "run.h"
#include "shell.h"
#include "trap.h"
#include "user/bin/program.h"
#include "variable.h"

/* Functions in functions: what the stack must hold. */
#define FUNCTIONS_MAX 500

struct function {
    struct function *next;
    const char *name; /* as the tree has it */
    const struct node *body;
    struct arena *arena;
};

static struct function *functions;

const struct function *
function_find(const char *name)
{
    const struct function *f = functions;

    while (f != NULL && strcmp(f->name, name) != 0) {
        f = f->next;
    }
    return f;
}

void
function_unset(const char *name)
{
    for (struct function **link = &functions; *link != NULL;
         link = &(*link)->next) {
        struct function *f = *link;

        if (strcmp(f->name, name) == 0) {
            *link = f->next;
            arena_drop(f->arena);
            free(f);
            return;
        }
    }
}

void
function_define(const struct node *node)
{
    struct function *f = program_memory(NULL, 1, sizeof(*f));

    function_unset(node->name);
    *f = (struct function){functions, node->name, node->body, node->arena};
    arena_hold(f->arena);
    functions = f;
    shell.status = 0;
}

static void
function_call(const struct function *f, int count, char **words, unsigned flags)
{
    char **arguments = shell.arguments;
    size_t before = shell.count;
    unsigned loops = shell.loops;
    struct saved *mark = variables_mark();
    struct arena *arena = f->arena;

    if (shell.functions == FUNCTIONS_MAX) {
        shell_say("%s: more than %d functions in one another", words[0],
                  FUNCTIONS_MAX);
        shell_fail(2);
        return;
    }
    /* It may be defined anew while it runs; `set` may give it other words. */
    arena_hold(arena);
    shell.functions++;
    shell.loops = 0;
    shell_arguments_set(words + 1, (size_t)count - 1);
    run_node(f->body, flags & RUN_TESTED);
    shell_arguments_free();
    shell.arguments = arguments;
    shell.count = before;
    shell.loops = loops;
    shell.functions--;
    variables_restore(mark);
    arena_drop(arena);
    if (shell.skip == SKIP_RETURN) {
        shell.skip = SKIP_NONE;
    }
}

static bool
assignments_do(const struct word *assignments, bool save)
{
    for (; assignments != NULL; assignments = assignments->next) {
        char *text = expand_text(assignments, true);
        char *name;
        bool good;

        if (text == NULL) {
            return false;
        }
        name = program_copy(text);
        *strchr(name, '=') = '\0';
        if (save) {
            variable_save(name);
        }
        good = variable_assign(text);
        if (good && save) {
            variable_make(name)->exported = true;
        }
        free(name);
        free(text);
        if (!good) {
            shell_fail(2);
            return false;
        }
    }
    return true;
}

static void
trace_print(const struct node *node, const struct strings *words)
{
    char *prompt;
    const char *value = variable_get("PS4");
    const char *blank = "";

    /* What PS4 has in it is not traced again. */
    shell.option['x'] = false;
    prompt = expand_string(value == NULL ? "+ " : value);
    fflush(stdout);
    fprintf(stderr, "%s", prompt == NULL ? "" : prompt);
    for (const struct word *w = node->assignments; w != NULL; w = w->next) {
        char *text = words->count > 0 ? NULL : expand_text(w, true);

        if (text != NULL) {
            fprintf(stderr, "%s%s", blank, text);
            blank = " ";
        }
        free(text);
    }
    for (size_t i = 0; i < words->count; i++) {
        fprintf(stderr, "%s%s", blank, words->items[i]);
        blank = " ";
    }
    fputc('\n', stderr);
    free(prompt);
    shell.option['x'] = true;
}

void
run_words(int count, char **words, unsigned flags, bool with_functions)
{
    const struct builtin *builtin = builtin_find(words[0]);
    const struct function *function =
        with_functions ? function_find(words[0]) : NULL;
    struct job *job;

    if (builtin != NULL && builtin->special) {
        function = NULL;
    }
    if (function != NULL) {
        function_call(function, count, words, flags);
        return;
    }
    if (builtin != NULL) {
        int status = builtin->run(count, words);

        if (fflush(stdout) != 0 || ferror(stdout)) {
            shell_say("%s: what it prints cannot be written", words[0]);
            clearerr(stdout);
            status = status == 0 ? 1 : status;
        }
        shell.status = status;
        return;
    }
    if ((flags & RUN_LAST) != 0 && !traps_any()) {
        run_program(words);
    }
    job = job_make(words[0], true);
    switch (job_fork(job)) {
    case 0:
        run_program(words);
        break;
    case -1:
        job_drop(job);
        shell.status = 126;
        break;
    default:
        shell.status = job_wait(job);
    }
}

/* A command with words: redirections and assignments around it. */
static void
command_run(const struct node *node, struct strings *words, unsigned flags)
{
    const struct builtin *builtin = builtin_find(words->items[0]);
    bool special = builtin != NULL && builtin->special;
    bool external = builtin == NULL && function_find(words->items[0]) == NULL;
    struct files files = {.saved = NULL};
    struct saved *mark = variables_mark();

    if (external && ((flags & RUN_LAST) == 0 || traps_any())) {
        struct job *job = job_make(node->text, true);
        pid_t child = job_fork(job);

        if (child != 0) {
            if (child < 0) {
                job_drop(job);
            }
            shell.status = child < 0 ? 126 : job_wait(job);
            return;
        }
        flags |= RUN_LAST;
    }
    if (!redirect_do(node->redirects, &files)) {
        redirect_undo(&files);
        shell.status = 2;
        if (external) {
            shell_exit(2);
        }
        if (special && shell.skip == SKIP_NONE) {
            shell_fail(2);
        }
        return;
    }
    if (assignments_do(node->assignments, !special)) {
        run_words((int)words->count, words->items, flags, true);
    } else if (external) {
        shell_exit(2);
    }
    if (node->assignments != NULL) {
        variables_restore(mark);
    }
    if (builtin != NULL && builtin->keeps && words->count == 1) {
        redirect_keep(&files);
    } else {
        redirect_undo(&files);
    }
}

void
simple_run(const struct node *node, unsigned flags)
{
    struct strings words = {.items = NULL};

    shell.line = node->line;
    shell.substituted = -1;
    if (!expand_words(node->words, &words)) {
        strings_free(&words);
        return;
    }
    if (shell.option['x']) {
        trace_print(node, &words);
    }
    if (words.count > 0) {
        command_run(node, &words, flags);
    } else {
        struct files files = {.saved = NULL};
        bool good = redirect_do(node->redirects, &files);

        redirect_undo(&files);
        if (good && assignments_do(node->assignments, false)) {
            shell.status = shell.substituted >= 0 ? shell.substituted : 0;
        } else if (shell.skip == SKIP_NONE) {
            shell.status = 2;
        }
    }
    strings_free(&words);
}
