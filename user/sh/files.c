/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/bin/pattern.h"

/* Adds a part of a pattern without its backslashes. */
static void
plain_add(struct text *path, const char *part)
{
    for (; *part != '\0'; part++) {
        part += *part == '\\' && part[1] != '\0';
        text_add_byte(path, *part);
    }
}

static void path_match(struct text *path, const char *pattern,
                       struct strings *paths);

/* All names in the folder that path is which match part of a pattern. */
static void
folder_match(struct text *path, const char *part, const char *rest,
             struct strings *paths)
{
    size_t length = path->length;
    struct strings names = {.items = NULL};
    DIR *folder = opendir(length == 0 ? "." : path->bytes);
    const struct dirent *entry;

    if (folder == NULL) {
        return;
    }
    while ((entry = readdir(folder)) != NULL) {
        bool hidden = entry->d_name[0] == '.' && part[0] != '.' &&
                      !(part[0] == '\\' && part[1] == '.');

        if (!hidden && pattern_match(part, entry->d_name)) {
            struct text name = {.bytes = NULL};

            text_add_string(&name, entry->d_name);
            strings_add(&names, text_take(&name));
        }
    }
    closedir(folder);
    for (size_t i = 0; i < names.count; i++) {
        text_add_string(path, names.items[i]);
        path_match(path, rest, paths);
        path->length = length;
    }
    strings_free(&names);
}

/* path is what is matched already, pattern is what follows. */
static void
path_match(struct text *path, const char *pattern, struct strings *paths)
{
    size_t length = path->length;
    struct text part = {.bytes = NULL};
    struct stat status;

    while (*pattern == '/') {
        text_add_byte(path, *pattern++);
    }
    if (*pattern == '\0') {
        text_add(path, "", 0);
        if (lstat(path->bytes, &status) == 0) {
            struct text copy = {.bytes = NULL};

            text_add_string(&copy, path->bytes);
            strings_add(paths, text_take(&copy));
        }
        path->length = length;
        return;
    }
    text_add(&part, pattern, strcspn(pattern, "/"));
    pattern += part.length;
    if (pattern_is_one(part.bytes)) {
        folder_match(path, part.bytes, pattern, paths);
    } else {
        plain_add(path, part.bytes);
        path_match(path, pattern, paths);
    }
    path->length = length;
    text_free(&part);
}

static int
path_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
files_match(const char *pattern, struct strings *paths)
{
    size_t before = paths->count;
    struct text path = {.bytes = NULL};

    path_match(&path, pattern, paths);
    text_free(&path);
    if (paths->count == before) {
        return false;
    }
    qsort(paths->items + before, paths->count - before, sizeof(char *),
          path_compare);
    return true;
}
