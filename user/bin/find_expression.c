/* SPDX-License-Identifier: MIT */
#include "find_expression.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mode.h"
#include "program.h"

#define DEPTH_MAX 200

static const char *const test_names[] = {
    "-name",  "-iname", "-path",   "-type",   "-size",     "-mtime",
    "-atime", "-ctime", "-mmin",   "-newer",  "-perm",     "-links",
    "-user",  "-group", "-depth",  "-xdev",   "-mindepth", "-maxdepth",
    "-empty", "-print", "-print0", "-delete", "-quit",     "-prune",
    "-exec",  "-ok"};
#define TESTS (sizeof(test_names) / sizeof(test_names[0]))

static struct expression *e;
static char **words;
static unsigned depth;
static bool acts; /* the expression does something */

static struct node *
node_make(enum test test, struct node *left, struct node *right)
{
    struct node *node;

    if (e->count == sizeof(e->nodes) / sizeof(e->nodes[0])) {
        program_die("the expression is too long");
    }
    node = program_memory(NULL, 1, sizeof(*node));
    e->nodes[e->count++] = node;
    *node = (struct node){.test = test, .left = left, .right = right};
    return node;
}

static bool
word_is(const char *text)
{
    return *words != NULL && strcmp(*words, text) == 0;
}

static const char *
value_take(const char *name)
{
    if (*words == NULL) {
        program_misused("%s: what follows is missing", name);
    }
    return *words++;
}

static void
number_take(struct node *node, const char *name)
{
    const char *text = value_take(name);
    char *end;

    node->text = text;
    node->relation = (char)(*text == '+' || *text == '-' ? *text++ : '\0');
    errno = 0;
    node->number = strtoumax(text, &end, 10);
    node->unit = 1;
    if (node->test == TEST_SIZE) {
        node->unit = *end == 'c' ? 1 : *end == 'k' ? 1024 : 512;
        end += *end == 'c' || *end == 'k';
    }
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) {
        program_misused("%s %s: is no number", name, node->text);
    }
}

static void
command_take(struct node *node, const char *name)
{
    char **begin = words;

    while (*words != NULL && !word_is(";") &&
           !(node->test == TEST_EXEC && word_is("+") && words > begin &&
             strcmp(words[-1], "{}") == 0)) {
        words++;
    }
    if (*words == NULL || words == begin) {
        program_misused("%s: %s", name,
                        *words == NULL ? "has no ; at its end"
                                       : "has no program");
    }
    node->gathers = word_is("+");
    node->command = begin;
    node->command_count = (size_t)(words - begin);
    words++;
}

static void
mode_take(struct node *node, const char *name)
{
    const char *text = value_take(name);
    mode_t mode = 0;

    node->relation = (char)(*text == '-' ? *text++ : '\0');
    if (!mode_change(text, false, 0, &mode)) {
        program_misused("%s %s: is no mode", name, text);
    }
    node->number = mode;
}

static void
text_take(struct node *node, const char *name)
{
    node->text = value_take(name);
    if (node->test == TEST_TYPE &&
        (strlen(node->text) != 1 || strchr("bcdflps", *node->text) == NULL)) {
        program_misused("-type %s: no such kind", node->text);
    }
}

static void
time_take(struct node *node, const char *name)
{
    struct stat status;

    node->text = value_take(name);
    if (stat(node->text, &status) != 0) {
        program_complain("%s", node->text);
        exit(program_trouble);
    }
    node->time = status.st_mtim;
}

static struct node *
primary_read(void)
{
    const char *name = *words++;
    size_t i = 0;
    struct node *node;

    while (i < TESTS && strcmp(test_names[i], name) != 0) {
        i++;
    }
    if (i == TESTS) {
        program_misused("%s: no such test", name);
    }
    node = node_make((enum test)i, NULL, NULL);
    switch (node->test) {
    case TEST_NAME:
    case TEST_INAME:
    case TEST_PATH:
    case TEST_TYPE:
        text_take(node, name);
        break;
    case TEST_NEWER:
        time_take(node, name);
        break;
    case TEST_PERM:
        mode_take(node, name);
        break;
    case TEST_EXEC:
    case TEST_OK:
        command_take(node, name);
        acts = true;
        break;
    case TEST_DELETE:
        e->inner_first = true;
        acts = true;
        break;
    case TEST_PRINT:
    case TEST_PRINT0:
        acts = true;
        break;
    case TEST_DEPTH:
        e->inner_first = true;
        break;
    case TEST_XDEV:
        e->one_device = true;
        break;
    case TEST_MINDEPTH:
        number_take(node, name);
        e->depth_min = node->number;
        break;
    case TEST_MAXDEPTH:
        number_take(node, name);
        e->depth_max = node->number;
        break;
    case TEST_EMPTY:
    case TEST_QUIT:
    case TEST_PRUNE:
        break;
    default:
        number_take(node, name);
    }
    return node;
}

static struct node *or_read(void);

static struct node *
not_read(void)
{
    struct node *node;

    if (*words == NULL) {
        program_misused("the expression ends too early");
    }
    if (++depth > DEPTH_MAX) {
        program_misused("the expression is too deep");
    }
    if (word_is("!")) {
        words++;
        node = node_make(TEST_NOT, not_read(), NULL);
    } else if (word_is("(")) {
        words++;
        node = or_read();
        if (!word_is(")")) {
            program_misused("( has no )");
        }
        words++;
    } else {
        node = primary_read();
    }
    depth--;
    return node;
}

static struct node *
and_read(void)
{
    struct node *node = not_read();

    while (*words != NULL && !word_is("-o") && !word_is(")")) {
        if (word_is("-a")) {
            words++;
        }
        node = node_make(TEST_AND, node, not_read());
    }
    return node;
}

static struct node *
or_read(void)
{
    struct node *node = and_read();

    while (word_is("-o")) {
        words++;
        node = node_make(TEST_OR, node, and_read());
    }
    return node;
}

void
find_expression_read(char **list, struct expression *expression)
{
    e = expression;
    *e = (struct expression){.depth_max = UINTMAX_MAX};
    words = list;
    e->root = *words == NULL ? node_make(TEST_TRUE, NULL, NULL) : or_read();
    if (*words != NULL) {
        program_misused("%s: is not expected here", *words);
    }
    if (!acts) {
        e->root =
            node_make(TEST_AND, e->root, node_make(TEST_PRINT, NULL, NULL));
    }
}
