/* SPDX-License-Identifier: MIT */
/* The users that /etc/passwd names, a line each. What is found stands till the
   next one is looked for. */
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/posix/image.h"

#define FILE_NAME "/etc/passwd"
#define FIELDS 7

static POSIX_ANEW_ZERO FILE *file;
static POSIX_ANEW_ZERO char *line;
static POSIX_ANEW_ZERO size_t room;
static POSIX_ANEW_ZERO struct passwd entry;

/* The number that a field is; false if it is none. */
static bool
number_of(const char *field, unsigned *number)
{
    char *end;

    *number = (unsigned)strtoul(field, &end, 10);
    return end != field && *end == '\0';
}

/* Takes a line apart; false if it is not as it should be. */
static bool
entry_fill(char *text)
{
    char *field[FIELDS];
    char *rest = text;
    unsigned uid;
    unsigned gid;
    int i;

    text[strcspn(text, "\n")] = '\0';
    for (i = 0; i < FIELDS && rest != NULL; i++) {
        field[i] = rest;
        rest = strchr(rest, ':');
        if (rest != NULL) {
            *rest++ = '\0';
        }
    }
    if (i < FIELDS || rest != NULL || !number_of(field[2], &uid) ||
        !number_of(field[3], &gid)) {
        return false;
    }
    entry = (struct passwd){.pw_name = field[0],
                            .pw_passwd = field[1],
                            .pw_uid = (uid_t)uid,
                            .pw_gid = (gid_t)gid,
                            .pw_gecos = field[4],
                            .pw_dir = field[5],
                            .pw_shell = field[6]};
    return true;
}

void
setpwent(void)
{
    if (file != NULL) {
        rewind(file);
    }
}

void
endpwent(void)
{
    if (file != NULL) {
        (void)fclose(file);
        file = NULL;
    }
}

struct passwd *
getpwent(void)
{
    if (file == NULL) {
        file = fopen(FILE_NAME, "re");
    }
    while (file != NULL && getline(&line, &room, file) > 0) {
        if (entry_fill(line)) {
            return &entry;
        }
    }
    return NULL;
}

/* That nobody is found, or that there is no file, is no error. */
static struct passwd *
find(const char *name, uid_t uid)
{
    struct passwd *p;
    int before = errno;
    bool refused;

    endpwent();
    do {
        p = getpwent();
    } while (p != NULL &&
             (name != NULL ? strcmp(p->pw_name, name) != 0 : p->pw_uid != uid));
    refused = file == NULL && errno != ENOENT;
    endpwent();
    if (!refused) {
        errno = before;
    }
    return p;
}

struct passwd *
getpwnam(const char *name)
{
    return find(name, 0);
}

struct passwd *
getpwuid(uid_t uid)
{
    return find(NULL, uid);
}
