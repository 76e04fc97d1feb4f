/* SPDX-License-Identifier: MIT */
/*
 * posix_spawn: fork, what the caller has asked for, and execve. What of that
 * fails the child says through a pipe, which the program's beginning closes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_NONE 127 /* of a program that never began */
#define FLAGS                                                                  \
    (POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |    \
     POSIX_SPAWN_SETSIGMASK)

struct __posix_spawnattr {
    short flags;
    pid_t group;
    sigset_t defaults;
    sigset_t mask;
};

enum action_kind { ACTION_OPEN, ACTION_DUP, ACTION_CLOSE };

struct action {
    enum action_kind kind;
    int descriptor;
    int from;
    int flags;
    mode_t mode;
    char *path;
};

struct __posix_spawn_file_actions {
    unsigned count;
    struct action *action;
};

int
posix_spawnattr_init(posix_spawnattr_t *attributes)
{
    *attributes = calloc(1, sizeof(**attributes));
    return *attributes == NULL ? ENOMEM : 0;
}

int
posix_spawnattr_destroy(posix_spawnattr_t *attributes)
{
    free(*attributes);
    *attributes = NULL;
    return 0;
}

/* Nobody has another priority here. */
int
posix_spawnattr_setflags(posix_spawnattr_t *attributes, short flags)
{
    if ((flags & ~FLAGS) != 0) {
        return EINVAL;
    }
    (*attributes)->flags = flags;
    return 0;
}

int
posix_spawnattr_getflags(const posix_spawnattr_t *restrict attributes,
                         short *restrict flags)
{
    *flags = (*attributes)->flags;
    return 0;
}

int
posix_spawnattr_setpgroup(posix_spawnattr_t *attributes, pid_t group)
{
    (*attributes)->group = group;
    return 0;
}

int
posix_spawnattr_getpgroup(const posix_spawnattr_t *restrict attributes,
                          pid_t *restrict group)
{
    *group = (*attributes)->group;
    return 0;
}

int
posix_spawnattr_setsigdefault(posix_spawnattr_t *restrict attributes,
                              const sigset_t *restrict set)
{
    (*attributes)->defaults = *set;
    return 0;
}

int
posix_spawnattr_getsigdefault(const posix_spawnattr_t *restrict attributes,
                              sigset_t *restrict set)
{
    *set = (*attributes)->defaults;
    return 0;
}

int
posix_spawnattr_setsigmask(posix_spawnattr_t *restrict attributes,
                           const sigset_t *restrict set)
{
    (*attributes)->mask = *set;
    return 0;
}

int
posix_spawnattr_getsigmask(const posix_spawnattr_t *restrict attributes,
                           sigset_t *restrict set)
{
    *set = (*attributes)->mask;
    return 0;
}

int
posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
    *actions = calloc(1, sizeof(**actions));
    return *actions == NULL ? ENOMEM : 0;
}

int
posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
    for (unsigned i = 0; i < (*actions)->count; i++) {
        free((*actions)->action[i].path);
    }
    free((*actions)->action);
    free(*actions);
    *actions = NULL;
    return 0;
}

static int
action_add(struct __posix_spawn_file_actions *actions,
           const struct action *action)
{
    struct action *more;

    if (action->descriptor < 0 || action->from < 0 ||
        action->descriptor >= sysconf(_SC_OPEN_MAX)) {
        return EBADF;
    }
    more = realloc(actions->action, (actions->count + 1) * sizeof(*more));
    if (more == NULL) {
        return ENOMEM;
    }
    actions->action = more;
    more[actions->count++] = *action;
    return 0;
}

int
posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict actions,
                                 int descriptor, const char *restrict path,
                                 int flags, mode_t mode)
{
    struct action action = {.kind = ACTION_OPEN,
                            .descriptor = descriptor,
                            .flags = flags,
                            .mode = mode,
                            .path = strdup(path)};
    int error = action.path == NULL ? ENOMEM : action_add(*actions, &action);

    if (error != 0) {
        free(action.path);
    }
    return error;
}

int
posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from,
                                 int descriptor)
{
    struct action action = {
        .kind = ACTION_DUP, .descriptor = descriptor, .from = from};

    return action_add(*actions, &action);
}

int
posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions,
                                  int descriptor)
{
    struct action action = {.kind = ACTION_CLOSE, .descriptor = descriptor};

    return action_add(*actions, &action);
}

/* In the child: 0, or -1 and errno. */
static int
action_do(const struct action *a)
{
    int descriptor;

    switch (a->kind) {
    case ACTION_OPEN:
        descriptor = open(a->path, a->flags, a->mode);
        if (descriptor < 0 || descriptor == a->descriptor) {
            return descriptor < 0 ? -1 : 0;
        }
        if (dup2(descriptor, a->descriptor) < 0) {
            return -1;
        }
        return close(descriptor);
    case ACTION_DUP:
        if (a->from == a->descriptor) { /* then it stays open, too */
            return fcntl(a->from, F_SETFD, 0);
        }
        return dup2(a->from, a->descriptor) < 0 ? -1 : 0;
    default:
        (void)close(a->descriptor); /* it may be closed already */
        return 0;
    }
}

/* In the child: all of them; the pipe makes way for what is to have its
   descriptor. */
static int
actions_do(const struct __posix_spawn_file_actions *actions, int *pipe)
{
    for (unsigned i = 0; i < actions->count; i++) {
        const struct action *a = &actions->action[i];

        if (a->kind == ACTION_DUP && a->from == *pipe) {
            errno = EBADF; /* the caller knows none of that number */
            return -1;
        }
        if (a->descriptor == *pipe) {
            int other = fcntl(*pipe, F_DUPFD_CLOEXEC, 0);

            if (other < 0) {
                return -1;
            }
            (void)close(*pipe);
            *pipe = other;
        }
        if (action_do(a) < 0) {
            return -1;
        }
    }
    return 0;
}

/* In the child: no handler of the caller's runs any more, and signals are as
   was asked for. */
static void
signals_do(const struct __posix_spawnattr *attributes, const sigset_t *mask)
{
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    int flags = attributes == NULL ? 0 : attributes->flags;

    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction is;
        bool wanted = (flags & POSIX_SPAWN_SETSIGDEF) != 0 &&
                      sigismember(&attributes->defaults, signal) == 1;

        if (sigaction(signal, NULL, &is) == 0 && is.sa_handler != SIG_DFL &&
            (wanted || is.sa_handler != SIG_IGN)) {
            (void)sigaction(signal, &standard, NULL);
        }
    }
    (void)sigprocmask(
        SIG_SETMASK,
        (flags & POSIX_SPAWN_SETSIGMASK) != 0 ? &attributes->mask : mask, NULL);
}

struct spawn {
    const char *name;
    const struct __posix_spawn_file_actions *actions;
    const struct __posix_spawnattr *attributes;
    char *const *arguments;
    char **environment;
    bool search; /* the name in the folders of PATH */
    sigset_t mask;
};

static _Noreturn void
child_run(const struct spawn *s, int pipe)
{
    const struct __posix_spawnattr *a = s->attributes;

    if ((a == NULL || (a->flags & POSIX_SPAWN_SETPGROUP) == 0 ||
         setpgid(0, a->group) == 0) &&
        (s->actions == NULL || actions_do(s->actions, &pipe) == 0)) {
        signals_do(a, &s->mask);
        if (s->search) {
            environ = s->environment;
            (void)execvp(s->name, s->arguments);
        } else {
            (void)execve(s->name, s->arguments, s->environment);
        }
    }
    (void)write(pipe, &errno, sizeof(errno));
    _exit(STATUS_NONE);
}

/* What the child says went wrong; 0: the program runs. */
static int
error_read(int pipe)
{
    int error = 0;
    ssize_t count;

    do {
        count = read(pipe, &error, sizeof(error));
    } while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof(error) ? error : 0;
}

static int
spawn(pid_t *pid, struct spawn *s)
{
    sigset_t all;
    pid_t child;
    int ends[2];
    int error;

    if (pipe2(ends, O_CLOEXEC) < 0) {
        return errno;
    }
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &s->mask);
    child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        child_run(s, ends[1]);
    }
    error = child < 0 ? errno : 0;
    (void)close(ends[1]);
    if (child > 0) {
        error = error_read(ends[0]);
        if (error != 0) {
            (void)waitpid(child, NULL, 0);
        } else if (pid != NULL) {
            *pid = child;
        }
    }
    (void)close(ends[0]);
    (void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
    return error;
}

/* `environ` is not constant, as the argument by custom is. */
static char **
environment_of(char *const *environment)
{
    char **copy = NULL;

    if (environment != NULL) {
        memcpy(&copy, &environment, sizeof(copy));
    }
    return copy;
}

int
posix_spawn(pid_t *restrict pid, const char *restrict path,
            const posix_spawn_file_actions_t *actions,
            const posix_spawnattr_t *restrict attributes,
            char *const arguments[], char *const environment[])
{
    struct spawn s = {.name = path,
                      .actions = actions == NULL ? NULL : *actions,
                      .attributes = attributes == NULL ? NULL : *attributes,
                      .arguments = arguments,
                      .environment = environment_of(environment)};

    return spawn(pid, &s);
}

int
posix_spawnp(pid_t *restrict pid, const char *restrict name,
             const posix_spawn_file_actions_t *actions,
             const posix_spawnattr_t *restrict attributes,
             char *const arguments[], char *const environment[])
{
    struct spawn s = {.name = name,
                      .actions = actions == NULL ? NULL : *actions,
                      .attributes = attributes == NULL ? NULL : *attributes,
                      .arguments = arguments,
                      .environment = environment_of(environment),
                      .search = true};

    return spawn(pid, &s);
}
