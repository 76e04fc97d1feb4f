/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_DOMAIN_H
#define CHITIN_LIB_POSIX_DOMAIN_H
/*
 * What the program that makes a domain (domain.c) tells the image, which it has
 * put where layout.h says, when it enters it at posix_entry. From then on the
 * env is process 1: it runs the file DOMAIN_FIRST of its archive.
 */
#include <stddef.h>
#include <stdint.h>

#define DOMAIN_PROGRAM "init"
#define DOMAIN_IMAGE "libos"
#define DOMAIN_FIRST "sbin/init"

/*
 * The first domain is the system's, and its user's is 0. The domain of another
 * user is made by the same program, in an env that the first process has
 * started: it has that user's name and no other, finds the image's text at
 * DOMAIN_VIEW, as far behind as it lies behind LIBOS_TEXT, the archive where
 * the first env has it, and this page, which it may write. Whoever reads it in
 * the first domain believes nothing of it.
 */
#define DOMAIN_VIEW 0x3f90000000
#define DOMAIN_USER 0x3fbfffa000
#define DOMAIN_WORDS 512
#define DOMAIN_ENDED 256 /* in `ended`, with the status */

struct domain_user {
    uint64_t archive;
    uint64_t archive_size;
    uint32_t uid;
    uint32_t gid;
    uint32_t ended;
    uint32_t end;       /* the domain is wanted to end */
    uint32_t disk_type; /* of file systems on the disk; 0: there is none */
    char name[32];
    char home[64];
    char words[DOMAIN_WORDS]; /* each with a zero; behind the last, an empty */
};

/* The page, in the domain of a user; NULL in the first. */
extern struct domain_user *domain_user;

struct domain {
    uint64_t root;
    uint64_t id;
    struct uarea *uarea;
    const void *archive;
    size_t archive_size;
    uint64_t window; /* exo_map_window */
    struct domain_user *user;
};

_Noreturn void posix_entry(const struct domain *domain);

#endif
