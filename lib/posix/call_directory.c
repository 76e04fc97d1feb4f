/* SPDX-License-Identifier: MIT */
/* Directories as streams: a descriptor, and where one is. */
#include "lib/posix/tree_place.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/posix/call.h"
#include "lib/posix/tree.h"

/* telldir gives the number of a place that is kept till closedir. */
struct __directory {
    int descriptor;
    struct tree_place place;
    struct tree_place *told;
    long told_count;
    struct dirent entry;
};

DIR *
fdopendir(int descriptor)
{
    struct stat status;
    DIR *d;

    if (fstat(descriptor, &status) < 0) {
        return NULL;
    }
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    d = calloc(1, sizeof(*d));
    if (d != NULL) {
        d->descriptor = descriptor;
        (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    }
    return d;
}

DIR *
opendir(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d;

    if (descriptor < 0) {
        return NULL;
    }
    d = fdopendir(descriptor);
    if (d == NULL) {
        (void)close(descriptor);
    }
    return d;
}

int
closedir(DIR *d)
{
    int descriptor = d->descriptor;

    free(d->told);
    free(d);
    return close(descriptor);
}

int
dirfd(DIR *d)
{
    return d->descriptor;
}

struct dirent *
readdir(DIR *d)
{
    int64_t result = CALL(tree_next(d->descriptor, &d->place, &d->entry));

    return result == 1 ? &d->entry : NULL;
}

int
readdir_r(DIR *restrict d, struct dirent *restrict entry,
          struct dirent **restrict result)
{
    int64_t found;

    posix_hold();
    found = tree_next(d->descriptor, &d->place, entry);
    posix_release();
    *result = found == 1 ? entry : NULL;
    return found < 0 ? (int)-found : 0;
}

void
rewinddir(DIR *d)
{
    memset(&d->place, 0, sizeof(d->place));
}

long
telldir(DIR *d)
{
    struct tree_place *more =
        realloc(d->told, (size_t)(d->told_count + 1) * sizeof(*more));

    if (more == NULL) {
        return -1;
    }
    d->told = more;
    d->told[d->told_count] = d->place;
    return d->told_count++;
}

void
seekdir(DIR *d, long place)
{
    if (place >= 0 && place < d->told_count) {
        d->place = d->told[place];
    }
}

int
alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcoll((*a)->d_name, (*b)->d_name);
}

static void
list_free(struct dirent **list, int count)
{
    while (count > 0) {
        free(list[--count]);
    }
    free(list);
}

typedef int compare_function(const void *, const void *);

int
scandir(const char *path, struct dirent ***result,
        int (*wanted)(const struct dirent *),
        int (*compare)(const struct dirent **, const struct dirent **))
{
    DIR *d = opendir(path);
    struct dirent **list = NULL;
    struct dirent *entry;
    int count = 0;
    int room = 0;

    if (d == NULL) {
        return -1;
    }
    for (errno = 0; (entry = readdir(d)) != NULL && errno == 0;) {
        if (wanted != NULL && wanted(entry) == 0) {
            continue;
        }
        if (count == room) {
            struct dirent **more;

            room = room == 0 ? 16 : room * 2;
            more = realloc(list, (size_t)room * sizeof(struct dirent *));
            if (more == NULL) {
                errno = ENOMEM;
                break;
            }
            list = more;
        }
        list[count] = malloc(sizeof(*entry));
        if (list[count] == NULL) {
            errno = ENOMEM;
            break;
        }
        *list[count++] = *entry;
    }
    if (errno != 0) {
        int error = errno;

        list_free(list, count);
        (void)closedir(d);
        errno = error;
        return -1;
    }
    (void)closedir(d);
    if (compare != NULL && count > 0) {
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): they are pointers. */
        qsort(list, (size_t)count, sizeof(*list), (compare_function *)compare);
    }
    *result = list;
    return count;
}
