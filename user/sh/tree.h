/* SPDX-License-Identifier: MIT */
/*
 * What the parser makes of commands and the rest of the shell works on. All of
 * it is in the arena of the command, and nothing changes it.
 *
 *   list       nodes, by next
 *   AND_OR     pipelines in body, by next, each joined to the one before it
 *   PIPE       commands in body, by next
 *   SIMPLE     assignments, words, redirects
 *   SUBSHELL, GROUP   a list in body
 *   IF         a list in condition, in body, and in otherwise
 *   WHILE, UNTIL      a list in condition and in body
 *   FOR        a name, words if it has "in", a list in body
 *   CASE       a word, items
 *   FUNCTION   a name, a command in body
 *
 * A pipeline of one command, and an AND_OR of one pipeline, are not there: what
 * they would have is.
 */
#ifndef USER_SH_TREE_H
#define USER_SH_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct node;
struct word;

enum part_kind {
    PART_LITERAL,    /* text */
    PART_QUOTED,     /* "word" */
    PART_PARAMETER,  /* name, operation, word */
    PART_COMMAND,    /* tree */
    PART_ARITHMETIC, /* word */
    PART_TILDE       /* ~, of an assignment only if quoted is not set */
};

enum operation {
    OPERATION_NONE,
    OPERATION_LENGTH,  /* ${#x} */
    OPERATION_DEFAULT, /* ${x-w} */
    OPERATION_ASSIGN,  /* ${x=w} */
    OPERATION_ERROR,   /* ${x?w} */
    OPERATION_OTHER,   /* ${x+w} */
    OPERATION_PREFIX,  /* ${x#w} */
    OPERATION_SUFFIX   /* ${x%w} */
};

struct part {
    enum part_kind kind;
    enum operation operation;
    bool quoted;  /* what comes of it is neither split nor a pattern */
    bool colon;   /* an empty value is as none */
    bool longest; /* ## and %% */
    bool first;   /* a tilde that begins the word */
    const char *text;
    size_t length;
    const struct word *word;
    const struct node *tree;
    struct part *next;
};

struct word {
    struct part *parts;
    struct word *next;
};

enum redirect_kind {
    REDIRECT_READ,
    REDIRECT_WRITE,
    REDIRECT_CLOBBER,
    REDIRECT_APPEND,
    REDIRECT_BOTH,
    REDIRECT_DUPLICATE_IN,
    REDIRECT_DUPLICATE_OUT,
    REDIRECT_HERE
};

struct redirect {
    enum redirect_kind kind;
    int file;                /* -1: the usual one */
    const struct word *word; /* of HERE: the text, once it is read */
    struct redirect *next;
    /* While a here-document waits to be read. */
    const char *end;
    bool raw;
    bool tabs; /* <<-: cut from lines */
    struct redirect *waiting;
};

struct item {
    const struct word *patterns;
    const struct node *body;
    struct item *next;
};

enum node_kind {
    NODE_SIMPLE,
    NODE_PIPE,
    NODE_AND_OR,
    NODE_SUBSHELL,
    NODE_GROUP,
    NODE_IF,
    NODE_WHILE,
    NODE_UNTIL,
    NODE_FOR,
    NODE_CASE,
    NODE_FUNCTION
};

enum join { JOIN_NONE, JOIN_AND, JOIN_OR };

struct node {
    enum node_kind kind;
    enum join join;  /* to the pipeline before it */
    bool negate;     /* ! */
    bool background; /* & */
    bool in;         /* for name in words */
    unsigned line;
    struct node *next;
    const struct node *body;
    const struct node *condition;
    const struct node *otherwise;
    const char *name;
    const char *text; /* as it was typed, of what may be a job */
    struct word *words;
    struct word *assignments;
    struct redirect *redirects;
    struct item *items;
    struct arena *arena; /* of a FUNCTION: what its body is in */
};

#endif
