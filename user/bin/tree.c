/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"
#include "program.h"

/* Enough to read a directory, and to write what is copied into it. */
#define MODE_OWNER 0700
#define MODE_ALL 07777

/*
 * Directories that a copy has made. A copy of a tree into itself would meet
 * them, copy them, and never end.
 */
struct made {
    const struct made *outer;
    dev_t device;
    ino_t number;
};

/* Gives the copy what the original's times, owner and mode are. */
static bool
attributes_copy(const char *to, const struct stat *status)
{
    struct timespec times[2] = {status->st_atim, status->st_mtim};
    mode_t mode = status->st_mode & MODE_ALL;

    if (chown(to, status->st_uid, status->st_gid) != 0) {
        /* Not another's: then it must not run as another, either. */
        mode &= ~(mode_t)(S_ISUID | S_ISGID);
    }
    if (chmod(to, mode) != 0 || utimensat(AT_FDCWD, to, times, 0) != 0) {
        program_complain("%s", to);
        return false;
    }
    return true;
}

static bool
bytes_copy(int in, int out, const char *from, const char *to)
{
    static char buffer[32768];
    ssize_t got;

    while ((got = program_read(in, from, buffer, sizeof(buffer))) > 0) {
        if (!program_write(out, buffer, (size_t)got)) {
            program_complain("%s", to);
            return false;
        }
    }
    return got == 0;
}

static bool
file_copy(const char *from, const char *to, const struct stat *status,
          const struct tree_copy *how)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC;
    mode_t mode = status->st_mode & 0777;
    bool good;
    int out;
    int in = open(from, O_RDONLY);

    if (in < 0) {
        program_complain("%s", from);
        return false;
    }
    out = open(to, flags, mode);
    if (out < 0 && how->force && unlink(to) == 0) {
        out = open(to, flags, mode);
    }
    if (out < 0) {
        program_complain("%s", to);
        close(in);
        return false;
    }
    good = bytes_copy(in, out, from, to);
    close(in);
    if (close(out) != 0 && good) {
        program_complain("%s", to);
        good = false;
    }
    return good && (!how->preserve || attributes_copy(to, status));
}

static bool
link_copy(const char *from, const char *to)
{
    char target[PATH_MAX];
    ssize_t length = readlink(from, target, sizeof(target) - 1);

    if (length < 0) {
        program_complain("%s", from);
        return false;
    }
    target[length] = '\0';
    if (symlink(target, to) != 0 &&
        (errno != EEXIST || unlink(to) != 0 || symlink(target, to) != 0)) {
        program_complain("%s", to);
        return false;
    }
    return true;
}

static bool entry_copy(const char *from, const char *to,
                       const struct tree_copy *how, const struct made *outer);

static bool
directory_copy(const char *from, const char *to, const struct stat *status,
               const struct tree_copy *how, const struct made *outer)
{
    struct made made = {.outer = outer};
    struct stat target;
    struct listing listing;
    bool is_new;
    bool good = true;

    for (const struct made *m = outer; m != NULL; m = m->outer) {
        if (m->device == status->st_dev && m->number == status->st_ino) {
            program_say("%s: cannot be copied into itself, %s", from, to);
            return false;
        }
    }
    is_new = mkdir(to, (status->st_mode & 0777) | MODE_OWNER) == 0;
    if ((!is_new && errno != EEXIST) || stat(to, &target) != 0) {
        program_complain("%s", to);
        return false;
    }
    if (!S_ISDIR(target.st_mode)) {
        program_say("%s: is no directory, %s is one", to, from);
        return false;
    }
    made.device = target.st_dev;
    made.number = target.st_ino;
    if (!path_list(from, false, &listing)) {
        return false;
    }
    for (size_t i = 0; i < listing.count; i++) {
        char *in = path_join(from, listing.names[i]);
        char *out = path_join(to, listing.names[i]);

        good = entry_copy(in, out, how, &made) && good;
        free(in);
        free(out);
    }
    path_list_free(&listing);
    if (how->preserve) {
        return attributes_copy(to, status) && good;
    }
    if (is_new && (status->st_mode & MODE_OWNER) != MODE_OWNER &&
        chmod(to, target.st_mode & (status->st_mode | ~(mode_t)MODE_OWNER) &
                      MODE_ALL) != 0) {
        program_complain("%s", to);
        return false;
    }
    return good;
}

/* What keeps from from being copied over to, which is there. */
static bool
target_allows(const char *from, const char *to, const struct stat *source,
              const struct stat *target, const struct tree_copy *how)
{
    if (source->st_dev == target->st_dev && source->st_ino == target->st_ino) {
        program_say("%s and %s are the same file", from, to);
        return false;
    }
    if (!S_ISDIR(source->st_mode) && S_ISDIR(target->st_mode)) {
        program_say("%s: is a directory, %s is none", to, from);
        return false;
    }
    return !how->interactive || S_ISDIR(target->st_mode) ||
           program_confirm("overwrite", to);
}

static bool
entry_copy(const char *from, const char *to, const struct tree_copy *how,
           const struct made *outer)
{
    bool follow = !how->recursive || how->follow;
    struct stat source;
    struct stat target;

    if ((follow ? stat : lstat)(from, &source) != 0) {
        program_complain("%s", from);
        return false;
    }
    if ((follow ? stat : lstat)(to, &target) == 0 &&
        !target_allows(from, to, &source, &target, how)) {
        return false;
    }
    if (how->verbose) {
        printf("%s -> %s\n", from, to);
    }
    if (S_ISLNK(source.st_mode)) {
        return link_copy(from, to);
    }
    if (S_ISDIR(source.st_mode)) {
        if (!how->recursive) {
            program_say("%s: is a directory; with -r it is copied", from);
            return false;
        }
        return directory_copy(from, to, &source, how, outer);
    }
    if (how->recursive && !S_ISREG(source.st_mode)) {
        program_say("%s: neither file, directory nor link: not copied", from);
        return false;
    }
    return file_copy(from, to, &source, how);
}

bool
tree_copy(const char *from, const char *to, const struct tree_copy *how)
{
    return entry_copy(from, to, how, NULL);
}

/* Whether to remove it: what cannot be written is asked about. */
static bool
remove_allowed(const char *path, const struct stat *status,
               const struct tree_remove *how)
{
    if (how->force) {
        return true;
    }
    if (how->interactive) {
        return program_confirm("remove", path);
    }
    if (!S_ISLNK(status->st_mode) && access(path, W_OK) != 0 &&
        isatty(STDIN_FILENO)) {
        return program_confirm("remove write-protected", path);
    }
    return true;
}

static bool
directory_empty(const char *path, const struct tree_remove *how)
{
    struct listing listing;
    bool good = true;

    if (!path_list(path, false, &listing)) {
        return false;
    }
    for (size_t i = 0; i < listing.count; i++) {
        char *inner = path_join(path, listing.names[i]);

        good = tree_remove(inner, how) && good;
        free(inner);
    }
    path_list_free(&listing);
    return good;
}

bool
tree_remove(const char *path, const struct tree_remove *how)
{
    struct stat status;
    int error;

    if (lstat(path, &status) != 0) {
        if (how->force && (errno == ENOENT || errno == ENOTDIR)) {
            return true;
        }
        program_complain("%s", path);
        return false;
    }
    if (S_ISDIR(status.st_mode)) {
        if (!how->recursive && !how->directories) {
            program_say("%s: is a directory; with -r it is removed", path);
            return false;
        }
        if (how->recursive && how->interactive &&
            !program_confirm("descend into", path)) {
            return false;
        }
        if (how->recursive && !directory_empty(path, how)) {
            return false;
        }
        if (!remove_allowed(path, &status, how)) {
            return false;
        }
        error = rmdir(path);
    } else {
        if (!remove_allowed(path, &status, how)) {
            return false;
        }
        error = unlink(path);
    }
    if (error != 0) {
        program_complain("%s", path);
        return false;
    }
    if (how->verbose) {
        printf("removed %s\n", path);
    }
    return true;
}
