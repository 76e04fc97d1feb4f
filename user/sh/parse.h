/* SPDX-License-Identifier: MIT */
/*
 * The grammar (POSIX.1-2017, XCU 2.10). lex.c makes tokens, word.c the parts of
 * words, parse.c trees, parse_redirect.c
 * what stands behind < and >. An error is said once; from then on every token
 * is the end, so that all functions return.
 */
#ifndef USER_SH_PARSE_H
#define USER_SH_PARSE_H

#include <stdbool.h>

#include "input.h"
#include "tree.h"

enum token {
    TOKEN_END,
    TOKEN_NEWLINE,
    TOKEN_WORD,
    TOKEN_NUMBER,   /* in front of a redirection */
    TOKEN_AND,      /* && */
    TOKEN_OR,       /* || */
    TOKEN_CASE_END, /* ;; */
    TOKEN_SEMICOLON,
    TOKEN_BACKGROUND, /* & */
    TOKEN_PIPE,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_READ,
    TOKEN_WRITE,
    TOKEN_CLOBBER,
    TOKEN_APPEND,
    TOKEN_BOTH,
    TOKEN_DUPLICATE_IN,
    TOKEN_DUPLICATE_OUT,
    TOKEN_HERE,
    TOKEN_HERE_TABS
};

struct parser {
    struct input *input;
    struct arena *arena;
    bool wrong;
    unsigned depth;
    struct redirect *waiting; /* here-documents that begin at the next line */
    enum token token;
    struct word *word;   /* of a WORD */
    const char *literal; /* of a WORD that is one unquoted text, else null */
    int number;          /* of a NUMBER */
    size_t token_begin;  /* in the input's text */
    size_t token_end;    /* of the one before it */
};

enum parse_result { PARSE_TREE, PARSE_EMPTY, PARSE_WRONG, PARSE_END };

/* The next command, to the end of its line, as a list in *tree. */
enum parse_result parse_command_line(struct input *input, struct arena *arena,
                                     const struct node **tree);

/*
 * A text with $ and ` in it, as within quotes, as a word. Null if wrong. depth
 * is how deep what it is in already is: 0 for a text of its own.
 */
const struct word *parse_text(const char *text, struct arena *arena,
                              unsigned depth);

/* For the files of the parser only. */
void parse_wrong(struct parser *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void parse_unexpected(struct parser *p); /* says that the token is wrong */
bool parse_is_redirect(const struct parser *p);
/* Reads one into the list that *last is the end of, or all behind a command. */
void parse_redirect(struct parser *p, struct redirect ***last);
void parse_redirects(struct parser *p, struct node *node);
bool parse_enter(struct parser *p); /* false, and wrong, if too deep */
void parse_leave(struct parser *p);
/* A list up to a token that belongs to what it is in. */
struct node *parse_list(struct parser *p);
void lex_next(struct parser *p);
const char *lex_name(enum token token);
void lex_join(struct parser *p); /* passes over backslashes before newlines */
enum word_end {
    WORD_PLAIN,
    WORD_BRACE,        /* ${x-here} */
    WORD_BRACE_QUOTED, /* "${x-here}" */
    WORD_QUOTED,       /* "here" */
    WORD_HERE,         /* to the end of the input */
    WORD_ARITHMETIC    /* $((here)) */
};
struct word *word_read(struct parser *p, enum word_end end);
bool word_is_name(const char *text, size_t length);

#endif
