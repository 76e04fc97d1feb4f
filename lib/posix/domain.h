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

#define DOMAIN_IMAGE "libos"
#define DOMAIN_FIRST "sbin/init"

struct domain {
    uint64_t root;
    uint64_t id;
    struct uarea *uarea;
    const void *archive;
    size_t archive_size;
    uint64_t window; /* exo_map_window */
};

_Noreturn void posix_entry(const struct domain *domain);

#endif
