/* SPDX-License-Identifier: MIT */
#include "redirect.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expand.h"
#include "jobs.h"
#include "shell.h"
#include "user/bin/program.h"

/* The shell's own files are behind those with one digit. */
#define FILE_HIGH 10

/* What every pipe holds (POSIX.1-2017, {_POSIX_PIPE_BUF}). */
#define PIPE_SURE 512

int
redirect_move_high(int file)
{
    return fcntl(file, F_DUPFD_CLOEXEC, FILE_HIGH);
}

static int
complain(const char *name)
{
    shell_say("%s: %s", name, strerror(errno));
    return -1;
}

/* With set -C a plain file that is there is not written over. */
static int
write_open(const char *name, bool clobber)
{
    struct stat status;
    int flags = O_WRONLY | O_CREAT | O_TRUNC;

    if (shell.option['C'] && !clobber) {
        if (stat(name, &status) != 0) {
            flags |= O_EXCL;
        } else if (S_ISREG(status.st_mode)) {
            errno = EEXIST;
            return -1;
        }
    }
    return open(name, flags, 0666);
}

/*
 * A file that a text can be read from: a pipe. What a pipe may not hold a child
 * writes, for nothing must wait here.
 */
static int
document_open(const char *text)
{
    size_t length = strlen(text);
    int ends[2];

    if (pipe(ends) != 0) {
        return complain("a here-document");
    }
    if (length <= PIPE_SURE) {
        (void)program_write(ends[1], text, length);
    } else {
        pid_t child = job_fork(NULL);

        if (child < 0) {
            close(ends[0]);
            close(ends[1]);
            return -1;
        }
        if (child == 0) {
            close(ends[0]);
            (void)program_write(ends[1], text, length);
            _exit(0);
        }
    }
    close(ends[1]);
    return ends[0];
}

/* >&2, >&-: -2 is a file that is to be closed. */
static int
duplicate_open(const char *word)
{
    char *end;
    long number = strtol(word, &end, 10);
    int copy;

    if (strcmp(word, "-") == 0) {
        return -2;
    }
    if (end == word || *end != '\0' || number < 0 || number > INT_MAX) {
        shell_say("%s: is no number of a file", word);
        return -1;
    }
    copy = redirect_move_high((int)number);
    return copy < 0 ? complain(word) : copy;
}

static int
target_open(enum redirect_kind kind, const char *word)
{
    int file;

    switch (kind) {
    case REDIRECT_READ:
        file = open(word, O_RDONLY);
        break;
    case REDIRECT_WRITE:
    case REDIRECT_CLOBBER:
        file = write_open(word, kind == REDIRECT_CLOBBER);
        break;
    case REDIRECT_APPEND:
        file = open(word, O_WRONLY | O_CREAT | O_APPEND, 0666);
        break;
    case REDIRECT_BOTH:
        file = open(word, O_RDWR | O_CREAT, 0666);
        break;
    case REDIRECT_HERE:
        return document_open(word);
    default:
        return duplicate_open(word);
    }
    return file < 0 ? complain(word) : file;
}

static void
file_save(struct files *files, int file)
{
    for (unsigned i = 0; i < files->count; i++) {
        if (files->saved[i].file == file) {
            return;
        }
    }
    files->saved =
        program_memory(files->saved, files->count + 1, sizeof(*files->saved));
    files->saved[files->count].file = file;
    files->saved[files->count++].copy = redirect_move_high(file);
}

static bool
redirect_one(const struct redirect *r, struct files *files)
{
    bool input = r->kind == REDIRECT_READ || r->kind == REDIRECT_BOTH ||
                 r->kind == REDIRECT_DUPLICATE_IN || r->kind == REDIRECT_HERE;
    int file = r->file >= 0 ? r->file : input ? STDIN_FILENO : STDOUT_FILENO;
    char *word = expand_text(r->word, false);
    int from;

    if (word == NULL) {
        return false;
    }
    from = target_open(r->kind, word);
    free(word);
    if (from == -1) {
        return false;
    }
    if (file == STDOUT_FILENO) {
        fflush(stdout);
    }
    if (files != NULL && file != from) {
        file_save(files, file);
    }
    if (from == -2) {
        close(file);
        return true;
    }
    if (from != file) {
        if (dup2(from, file) < 0) {
            char number[16];

            (void)snprintf(number, sizeof(number), "%d", file);
            (void)complain(number);
            close(from);
            return false;
        }
        close(from);
    } else {
        (void)fcntl(file, F_SETFD, 0);
    }
    return true;
}

bool
redirect_do(const struct redirect *list, struct files *files)
{
    for (; list != NULL; list = list->next) {
        if (!redirect_one(list, files)) {
            return false;
        }
    }
    return true;
}

void
redirect_undo(struct files *files)
{
    fflush(stdout);
    for (unsigned i = files->count; i > 0; i--) {
        int file = files->saved[i - 1].file;
        int copy = files->saved[i - 1].copy;

        if (copy < 0) {
            close(file);
        } else {
            (void)dup2(copy, file);
            close(copy);
        }
    }
    free(files->saved);
    *files = (struct files){.saved = NULL};
}

void
redirect_keep(struct files *files)
{
    for (unsigned i = 0; i < files->count; i++) {
        if (files->saved[i].copy >= 0) {
            close(files->saved[i].copy);
        }
    }
    free(files->saved);
    *files = (struct files){.saved = NULL};
}
