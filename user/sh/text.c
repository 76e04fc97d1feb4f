/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "user/bin/program.h"

#define BLOCK_SIZE 4096

void
text_add(struct text *text, const char *bytes, size_t length)
{
    if (text->size - text->length <= length) {
        text->size = (text->length + length) * 2 + 16;
        text->bytes = program_memory(text->bytes, text->size, 1);
    }
    if (length > 0) {
        memcpy(text->bytes + text->length, bytes, length);
    }
    text->length += length;
    text->bytes[text->length] = '\0';
}

void
text_add_byte(struct text *text, char byte)
{
    text_add(text, &byte, 1);
}

void
text_add_string(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

const char *
text_string(struct text *text)
{
    return text->bytes == NULL ? "" : text->bytes;
}

char *
text_take(struct text *text)
{
    char *bytes;

    text_add(text, "", 0);
    bytes = text->bytes;
    *text = (struct text){.bytes = NULL};
    return bytes;
}

void
text_free(struct text *text)
{
    free(text->bytes);
    *text = (struct text){.bytes = NULL};
}

void
strings_add(struct strings *list, char *string)
{
    if (list->count + 1 >= list->room) {
        list->room = list->room * 2 + 8;
        list->items = program_memory(list->items, list->room, sizeof(char *));
    }
    list->items[list->count++] = string;
    list->items[list->count] = NULL;
}

char **
strings_items(struct strings *list)
{
    static char *none[] = {NULL};

    return list->items == NULL ? none : list->items;
}

void
strings_free(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
    *list = (struct strings){.items = NULL};
}

struct block {
    struct block *next;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *blocks;
    unsigned holders;
    char *free;
    size_t left;
};

struct arena *
arena_make(void)
{
    struct arena *arena = program_memory(NULL, 1, sizeof(*arena));

    *arena = (struct arena){.holders = 1};
    return arena;
}

void
arena_hold(struct arena *arena)
{
    arena->holders++;
}

void
arena_drop(struct arena *arena)
{
    struct block *block = arena->blocks;

    if (--arena->holders > 0) {
        return;
    }
    while (block != NULL) {
        struct block *next = block->next;

        free(block);
        block = next;
    }
    free(arena);
}

void *
arena_take(struct arena *arena, size_t size)
{
    void *memory;

    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > arena->left) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        struct block *block = program_memory(NULL, sizeof(*block) + room, 1);

        block->next = arena->blocks;
        arena->blocks = block;
        arena->free = block->bytes;
        arena->left = room;
    }
    memory = arena->free;
    arena->free += size;
    arena->left -= size;
    return memset(memory, 0, size);
}

char *
arena_copy(struct arena *arena, const char *bytes, size_t length)
{
    char *copy = arena_take(arena, length + 1);

    if (length > 0) {
        memcpy(copy, bytes, length);
    }
    return copy;
}
