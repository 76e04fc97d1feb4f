/* SPDX-License-Identifier: MIT */
#include "parse.h"
#include "text.h"

/* The end of a here-document: the word without its quotes. */
static void
document_begin(struct parser *p, struct redirect *redirect)
{
    const char *from = p->input->text.bytes + p->token_begin;
    size_t length = p->input->at - p->token_begin;
    char *end = arena_take(p->arena, length + 1);
    char quote = '\0';
    struct redirect **last = &p->waiting;

    redirect->end = end;
    for (size_t i = 0; i < length; i++) {
        char c = from[i];

        if (c == '\\' && quote != '\'' && i + 1 < length) {
            redirect->raw = true;
            *end++ = from[++i];
        } else if (quote == c) {
            quote = '\0';
        } else if (quote == '\0' && (c == '\'' || c == '"')) {
            redirect->raw = true;
            quote = c;
        } else {
            *end++ = c;
        }
    }
    while (*last != NULL) {
        last = &(*last)->waiting;
    }
    *last = redirect;
}

bool
parse_is_redirect(const struct parser *p)
{
    return p->token == TOKEN_NUMBER || p->token >= TOKEN_READ;
}

void
parse_redirect(struct parser *p, struct redirect ***last)
{
    static const enum redirect_kind kinds[] = {
        REDIRECT_READ,          REDIRECT_WRITE, REDIRECT_CLOBBER,
        REDIRECT_APPEND,        REDIRECT_BOTH,  REDIRECT_DUPLICATE_IN,
        REDIRECT_DUPLICATE_OUT, REDIRECT_HERE,  REDIRECT_HERE};
    struct redirect *redirect = arena_take(p->arena, sizeof(*redirect));

    redirect->file = -1;
    if (p->token == TOKEN_NUMBER) {
        redirect->file = p->number;
        lex_next(p);
    }
    if (p->token < TOKEN_READ) {
        parse_unexpected(p);
        return;
    }
    redirect->kind = kinds[p->token - TOKEN_READ];
    redirect->tabs = p->token == TOKEN_HERE_TABS;
    lex_next(p);
    if (p->token != TOKEN_WORD) {
        parse_unexpected(p);
        return;
    }
    redirect->word = p->word;
    if (redirect->kind == REDIRECT_HERE) {
        redirect->word = NULL;
        document_begin(p, redirect);
    }
    **last = redirect;
    *last = &redirect->next;
    lex_next(p);
}

void
parse_redirects(struct parser *p, struct node *node)
{
    struct redirect **last = &node->redirects;

    while (parse_is_redirect(p)) {
        parse_redirect(p, &last);
    }
}
