/* SPDX-License-Identifier: MIT */
/* The expression of find: how it is read. find.c evaluates it. */
#ifndef USER_BIN_FIND_EXPRESSION_H
#define USER_BIN_FIND_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum test {
    TEST_NAME,
    TEST_INAME,
    TEST_PATH,
    TEST_TYPE,
    TEST_SIZE,
    TEST_MTIME,
    TEST_ATIME,
    TEST_CTIME,
    TEST_MMIN,
    TEST_NEWER,
    TEST_PERM,
    TEST_LINKS,
    TEST_USER,
    TEST_GROUP,
    TEST_DEPTH,
    TEST_XDEV,
    TEST_MINDEPTH,
    TEST_MAXDEPTH,
    TEST_EMPTY,
    TEST_PRINT,
    TEST_PRINT0,
    TEST_DELETE,
    TEST_QUIT,
    TEST_PRUNE,
    TEST_EXEC,
    TEST_OK,
    TEST_NOT,
    TEST_AND,
    TEST_OR,
    TEST_TRUE
};

struct node {
    enum test test;
    const char *text;
    char relation; /* of a number: + more, - less, 0 the same */
    uintmax_t number;
    uintmax_t unit;
    struct timespec time;
    char **command;
    size_t command_count;
    char **gathered; /* paths for -exec with + */
    size_t gathered_count;
    size_t gathered_bytes;
    bool gathers;
    struct node *left;
    struct node *right;
};

/* What the expression says of the walk, and all its nodes. */
struct expression {
    struct node *root;
    bool inner_first; /* -depth, -delete */
    bool one_device;  /* -xdev */
    uintmax_t depth_min;
    uintmax_t depth_max;
    struct node *nodes[1024];
    size_t count;
};

/* Reads all words; ends the program if they are no expression. */
void find_expression_read(char **words, struct expression *expression);

#endif
