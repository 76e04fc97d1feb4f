/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtin.h"
#include "expand.h"
#include "jobs.h"
#include "redirect.h"
#include "shell.h"
#include "trap.h"
#include "user/bin/pattern.h"
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

static void run_node(const struct node *node, unsigned flags);

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

static void
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

/* Tries one path; returns if it cannot be run. */
static void
path_run(const char *path, char **words, char **environment)
{
    static char shell_path[] = "/bin/sh";

    execve(path, words, environment);
    if (errno == ENOEXEC) {
        /* A file of commands. */
        size_t count = 0;
        char **all;

        while (words[count] != NULL) {
            count++;
        }
        all = program_memory(NULL, count + 2, sizeof(*all));
        all[0] = shell_path;
        all[1] = program_copy(path);
        memcpy(all + 2, words + 1, count * sizeof(*all));
        execve(shell_path, all, environment);
        free(all[1]);
        free(all);
    }
}

/* The next folder of PATH with name behind it; false after the last. */
static bool
path_next(const char **path, const char *name, struct text *result)
{
    size_t length;

    if (*path == NULL) {
        return false;
    }
    length = strcspn(*path, ":");
    result->length = 0;
    text_add(result, *path, length);
    if (length > 0) {
        text_add_byte(result, '/');
    }
    text_add_string(result, name);
    *path = (*path)[length] == ':' ? *path + length + 1 : NULL;
    return true;
}

char *
run_find(const char *name)
{
    const char *path = variable_get("PATH");
    struct text result = {.bytes = NULL};
    struct stat status;

    if (strchr(name, '/') != NULL) {
        return access(name, X_OK) == 0 ? program_copy(name) : NULL;
    }
    while (path_next(&path, name, &result)) {
        if (stat(result.bytes, &status) == 0 && S_ISREG(status.st_mode) &&
            access(result.bytes, X_OK) == 0) {
            return text_take(&result);
        }
    }
    text_free(&result);
    return NULL;
}

void
run_program(char **words)
{
    struct strings environment = variables_environment();
    const char *path = variable_get("PATH");
    struct text result = {.bytes = NULL};
    int error = ENOENT;

    fflush(stdout);
    if (strchr(words[0], '/') != NULL) {
        path_run(words[0], words, strings_items(&environment));
        error = errno;
    } else {
        while (path_next(&path, words[0], &result)) {
            path_run(result.bytes, words, strings_items(&environment));
            if (errno != ENOENT && errno != ENOTDIR) {
                error = errno;
            }
        }
    }
    if (error == ENOENT && strchr(words[0], '/') == NULL) {
        shell_say("%s: not found", words[0]);
    } else {
        shell_say("%s: %s", words[0], strerror(error));
    }
    text_free(&result);
    strings_free(&environment);
    shell_exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
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

        fflush(stdout);
        if (ferror(stdout)) {
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

static void
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

/* One command of a pipeline, in the child: in and out are its ends, or -1. */
_Noreturn static void
pipe_child(const struct node *node, int in, const int *ends, unsigned flags)
{
    if (in >= 0) {
        (void)dup2(in, STDIN_FILENO);
        close(in);
    }
    if (ends != NULL) {
        close(ends[0]);
        (void)dup2(ends[1], STDOUT_FILENO);
        close(ends[1]);
    }
    run_node(node, RUN_LAST | (flags & RUN_TESTED));
    shell_exit(shell.status);
}

static void
pipe_start(const struct node *node, struct job *job, unsigned flags)
{
    int in = -1;

    for (const struct node *n = node->body; n != NULL; n = n->next) {
        int ends[2] = {-1, -1};
        pid_t child;

        if (n->next != NULL && pipe(ends) != 0) {
            shell_say("no pipe can be made: %s", strerror(errno));
            break;
        }
        child = job_fork(job);
        if (child == 0) {
            pipe_child(n, in, n->next == NULL ? NULL : ends, flags);
        }
        if (in >= 0) {
            close(in);
        }
        if (n->next != NULL) {
            close(ends[1]);
        }
        in = ends[0];
        if (child < 0) {
            break;
        }
    }
    if (in >= 0) {
        close(in);
    }
}

static void
pipe_run(const struct node *node, unsigned flags)
{
    flags |= node->negate ? RUN_TESTED : 0;
    if (node->body->next == NULL) {
        run_node(node->body, flags & ~RUN_LAST);
    } else {
        struct job *job = job_make(node->text, true);

        pipe_start(node, job, flags);
        shell.status = job_wait(job);
    }
    if (node->negate && shell.skip == SKIP_NONE) {
        shell.status = !shell.status;
    }
}

static void
subshell_run(const struct node *node, unsigned flags)
{
    struct job *job;
    pid_t child;

    if ((flags & RUN_LAST) != 0 && !traps_any()) {
        /* The shell is a child of its own already. */
        shell.subshell = true;
        run_list(node->body, flags);
        shell_exit(shell.status);
    }
    job = job_make(node->text, true);
    child = job_fork(job);
    if (child == 0) {
        run_list(node->body, RUN_LAST | (flags & RUN_TESTED));
        shell_exit(shell.status);
    }
    if (child < 0) {
        job_drop(job);
    }
    shell.status = child < 0 ? 126 : job_wait(job);
}

static void
background_run(const struct node *node)
{
    struct job *job = job_make(node->text, false);
    bool grouped = shell.option['m'];
    pid_t child = job_fork(job);

    if (child == 0) {
        if (!grouped) {
            int file = open("/dev/null", O_RDONLY);

            if (file > 0) {
                (void)dup2(file, STDIN_FILENO);
                close(file);
            }
        }
        run_node(node, RUN_LAST);
        shell_exit(shell.status);
    }
    if (child < 0) {
        job_drop(job);
        shell.status = 126;
        return;
    }
    shell.background = child;
    shell.status = 0;
    if (shell.interactive) {
        fprintf(stderr, "[%d] %ld\n", job->number, (long)child);
    }
}

static void
and_or_run(const struct node *node, unsigned flags)
{
    for (const struct node *n = node->body; n != NULL; n = n->next) {
        bool wanted = n->join == JOIN_NONE ||
                      (n->join == JOIN_AND) == (shell.status == 0);

        if (wanted) {
            run_node(n, n->next == NULL ? flags
                                        : (flags | RUN_TESTED) & ~RUN_LAST);
        }
        if (shell.skip != SKIP_NONE) {
            return;
        }
    }
}

static void
if_run(const struct node *node, unsigned flags)
{
    run_list(node->condition, RUN_TESTED);
    if (shell.skip != SKIP_NONE) {
        return;
    }
    if (shell.status == 0) {
        run_list(node->body, flags);
    } else if (node->otherwise != NULL) {
        run_list(node->otherwise, flags);
    } else {
        shell.status = 0;
    }
}

/* After a turn of a loop: whether the loop ends. */
static bool
loop_ends(void)
{
    if (shell.skip == SKIP_NONE) {
        return false;
    }
    if (shell.skip != SKIP_BREAK && shell.skip != SKIP_CONTINUE) {
        return true;
    }
    if (--shell.skip_count > 0) {
        return true;
    }
    if (shell.skip == SKIP_BREAK) {
        shell.skip = SKIP_NONE;
        return true;
    }
    shell.skip = SKIP_NONE;
    return false;
}

static void
loop_run(const struct node *node, unsigned flags)
{
    int status = 0;

    shell.loops++;
    for (;;) {
        run_list(node->condition, RUN_TESTED);
        if (shell.skip != SKIP_NONE) {
            if (loop_ends()) {
                status = shell.skip == SKIP_NONE ? status : shell.status;
                break;
            }
            continue;
        }
        if ((shell.status == 0) != (node->kind == NODE_WHILE)) {
            break;
        }
        run_list(node->body, flags & RUN_TESTED);
        status = shell.status;
        if (loop_ends()) {
            break;
        }
    }
    shell.loops--;
    shell.status = status;
}

static void
for_run(const struct node *node, unsigned flags)
{
    struct strings words = {.items = NULL};
    int status = 0;

    shell.line = node->line;
    if (!node->in) {
        for (size_t i = 0; i < shell.count; i++) {
            strings_add(&words, program_copy(shell.arguments[i]));
        }
    } else if (!expand_words(node->words, &words)) {
        strings_free(&words);
        return;
    }
    shell.loops++;
    for (size_t i = 0; i < words.count; i++) {
        if (!variable_set(node->name, words.items[i])) {
            shell_fail(2);
            status = 2;
            break;
        }
        run_list(node->body, flags & RUN_TESTED);
        status = shell.status;
        if (loop_ends()) {
            break;
        }
    }
    shell.loops--;
    shell.status = status;
    strings_free(&words);
}

/* Whether one of the patterns matches; false also if all is skipped. */
static bool
item_matches(const struct item *item, const char *text)
{
    for (const struct word *w = item->patterns; w != NULL; w = w->next) {
        char *pattern = expand_pattern(w);
        bool found = pattern != NULL && pattern_match(pattern, text);

        free(pattern);
        if (found || shell.skip != SKIP_NONE) {
            return found;
        }
    }
    return false;
}

static void
case_run(const struct node *node, unsigned flags)
{
    char *text = expand_text(node->words, false);

    if (text == NULL) {
        return;
    }
    shell.substituted = -1;
    for (const struct item *item = node->items; item != NULL;
         item = item->next) {
        bool found = item_matches(item, text);

        if (shell.skip != SKIP_NONE) {
            break;
        }
        if (found) {
            shell.status = item->body == NULL ? 0 : shell.status;
            run_list(item->body, flags);
            free(text);
            return;
        }
    }
    free(text);
    if (shell.skip == SKIP_NONE) {
        shell.status = 0;
    }
}

static void
compound_run(const struct node *node, unsigned flags)
{
    switch (node->kind) {
    case NODE_SUBSHELL:
        subshell_run(node, flags);
        break;
    case NODE_GROUP:
        run_list(node->body, flags);
        break;
    case NODE_IF:
        if_run(node, flags);
        break;
    case NODE_WHILE:
    case NODE_UNTIL:
        loop_run(node, flags);
        break;
    case NODE_FOR:
        for_run(node, flags);
        break;
    case NODE_CASE:
        case_run(node, flags);
        break;
    default:
        function_define(node);
    }
}

static void
run_node(const struct node *node, unsigned flags)
{
    struct files files = {.saved = NULL};
    bool ends = node->kind == NODE_SIMPLE || node->kind == NODE_SUBSHELL ||
                (node->kind == NODE_PIPE && !node->negate);

    traps_run();
    if (shell.skip != SKIP_NONE || shell.option['n']) {
        return;
    }
    if (node->kind == NODE_SIMPLE) {
        simple_run(node, flags);
    } else if (node->kind == NODE_PIPE) {
        pipe_run(node, flags);
    } else if (node->kind == NODE_AND_OR) {
        and_or_run(node, flags);
    } else if (node->redirects == NULL) {
        compound_run(node, flags);
    } else {
        if (redirect_do(node->redirects, &files)) {
            compound_run(node, flags & ~RUN_LAST);
        } else if (shell.skip == SKIP_NONE) {
            shell.status = 2;
        }
        redirect_undo(&files);
    }
    traps_run();
    if (shell.option['e'] && ends && shell.status != 0 &&
        (flags & RUN_TESTED) == 0 && shell.skip == SKIP_NONE) {
        shell_exit(shell.status);
    }
}

void
run_list(const struct node *list, unsigned flags)
{
    for (; list != NULL && shell.skip == SKIP_NONE; list = list->next) {
        if (list->background) {
            background_run(list);
        } else {
            run_node(list, list->next == NULL ? flags : flags & ~RUN_LAST);
        }
    }
}

void
expand_command(const struct node *tree, struct text *out)
{
    char buffer[1024];
    int ends[2];
    ssize_t got;
    pid_t child;

    if (pipe(ends) != 0) {
        shell_say("no pipe can be made: %s", strerror(errno));
        shell.substituted = 126;
        return;
    }
    child = job_fork(NULL);
    if (child == 0) {
        close(ends[0]);
        (void)dup2(ends[1], STDOUT_FILENO);
        close(ends[1]);
        run_list(tree, RUN_LAST);
        shell_exit(tree == NULL ? 0 : shell.status);
    }
    close(ends[1]);
    while (child > 0 && ((got = read(ends[0], buffer, sizeof(buffer))) > 0 ||
                         (got < 0 && errno == EINTR))) {
        for (ssize_t i = 0; i < got; i++) {
            if (buffer[i] != '\0') {
                text_add_byte(out, buffer[i]);
            }
        }
    }
    close(ends[0]);
    while (out->length > 0 && out->bytes[out->length - 1] == '\n') {
        out->bytes[--out->length] = '\0';
    }
    shell.substituted = child < 0 ? 126 : process_wait(child);
}
