/* SPDX-License-Identifier: MIT */
#include "variable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "shell.h"
#include "user/bin/program.h"

#define BUCKETS 64

extern char **environ;

static struct variable *buckets[BUCKETS];

struct saved {
    struct saved *outer;
    struct variable before; /* its name is its own */
};

static struct saved *saved;

static struct variable **
bucket_of(const char *name)
{
    unsigned hash = 5381;

    for (; *name != '\0'; name++) {
        hash = hash * 33 + (unsigned char)*name;
    }
    return &buckets[hash % BUCKETS];
}

static struct variable *
variable_find(const char *name)
{
    struct variable *v = *bucket_of(name);

    while (v != NULL && strcmp(v->name, name) != 0) {
        v = v->next;
    }
    return v;
}

struct variable *
variable_make(const char *name)
{
    struct variable *v = variable_find(name);

    if (v == NULL) {
        struct variable **bucket = bucket_of(name);

        v = program_memory(NULL, 1, sizeof(*v));
        *v = (struct variable){.next = *bucket, .name = program_copy(name)};
        *bucket = v;
    }
    return v;
}

const char *
variable_get(const char *name)
{
    const struct variable *v;

    if (strcmp(name, "LINENO") == 0) {
        static char line[16];

        (void)snprintf(line, sizeof(line), "%u", shell.line);
        return line;
    }
    v = variable_find(name);
    return v == NULL ? NULL : v->value;
}

bool
variable_set(const char *name, const char *value)
{
    struct variable *v = variable_make(name);
    char *copy;

    if (v->readonly) {
        shell_say("%s: is read-only", name);
        return false;
    }
    copy = value == NULL ? NULL : program_copy(value);
    free(v->value);
    v->value = copy;
    if (value == NULL) {
        v->exported = false;
    } else {
        v->exported |= shell.option['a'];
    }
    return true;
}

bool
variable_assign(const char *text)
{
    const char *sign = strchr(text, '=');
    struct text name = {.bytes = NULL};
    bool good;

    text_add(&name, text, (size_t)(sign - text));
    good = variable_set(name.bytes, sign + 1);
    text_free(&name);
    return good;
}

void
variables_begin(void)
{
    for (char **entry = environ; *entry != NULL; entry++) {
        const char *sign = strchr(*entry, '=');
        struct text name = {.bytes = NULL};

        if (sign == NULL || !word_is_name(*entry, (size_t)(sign - *entry))) {
            continue;
        }
        text_add(&name, *entry, (size_t)(sign - *entry));
        if (variable_set(name.bytes, sign + 1)) {
            variable_make(name.bytes)->exported = true;
        }
        text_free(&name);
    }
}

static int
variable_compare(const void *a, const void *b)
{
    const struct variable *const *x = a;
    const struct variable *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

void
variables_each(void (*each)(const struct variable *variable))
{
    const struct variable **all = NULL;
    size_t count = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        for (const struct variable *v = buckets[i]; v != NULL; v = v->next) {
            all = program_memory(all, count + 1, sizeof(void *));
            all[count++] = v;
        }
    }
    if (count > 0) {
        qsort(all, count, sizeof(void *), variable_compare);
    }
    for (size_t i = 0; i < count; i++) {
        each(all[i]);
    }
    free(all);
}

static struct strings environment;

static void
environment_add(const struct variable *v)
{
    struct text text = {.bytes = NULL};

    if (v->exported && v->value != NULL) {
        text_add_string(&text, v->name);
        text_add_byte(&text, '=');
        text_add_string(&text, v->value);
        strings_add(&environment, text_take(&text));
    }
}

struct strings
variables_environment(void)
{
    struct strings result;

    variables_each(environment_add);
    result = environment;
    environment = (struct strings){.items = NULL};
    return result;
}

void
variable_print_quoted(const char *value)
{
    putchar('\'');
    for (; *value != '\0'; value++) {
        if (*value == '\'') {
            fputs("'\\'", stdout);
        }
        putchar(*value);
    }
    putchar('\'');
}

struct saved *
variables_mark(void)
{
    return saved;
}

void
variable_save(const char *name)
{
    const struct variable *v = variable_make(name);
    struct saved *entry = program_memory(NULL, 1, sizeof(*entry));

    *entry = (struct saved){.outer = saved, .before = *v};
    entry->before.name = program_copy(name);
    entry->before.value = v->value == NULL ? NULL : program_copy(v->value);
    saved = entry;
}

void
variables_restore(struct saved *mark)
{
    while (saved != mark) {
        struct saved *entry = saved;
        struct variable *v = variable_make(entry->before.name);

        free(v->value);
        v->value = entry->before.value;
        v->exported = entry->before.exported;
        v->readonly = entry->before.readonly;
        saved = entry->outer;
        free(entry->before.name);
        free(entry);
    }
}
