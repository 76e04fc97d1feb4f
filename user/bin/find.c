/* SPDX-License-Identifier: MIT */
/* Walks trees and does what an expression says with what it meets. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "find_expression.h"
#include "path.h"
#include "pattern.h"
#include "program.h"

static const char help[] =
    "usage: find [-H | -L] [PATH]... [EXPRESSION]\n"
    "Walks the trees, or the one here, and evaluates an expression for each\n"
    "file; without one, or one that does nothing, it prints the name.\n"
    "  -name P, -iname P, -path P  the name, or all of the path, matches\n"
    "  -type T      f file, d folder, l link, p pipe, b, c, s\n"
    "  -size N[ck]  so many blocks of 512 bytes, bytes, 1024 bytes\n"
    "  -mtime N, -atime N, -ctime N, -mmin N  so many days, minutes ago\n"
    "  -newer F     written after F was\n"
    "  -perm M      this mode, or with - before it, all of these bits\n"
    "  -links N, -user N, -group N, -empty\n"
    "  -print, -print0, -delete, -quit, -prune (nothing below)\n"
    "  -exec PROGRAM ARGUMENT... ;   {} is the path; with + in place of ; "
    "many\n"
    "                                paths at a time; -ok asks\n"
    "  -depth, -xdev, -mindepth N, -maxdepth N  how to walk\n"
    "  ( E ), ! E, E E, E -a E, E -o E\n"
    "N is a number, +N more, -N less.\n";

/* Bytes of arguments in one run of -exec with +. */
#define GATHER_MAX 16384

struct visit {
    const char *path;
    struct stat status;
    uintmax_t depth;
    bool prune;
};

static struct expression expression;
static bool follow;
static bool follow_named;
static bool quit;
static time_t now;

static bool
number_test(const struct node *node, uintmax_t value)
{
    return node->relation == '+'   ? value > node->number
           : node->relation == '-' ? value < node->number
                                   : value == node->number;
}

/* How many whole units of seconds ago it was. */
static bool
age_test(const struct node *node, const struct timespec *time, intmax_t unit)
{
    intmax_t age = (intmax_t)now - (intmax_t)time->tv_sec;

    return number_test(node, age < 0 ? 0 : (uintmax_t)(age / unit));
}

static bool
type_test(char letter, mode_t mode)
{
    return letter == 'f'   ? S_ISREG(mode)
           : letter == 'd' ? S_ISDIR(mode)
           : letter == 'l' ? S_ISLNK(mode)
           : letter == 'p' ? S_ISFIFO(mode)
           : letter == 'b' ? S_ISBLK(mode)
           : letter == 'c' ? S_ISCHR(mode)
                           : S_ISSOCK(mode);
}

static bool
name_test(const struct node *node, const char *path)
{
    char *name = program_copy(path_base(path));
    char *pattern = program_copy(node->text);
    bool result;

    path_trim(name);
    for (size_t i = 0; node->test == TEST_INAME && name[i] != '\0'; i++) {
        name[i] =
            (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    }
    for (size_t i = 0; node->test == TEST_INAME && pattern[i] != '\0'; i++) {
        pattern[i] =
            (char)(pattern[i] >= 'A' && pattern[i] <= 'Z' ? pattern[i] + 32
                                                          : pattern[i]);
    }
    result = pattern_match(pattern, name);
    free(name);
    free(pattern);
    return result;
}

static bool
empty_test(const struct visit *v)
{
    struct listing listing;
    bool empty;

    if (!S_ISDIR(v->status.st_mode)) {
        return S_ISREG(v->status.st_mode) && v->status.st_size == 0;
    }
    if (!path_list(v->path, false, &listing)) {
        return false;
    }
    empty = listing.count == 0;
    path_list_free(&listing);
    return empty;
}

/* Runs a program; whether it ended with 0. */
static bool
program_run(char **arguments)
{
    pid_t child;
    int status;

    assert(arguments[0] != NULL);
    fflush(stdout);
    child = fork();
    if (child < 0) {
        program_complain("%s", arguments[0]);
        return false;
    }
    if (child == 0) {
        execvp(arguments[0], arguments);
        program_complain("%s", arguments[0]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* word with path in place of each {}. */
static char *
word_fill(const char *word, const char *path)
{
    size_t size = strlen(word) + 1;
    char *text;
    char *out;

    for (const char *at = word; (at = strstr(at, "{}")) != NULL; at += 2) {
        size += strlen(path);
    }
    text = program_memory(NULL, size, 1);
    for (out = text; *word != '\0';) {
        if (word[0] == '{' && word[1] == '}') {
            out = stpcpy(out, path);
            word += 2;
        } else {
            *out++ = *word++;
        }
    }
    *out = '\0';
    return text;
}

static bool
command_run(const struct node *node, const char *path)
{
    char **arguments =
        program_memory(NULL, node->command_count + 1, sizeof(*arguments));
    bool result;

    for (size_t i = 0; i < node->command_count; i++) {
        arguments[i] = word_fill(node->command[i], path);
    }
    arguments[node->command_count] = NULL;
    result = (node->test != TEST_OK || program_confirm(arguments[0], path)) &&
             program_run(arguments);
    for (size_t i = 0; i < node->command_count; i++) {
        free(arguments[i]);
    }
    free(arguments);
    return result;
}

/* Runs with the paths that were gathered; the last word of the command is {}.
 */
static void
gathered_run(struct node *node)
{
    size_t fixed = node->command_count - 1;
    char **arguments = program_memory(NULL, fixed + node->gathered_count + 1,
                                      sizeof(*arguments));

    memcpy(arguments, node->command, fixed * sizeof(*arguments));
    memcpy(arguments + fixed, node->gathered,
           node->gathered_count * sizeof(*arguments));
    arguments[fixed + node->gathered_count] = NULL;
    if (!program_run(arguments)) {
        program_status = program_trouble;
    }
    free(arguments);
    for (size_t i = 0; i < node->gathered_count; i++) {
        free(node->gathered[i]);
    }
    node->gathered_count = 0;
    node->gathered_bytes = 0;
}

static bool
path_gather(struct node *node, const char *path)
{
    size_t size = strlen(path) + 1;

    if (node->gathered_count > 0 && node->gathered_bytes + size > GATHER_MAX) {
        gathered_run(node);
    }
    node->gathered = program_memory(node->gathered, node->gathered_count + 1,
                                    sizeof(*node->gathered));
    node->gathered[node->gathered_count++] = program_copy(path);
    node->gathered_bytes += size;
    return true;
}

static bool
entry_delete(const struct visit *v)
{
    if (strcmp(v->path, ".") == 0) {
        return true;
    }
    if ((S_ISDIR(v->status.st_mode) ? rmdir : unlink)(v->path) != 0) {
        program_complain("%s", v->path);
        return false;
    }
    return true;
}

static bool
stat_test(const struct node *node, const struct stat *s)
{
    switch (node->test) {
    case TEST_TYPE:
        return type_test(*node->text, s->st_mode);
    case TEST_SIZE:
        return number_test(node, ((uintmax_t)s->st_size + node->unit - 1) /
                                     node->unit);
    case TEST_MTIME:
        return age_test(node, &s->st_mtim, 86400);
    case TEST_ATIME:
        return age_test(node, &s->st_atim, 86400);
    case TEST_CTIME:
        return age_test(node, &s->st_ctim, 86400);
    case TEST_MMIN:
        return age_test(node, &s->st_mtim, 60);
    case TEST_NEWER:
        return s->st_mtim.tv_sec > node->time.tv_sec ||
               (s->st_mtim.tv_sec == node->time.tv_sec &&
                s->st_mtim.tv_nsec > node->time.tv_nsec);
    case TEST_PERM:
        return (s->st_mode & (node->relation == '-' ? node->number : 07777)) ==
               node->number;
    case TEST_LINKS:
        return number_test(node, s->st_nlink);
    case TEST_USER:
        return number_test(node, s->st_uid);
    case TEST_GROUP:
        return number_test(node, s->st_gid);
    default:
        return true;
    }
}

static bool
node_test(struct node *node, struct visit *v)
{
    switch (node->test) {
    case TEST_NOT:
        return !node_test(node->left, v);
    case TEST_AND:
        return node_test(node->left, v) && !quit && node_test(node->right, v);
    case TEST_OR:
        return node_test(node->left, v) || (!quit && node_test(node->right, v));
    case TEST_NAME:
    case TEST_INAME:
        return name_test(node, v->path);
    case TEST_PATH:
        return pattern_match(node->text, v->path);
    case TEST_EMPTY:
        return empty_test(v);
    case TEST_PRINT:
        return puts(v->path) != EOF;
    case TEST_PRINT0:
        return fputs(v->path, stdout) != EOF && putchar('\0') != EOF;
    case TEST_DELETE:
        return entry_delete(v);
    case TEST_QUIT:
        quit = true;
        return true;
    case TEST_PRUNE:
        v->prune = true;
        return true;
    case TEST_EXEC:
        return node->gathers ? path_gather(node, v->path)
                             : command_run(node, v->path);
    case TEST_OK:
        return command_run(node, v->path);
    default:
        return stat_test(node, &v->status);
    }
}

/* A folder that a walk with -L is in already would be walked for ever. */
struct within {
    const struct within *outer;
    dev_t device;
    ino_t number;
};

static void entry_walk(const char *path, uintmax_t level, struct node *root,
                       const struct within *outer);

static void
folder_walk(const struct visit *v, struct node *root,
            const struct within *outer)
{
    struct within within = {outer, v->status.st_dev, v->status.st_ino};
    struct listing listing;

    for (const struct within *w = outer; w != NULL; w = w->outer) {
        if (w->device == within.device && w->number == within.number) {
            program_say("%s: is a folder that it is in", v->path);
            return;
        }
        if (expression.one_device && w->device != within.device) {
            return;
        }
    }
    if (!path_list(v->path, false, &listing)) {
        return;
    }
    for (size_t i = 0; i < listing.count && !quit; i++) {
        char *inner = path_join(v->path, listing.names[i]);

        entry_walk(inner, v->depth + 1, root, &within);
        free(inner);
    }
    path_list_free(&listing);
}

static void
entry_walk(const char *path, uintmax_t level, struct node *root,
           const struct within *outer)
{
    struct visit v = {.path = path, .depth = level};
    bool through = follow || (follow_named && level == 0);
    bool shown = level >= expression.depth_min;

    if ((!through || stat(path, &v.status) != 0) &&
        lstat(path, &v.status) != 0) {
        program_complain("%s", path);
        return;
    }
    if (shown && !expression.inner_first) {
        (void)node_test(root, &v);
    }
    if (S_ISDIR(v.status.st_mode) && !v.prune && !quit &&
        level < expression.depth_max) {
        folder_walk(&v, root, outer);
    }
    if (shown && expression.inner_first && !quit) {
        (void)node_test(root, &v);
    }
}

static bool
word_begins_expression(const char *word)
{
    return (word[0] == '-' && word[1] != '\0') || strcmp(word, "(") == 0 ||
           strcmp(word, "!") == 0;
}

int
main(int argc, char **argv)
{
    static char here[] = ".";
    static char *only[] = {here, NULL};
    char **paths = argv + (argc > 0);
    size_t count = 0;
    struct node *root;
    char **words;

    program_begin("find", argv, help);
    if (*paths != NULL && strcmp(*paths, "--help") == 0) {
        (void)program_option("");
    }
    for (; *paths != NULL &&
           (strcmp(*paths, "-H") == 0 || strcmp(*paths, "-L") == 0);
         paths++) {
        follow = (*paths)[1] == 'L';
        follow_named = !follow;
    }
    for (words = paths; *words != NULL && !word_begins_expression(*words);) {
        words++;
        count++;
    }
    now = time(NULL);
    find_expression_read(words, &expression);
    root = expression.root;
    if (count == 0) {
        paths = only;
        count = 1;
    }
    for (size_t i = 0; i < count && !quit; i++) {
        entry_walk(paths[i], 0, root, NULL);
    }
    for (size_t i = 0; i < expression.count; i++) {
        if (expression.nodes[i]->gathered_count > 0) {
            gathered_run(expression.nodes[i]);
        }
        free(expression.nodes[i]->gathered);
        free(expression.nodes[i]);
    }
    return program_end();
}
