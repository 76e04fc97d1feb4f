/* SPDX-License-Identifier: MIT */
/* The shell's commands about the system around it, and those of programs. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

#include "builtin.h"
#include "history.h"
#include "shell.h"
#include "user/bin/condition.h"
#include "user/bin/format.h"
#include "user/bin/mode.h"
#include "user/bin/program.h"
#include "variable.h"

int
builtin_echo(int count, char **words)
{
    (void)count;
    format_echo(words + 1, stdout);
    return 0;
}

int
builtin_printf(int count, char **words)
{
    int first = 1 + (count > 1 && strcmp(words[1], "--") == 0);
    int status;

    if (first >= count) {
        shell_say("printf: a format is needed");
        return 2;
    }
    program_status = 0;
    format_print(words[first], words + first + 1, stdout);
    status = program_status != 0;
    program_status = 0;
    return status;
}

int
builtin_test(int count, char **words)
{
    int status;

    if (*words[0] == '[') {
        if (count < 2 || strcmp(words[count - 1], "]") != 0) {
            shell_say("[: the last word must be ]");
            return 2;
        }
        count--;
    }
    status = condition_test(words + 1, (size_t)count - 1);
    program_status = 0;
    return status;
}

/* Makes PWD right: what it names if that is here, or what the system says. */
void
builtin_cd_begin(void)
{
    char path[PATH_MAX];
    const char *name = variable_get("PWD");
    struct stat named;
    struct stat here;

    if (name != NULL && name[0] == '/' && strstr(name, "/.") == NULL &&
        stat(name, &named) == 0 && stat(".", &here) == 0 &&
        named.st_dev == here.st_dev && named.st_ino == here.st_ino) {
        return;
    }
    if (getcwd(path, sizeof(path)) != NULL) {
        (void)variable_set("PWD", path);
    }
}

/* Puts name behind the folder and takes . and .. out; the caller's. */
static char *
path_resolve(const char *folder, const char *name)
{
    struct text path = {.bytes = NULL};

    text_add_string(&path, *name == '/' ? "" : folder);
    if (path.length > 0 && path.bytes[path.length - 1] == '/') {
        path.length--;
    }
    text_add(&path, "", 0);
    while (*name != '\0') {
        size_t length;

        name += strspn(name, "/");
        length = strcspn(name, "/");
        if (length == 2 && strncmp(name, "..", 2) == 0) {
            while (path.length > 0 && path.bytes[--path.length] != '/') {
            }
            path.bytes[path.length] = '\0';
        } else if (length > 0 && !(length == 1 && *name == '.')) {
            text_add_byte(&path, '/');
            text_add(&path, name, length);
        }
        name += length;
    }
    if (path.length == 0) {
        text_add_byte(&path, '/');
    }
    return text_take(&path);
}

static int
folder_enter(const char *name, bool links)
{
    const char *folder = variable_get("PWD");
    char *path = path_resolve(folder == NULL ? "" : folder, name);
    char real[PATH_MAX];
    struct text before = {.bytes = NULL};

    text_add_string(&before, folder == NULL ? "" : folder);
    if (chdir(links ? path : name) != 0) {
        shell_say("cd: %s: %s", name, strerror(errno));
        free(path);
        text_free(&before);
        return 2;
    }
    (void)variable_set("OLDPWD", text_string(&before));
    if (!links && getcwd(real, sizeof(real)) != NULL) {
        (void)variable_set("PWD", real);
    } else {
        (void)variable_set("PWD", path);
    }
    free(path);
    text_free(&before);
    return 0;
}

/* A folder along CDPATH, the caller's; null if none has it. */
static char *
cdpath_find(const char *name)
{
    const char *path = variable_get("CDPATH");

    if (*name == '/' || strncmp(name, "./", 2) == 0 ||
        strncmp(name, "../", 3) == 0 || strcmp(name, ".") == 0 ||
        strcmp(name, "..") == 0) {
        return NULL;
    }
    while (path != NULL && *path != '\0') {
        size_t length = strcspn(path, ":");
        struct text folder = {.bytes = NULL};
        struct stat status;

        text_add(&folder, path, length);
        text_add_string(&folder, length > 0 ? "/" : "");
        text_add_string(&folder, name);
        if (length > 0 && stat(folder.bytes, &status) == 0 &&
            S_ISDIR(status.st_mode)) {
            return text_take(&folder);
        }
        text_free(&folder);
        path = path[length] == ':' ? path + length + 1 : NULL;
    }
    return NULL;
}

int
builtin_cd(int count, char **words)
{
    bool links = true;
    bool print = false;
    const char *name;
    char *copy;
    int status;
    int i = 1;

    for (; i < count && words[i][0] == '-' && words[i][1] != '\0'; i++) {
        if (strcmp(words[i], "--") == 0) {
            i++;
            break;
        }
        if (strcmp(words[i], "-L") != 0 && strcmp(words[i], "-P") != 0) {
            shell_say("cd: unknown option %s", words[i]);
            return 2;
        }
        links = words[i][1] == 'L';
    }
    name = i < count ? words[i] : variable_get("HOME");
    if (name != NULL && strcmp(name, "-") == 0) {
        name = variable_get("OLDPWD");
        print = true;
    }
    if (name == NULL || *name == '\0') {
        if (i < count && !print) {
            return 0;
        }
        shell_say("cd: %s is not set", print ? "OLDPWD" : "HOME");
        return 2;
    }
    copy = cdpath_find(name);
    print |= copy != NULL;
    copy = copy == NULL ? program_copy(name) : copy;
    status = folder_enter(copy, links);
    free(copy);
    if (status == 0 && print) {
        printf("%s\n", variable_get("PWD"));
    }
    return status;
}

int
builtin_pwd(int count, char **words)
{
    char path[PATH_MAX];
    const char *name = variable_get("PWD");
    bool links = !(count > 1 && strcmp(words[1], "-P") == 0);

    if (links && name != NULL) {
        printf("%s\n", name);
        return 0;
    }
    if (getcwd(path, sizeof(path)) == NULL) {
        shell_say("pwd: %s", strerror(errno));
        return 1;
    }
    printf("%s\n", path);
    return 0;
}

int
builtin_umask(int count, char **words)
{
    mode_t mask = umask(0);
    mode_t mode = ~mask & 0777;
    char text[11];

    (void)umask(mask);
    if (count > 1 && strcmp(words[1], "-S") == 0) {
        static const char who[] = "ugo";

        for (int i = 0; i < 3; i++) {
            unsigned rights = mode >> (6 - 3 * i) & 7;

            printf("%s%c=%s%s%s", i == 0 ? "" : ",", who[i],
                   (rights & 4) != 0 ? "r" : "", (rights & 2) != 0 ? "w" : "",
                   (rights & 1) != 0 ? "x" : "");
        }
        putchar('\n');
        return 0;
    }
    if (count == 1) {
        (void)snprintf(text, sizeof(text), "%04o", (unsigned)mask);
        printf("%s\n", text);
        return 0;
    }
    if (*words[1] >= '0' && *words[1] <= '9') {
        if (!mode_change(words[1], false, 0, &mask) || mask > 0777) {
            shell_say("umask: %s: is no mask", words[1]);
            return 2;
        }
        (void)umask(mask);
    } else if (mode_change(words[1], false, 0, &mode)) {
        (void)umask(~mode & 0777);
    } else {
        shell_say("umask: %s: is no mask", words[1]);
        return 2;
    }
    return 0;
}

static void
time_print(clock_t ticks, const char *end)
{
    long second = sysconf(_SC_CLK_TCK);
    long hundredths = second <= 0 ? 0 : (long)ticks * 100 / second;

    printf("%ldm%ld.%02lds%s", hundredths / 6000, hundredths / 100 % 60,
           hundredths % 100, end);
}

int
builtin_times(int count, char **words)
{
    struct tms times_used;

    (void)count;
    (void)words;
    if (times(&times_used) == (clock_t)-1) {
        shell_say("times: %s", strerror(errno));
        return 1;
    }
    time_print(times_used.tms_utime, " ");
    time_print(times_used.tms_stime, "\n");
    time_print(times_used.tms_cutime, " ");
    time_print(times_used.tms_cstime, "\n");
    return 0;
}

int
builtin_history(int count, char **words)
{
    (void)count;
    (void)words;
    history_print(stdout);
    return 0;
}
