/* SPDX-License-Identifier: MIT */
/*
 * The first program of a domain, and of the first env: makes the domain. Maps
 * the image of the libOS from the archive, its text once for all processes, and
 * what they share; then goes into the image and is no more. Other users'
 * domains have the text from the first one.
 *
 * Text and pristine data have a name that no process can write: only through
 * the page tables made here can they be seen, and only be read.
 */
#include "lib/posix/domain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/abi/cap.h"
#include "lib/exo/archive.h"
#include "lib/exo/elf.h"
#include "lib/exo/exo.h"
#include "lib/exo/map.h"
#include "lib/posix/shared.h"

#define PAGE ((uint64_t)FRAME_SIZE)
#define TABLE_SPAN (512 * PAGE)
#define BATCH 64
#define CAP_EMPTY 0

/* The part that all processes have: a root of its own, for lib/exo to work on,
   whose tables are then linked into this env's. */
static struct exo_map shared;

static struct domain_user *user; /* or NULL: the system's */

static _Noreturn void
die(const char *what, int64_t error)
{
    printf("domain: %s: error %ld\n", what, error);
    exit(EXIT_FAILURE);
}

static void
check(const char *what, int64_t error)
{
    if (error < 0) {
        die(what, error);
    }
}

static uint64_t
pages_of(uint64_t bytes)
{
    return (bytes + PAGE - 1) / PAGE;
}

/* Maps cleared pages of `cap` from `address` on. */
static void
pages_make(const struct exo_map *map, uint64_t address, uint64_t pages,
           uint64_t cap)
{
    uint64_t frame[BATCH];

    while (pages > 0) {
        struct exo_range range = {address, 0, 0};

        while (range.count < pages && range.count < BATCH) {
            int64_t number = exo_frame_alloc(cap, 0);

            check("no memory", number);
            frame[range.count++] = (uint64_t)number;
        }
        check("map", exo_map_insert(map, &range, cap, frame, EXO_W));
        address += range.count * PAGE;
        pages -= range.count;
    }
}

static int64_t
middle_visit(void *context, const struct exo_entry *e)
{
    if (e->level == 2) {
        *(uint64_t *)context = e->entry >> 10;
    }
    return 0;
}

/* One entry of this env's root shows what is shared, from here on. */
static void
shared_link(void)
{
    uint64_t middle = 0;

    check("the shared tables", exo_map_visit(&shared, middle_visit, &middle));
    check("the shared tables",
          sys_pt_link(POSIX_CAP_OWN | POSIX_CAP_SHARED << 8, exo_root,
                      LIBOS_TEXT >> 30, middle));
}

static void
cap_make(uint64_t from, uint64_t to, uint64_t component, uint64_t rights)
{
    check("capabilities", sys_cap_derive(from, to, component, rights));
}

/* In the domain of a user POSIX_CAP_OWN is the user's name, and who started it
   has given what is not below that. */
static void
caps_make(void)
{
    if (user == NULL) {
        cap_make(CAP_EMPTY, POSIX_CAP_OWN, 0, CAP_RIGHTS_ALL);
        cap_make(CAP_EMPTY, POSIX_CAP_DOMAIN, POSIX_NAME_DOMAIN,
                 CAP_RIGHTS_ALL);
        cap_make(CAP_EMPTY, POSIX_CAP_CONSOLE, CAP_CONSOLE,
                 CAP_READ | CAP_WRITE | CAP_PASS);
    } else {
        cap_make(POSIX_CAP_OWN, POSIX_CAP_DOMAIN, 0, CAP_RIGHTS_ALL);
    }
    cap_make(POSIX_CAP_DOMAIN, POSIX_CAP_SHARED, POSIX_NAME_SHARED,
             CAP_RIGHTS_ALL);
}

/* Fills pages that were made writable, and makes them what they are to be. */
static void
pages_fill(uint64_t address, const unsigned char *bytes, uint64_t size,
           uint64_t bits)
{
    memcpy((void *)address, bytes, size);
    check("protect", exo_map_protect(&shared, address, pages_of(size) * PAGE,
                                     POSIX_CAP_DOMAIN, EXO_W, bits));
}

/* What all may only read of the image: made of the file, or seen already, in
   pages of the system's. */
static void
readable_make(uint64_t address, const unsigned char *bytes, uint64_t size,
              uint64_t bits)
{
    struct exo_map own = exo_map_own();
    struct exo_range range = {address - LIBOS_TEXT + DOMAIN_VIEW,
                              pages_of(size), 0};

    if (user == NULL) {
        pages_make(&shared, address, pages_of(size), POSIX_CAP_DOMAIN);
        pages_fill(address, bytes, size, bits);
        return;
    }
    check("the image",
          exo_map_copy(&own, &range, &shared, address, bits | EXO_AD));
    check("the image", exo_map_remove(&own, range.address, range.count * PAGE));
}

/* The image; its entry. */
static uint64_t
image_load(void)
{
    struct exo_map own = exo_map_own();
    struct exo_segment segment;
    const void *file;
    size_t size;
    uint64_t entry;

    check("the archive has no file " DOMAIN_IMAGE,
          exo_archive_find(exo_archive, exo_archive_size, DOMAIN_IMAGE, &file,
                           &size));
    check(DOMAIN_IMAGE " is no program", exo_elf_check(file, size, &entry));
    for (unsigned i = 0; exo_elf_segment(file, i, &segment); i++) {
        const unsigned char *bytes = (const unsigned char *)file;

        bytes += segment.offset;
        if (segment.address == LIBOS_DATA) {
            pages_make(&own, LIBOS_DATA, pages_of(segment.memory_size),
                       POSIX_CAP_OWN);
            memset((void *)LIBOS_DATA, 0, pages_of(segment.memory_size) * PAGE);
            memcpy((void *)LIBOS_DATA, bytes, segment.file_size);
            readable_make(LIBOS_PRISTINE, bytes, segment.file_size, 0);
        } else if (segment.address == LIBOS_TEXT) {
            readable_make(LIBOS_TEXT, bytes, segment.file_size, EXO_X);
        } else {
            die(DOMAIN_IMAGE " is linked for another layout", -EINVAL);
        }
    }
    exo_code_fence();
    return entry;
}

/* Page tables for what POSIX_CACHE shows. One stays when the page is gone for
   whose sake it was made. */
static void
cache_make(void)
{
    int64_t frame = exo_frame_alloc(POSIX_CAP_SHARED, 0);
    uint64_t number = (uint64_t)frame;

    check("no memory", frame);
    for (uint64_t done = 0; done < POSIX_CACHE_SIZE; done += TABLE_SPAN) {
        struct exo_range range = {POSIX_CACHE + done, 1, 0};

        check("the cache's tables",
              exo_map_insert(&shared, &range, POSIX_CAP_SHARED, &number, 0));
        check("the cache's tables",
              exo_map_remove(&shared, range.address, PAGE));
    }
    check("the cache's tables", exo_frame_free(number));
}

int
main(void)
{
    struct domain domain;
    void (*enter)(const struct domain *);
    uint64_t entry;

    user = (struct domain_user *)exo_argument;
    if (user != NULL) {
        exo_archive = (const void *)user->archive;
        exo_archive_size = user->archive_size;
    }
    domain = (struct domain){exo_root,         exo_id, exo_uarea, exo_archive,
                             exo_archive_size, 0,      user};
    caps_make();
    check("the shared tables", exo_map_new(&shared, POSIX_CAP_SHARED));
    pages_make(&shared, POSIX_SHARED, pages_of(sizeof(struct posix_shared)),
               POSIX_CAP_SHARED);
    shared_link();
    memset((void *)POSIX_SHARED, 0, sizeof(struct posix_shared));
    entry = image_load();
    cache_make();
    exo_map_forget();
    domain.window = exo_map_window;
    if (user != NULL) {
        check("capabilities", sys_cap_drop(CAP_EMPTY)); /* lib/exo's console */
    }
    memcpy(&enter, &entry, sizeof(enter));
    enter(&domain);
}
