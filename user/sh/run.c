/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expand.h"
#include "jobs.h"
#include "redirect.h"
#include "shell.h"
#include "trap.h"
#include "user/bin/pattern.h"
#include "user/bin/program.h"
#include "variable.h"

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

void
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
