/* SPDX-License-Identifier: MIT */
/*
 * What a process does at its start: the first one, as the domain is made, and
 * each program in the C library's name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/abi/information.h"
#include "lib/exo/archive.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/exo/own.h"
#include "lib/posix/domain.h"
#include "lib/posix/exec.h"
#include "lib/posix/image.h"
#include "lib/posix/memory.h"
#include "lib/posix/posix.h"
#include "lib/posix/shared.h"
#include "lib/posix/tree.h"

#define EVENT_STACK 2560
#define EXCEPTION_STACK 1536
#define ARGUMENTS_MAX 64

extern char __tls_base[]; /* libos.ld */

void __libc_init_array(void);
_Noreturn void posix_first(const struct domain *domain);
_Noreturn void posix_main(uint64_t *stack, int (*run)(int, char **, char **),
                          void (**init)(void), void (**init_end)(void),
                          void (**fini_end)(void));
int *posix_errno(void);

/* Those of events first: below them nothing is mapped. */
static _Alignas(16) POSIX_STACK struct {
    unsigned char event[EVENT_STACK];
    unsigned char exception[EXCEPTION_STACK];
} stacks = {.event = {0}};

struct domain_user *domain_user = NULL;

/* The program's own destructors. */
static POSIX_ANEW void (**program_fini)(void) = NULL;
static POSIX_ANEW void (**program_fini_end)(void) = NULL;

/* errno for programs, whose thread-local storage is not the image's. */
int *
posix_errno(void)
{
    return &errno;
}

void
image_upcalls(void)
{
    exo_uarea_init(exo_uarea, stacks.event + EVENT_STACK);
    exo_uarea->own[(OWN_EXCEPTION_STACK - UAREA_OWN) / 8] =
        (uint64_t)(stacks.exception + EXCEPTION_STACK);
}

void
image_anew(void)
{
    memcpy(libos_anew, libos_anew - LIBOS_DATA + LIBOS_PRISTINE,
           (size_t)(libos_data_end - libos_anew));
    memset(libos_data_end, 0, (size_t)(libos_anew_end - libos_data_end));
    exo_tls_init(__tls_base);
}

static void
program_end(void)
{
    while (program_fini_end > program_fini) {
        (*--program_fini_end)();
    }
}

/* Where program.S goes to. */
_Noreturn void
posix_main(uint64_t *stack, int (*run)(int, char **, char **),
           void (**init)(void), void (**init_end)(void),
           void (**fini_end)(void))
{
    int count = (int)stack[0];
    char **arguments = (char **)(stack + 1);

    environ = arguments + count + 1;
    program_fini = init_end;
    program_fini_end = fini_end;
    __libc_init_array();
    (void)atexit(program_end);
    posix_release(); /* what execve held */
    while (init < init_end) {
        (*init++)();
    }
    exit(run(count, arguments, environ));
}

static _Noreturn void
first_failed(const char *what, int64_t error)
{
    fprintf(stderr, "libos: %s: %s\n", what, strerror((int)-error));
    exit(EXIT_FAILURE);
}

/* The words given at boot, behind the program's name. */
static char **
boot_words(void)
{
    static char copy[INFORMATION_ARGUMENTS_SIZE];
    static char name[] = DOMAIN_FIRST;
    static char *word[ARGUMENTS_MAX + 2] = {name};
    const struct information *boot =
        (const struct information *)INFORMATION_BOOT;
    unsigned count = 1;
    char *rest = copy;
    char *next;

    memcpy(copy, boot->arguments, sizeof(copy));
    while (count <= ARGUMENTS_MAX && (next = strsep(&rest, " ")) != NULL) {
        if (*next != '\0') {
            word[count++] = next;
        }
    }
    word[count] = NULL;
    return word;
}

/* The same in the domain of a user. */
static char **
user_words(const struct domain_user *user)
{
    static char copy[DOMAIN_WORDS];
    static char name[] = DOMAIN_FIRST;
    static char *word[ARGUMENTS_MAX + 2] = {name};
    unsigned count = 1;
    char *rest = copy;

    memcpy(copy, user->words, sizeof(copy) - 1);
    while (count <= ARGUMENTS_MAX && *rest != 0) {
        word[count++] = rest;
        rest += strlen(rest) + 1;
    }
    word[count] = NULL;
    return word;
}

static char **
first_environment(const struct domain_user *user)
{
    static char path[] = "PATH=/bin";
    static char home[sizeof("HOME=") + sizeof(user->home)];
    static char name[sizeof("USER=") + sizeof(user->name)];
    static char *environment[] = {path, NULL, NULL, NULL};

    if (user != NULL) {
        snprintf(home, sizeof(home), "HOME=%s", user->home);
        snprintf(name, sizeof(name), "USER=%s", user->name);
        environment[1] = home;
        environment[2] = name;
    }
    return environment;
}

/* The directory of a user, in a tree that has none, and who all processes here
   are. */
static int64_t
user_begin(const struct domain_user *user)
{
    int64_t error = tree_mkdir("/home", 0755);

    if (error == 0 || error == -EEXIST) {
        error = tree_mkdir(user->home, 0700);
    }
    if (error == 0) {
        error = tree_chown(user->home, (uid_t)user->uid, (gid_t)user->gid, 1);
    }
    SHARED_OF->files.uid = user->uid;
    SHARED_OF->files.gid = user->gid;
    return error == -EEXIST ? 0 : error;
}

/* Process 1, on the stack that the kernel gave the env. */
_Noreturn void
posix_first(const struct domain *domain)
{
    const void *bytes;
    size_t size;
    int64_t error;

    exo_root = domain->root;
    exo_id = domain->id;
    exo_uarea = domain->uarea;
    exo_archive = domain->archive;
    exo_archive_size = domain->archive_size;
    exo_map_window = domain->window;
    domain_user = domain->user;
    exo_cap = POSIX_CAP_OWN;
    image_upcalls();
    exo_tls_init(__tls_base);
    SHARED_OF->version = POSIX_SHARED_VERSION;
    SHARED_OF->size = sizeof(struct posix_shared);
    SHARED_OF->cache_pages = POSIX_CACHE_SIZE / FRAME_SIZE;
    memory_begin();
    process_begin();
    signal_begin();
    terminal_begin();
    error = tree_begin();
    if (error == 0 && domain_user != NULL) {
        error = user_begin(domain_user);
    }
    if (error < 0) {
        first_failed("file system", error);
    }
    error = exo_archive_find(exo_archive, exo_archive_size, DOMAIN_FIRST,
                             &bytes, &size);
    if (error == 0) {
        struct exec_file file = {bytes, -1, size};
        struct exec_words words = {
            .rest =
                domain_user == NULL ? boot_words() : user_words(domain_user),
            .environment = first_environment(domain_user)};

        posix_hold();
        error = exec_replace(&file, &words, DOMAIN_FIRST);
    }
    first_failed(DOMAIN_FIRST, error);
}
