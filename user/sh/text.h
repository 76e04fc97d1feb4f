/* SPDX-License-Identifier: MIT */
/* Memory of the shell: texts and lists that grow, and arenas for trees. */
#ifndef USER_SH_TEXT_H
#define USER_SH_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes, with a null byte behind them once something was added. */
struct text {
    char *bytes;
    size_t length;
    size_t size;
};

void text_add(struct text *text, const char *bytes, size_t length);
void text_add_byte(struct text *text, char byte);
void text_add_string(struct text *text, const char *string);
/* The bytes as a string, "" if there are none; they stay the text's. */
const char *text_string(struct text *text);
/* The bytes as a string that is the caller's; the text is empty then. */
char *text_take(struct text *text);
void text_free(struct text *text);

/* Strings, and a null pointer behind them. */
struct strings {
    char **items;
    size_t count;
    size_t room;
};

/* The string becomes the list's. */
void strings_add(struct strings *list, char *string);
/* The list's pointers, never null. */
char **strings_items(struct strings *list);
void strings_free(struct strings *list);

/*
 * Memory that is given back all at once, when the last holder drops it. A
 * command's tree has one; so has a function's, for as long as it is defined or
 * runs.
 */
struct arena;

/* One holder. */
struct arena *arena_make(void);
void arena_hold(struct arena *arena);
void arena_drop(struct arena *arena);
/* Zeroed. */
void *arena_take(struct arena *arena, size_t size);
char *arena_copy(struct arena *arena, const char *bytes, size_t length);

#endif
