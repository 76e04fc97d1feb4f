/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

char *
path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    size_t size = length + strlen(name) + 2;
    char *path = program_memory(NULL, size, 1);
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";

    (void)snprintf(path, size, "%s%s%s", folder, slash, name);
    return path;
}

const char *
path_base(const char *path)
{
    const char *base = path;

    for (const char *at = path; *at != '\0'; at++) {
        if (at[0] == '/' && at[1] != '/' && at[1] != '\0') {
            base = at + 1;
        }
    }
    return base;
}

void
path_trim(char *path)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/') {
        path[--length] = '\0';
    }
}

char *
path_inside(const char *folder, const char *path)
{
    char *joined = path_join(folder, path_base(path));

    path_trim(joined);
    return joined;
}

static int
name_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
name_is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool
path_list(const char *path, bool dots, struct listing *listing)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    size_t size = 0;
    int error;

    *listing = (struct listing){.names = NULL};
    if (directory == NULL) {
        program_complain("%s", path);
        return false;
    }
    while (errno = 0, (entry = readdir(directory)) != NULL) {
        if (!dots && name_is_dots(entry->d_name)) {
            continue;
        }
        if (listing->count == size) {
            size = size == 0 ? 16 : size * 2;
            listing->names =
                program_memory(listing->names, size, sizeof(char *));
        }
        listing->names[listing->count++] = program_copy(entry->d_name);
    }
    error = errno;
    closedir(directory);
    if (listing->count > 0) {
        qsort(listing->names, listing->count, sizeof(char *), name_compare);
    }
    if (error != 0) {
        errno = error;
        program_complain("%s", path);
        path_list_free(listing);
        return false;
    }
    return true;
}

void
path_list_free(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        free(listing->names[i]);
    }
    free(listing->names);
    *listing = (struct listing){.names = NULL};
}

bool
path_is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static char
mode_type(mode_t mode)
{
    return (char)(S_ISDIR(mode)    ? 'd'
                  : S_ISLNK(mode)  ? 'l'
                  : S_ISCHR(mode)  ? 'c'
                  : S_ISBLK(mode)  ? 'b'
                  : S_ISFIFO(mode) ? 'p'
                  : S_ISREG(mode)  ? '-'
                                   : 's');
}

void
path_mode_text(mode_t mode, char text[11])
{
    static const char letters[] = "rwxrwxrwx";

    text[0] = mode_type(mode);
    for (int i = 0; i < 9; i++) {
        text[i + 1] = (char)((mode >> (8 - i)) & 1 ? letters[i] : '-');
    }
    if ((mode & S_ISUID) != 0) {
        text[3] = (char)(text[3] == 'x' ? 's' : 'S');
    }
    if ((mode & S_ISGID) != 0) {
        text[6] = (char)(text[6] == 'x' ? 's' : 'S');
    }
    if ((mode & S_ISVTX) != 0) {
        text[9] = (char)(text[9] == 'x' ? 't' : 'T');
    }
    text[10] = '\0';
}
