/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_LAYOUT_H
#define CHITIN_LIB_POSIX_LAYOUT_H
/*
 * The address space of a process, and what its capability list holds.
 *
 *   0x00_002e0000  POSIX_STACK_BOTTOM: the stack may grow down to here
 *   0x00_00ae0000  POSIX_STACK_TOP
 *   0x00_00ae0000  POSIX_VIEWS: page tables, and pages to be filled (table.h)
 *   0x00_00aef000  POSIX_UAREA
 *   0x00_00b00000  LIBOS_DATA: the data of the libOS, private
 *   0x00_00b40000  POSIX_PROGRAM: text, data; behind that the heap, which sbrk
 *                  moves, up to LIBOS_DATA_END
 *   0x00_40000000  LIBOS_TEXT: text of the libOS, read-only
 *   0x00_48000000  LIBOS_PRISTINE: its data as it is at first
 *   0x00_50000000  POSIX_SHARED: struct posix_shared
 *   0x00_60000000  POSIX_CACHE: blocks of the disk
 *   0x00_80000000  what mmap gives, up to POSIX_MAP_END
 *   0x3f_40000000  EXO_WINDOW
 *   0x3f_80000000  of the first process only: what the kernel gave it
 *
 * What is private lies close together, so that a small process has one page
 * table for it, at 0xa00000: page tables are half of what fork costs.
 *
 * What is between LIBOS_TEXT and POSIX_SHARED_END is the same in all processes
 * of a domain: those of one user, on one libOS. It is made by the first of
 * them, which owns it and outlives all.
 */
#include "kern/abi/layout.h"

#define POSIX_STACK_TOP 0xae0000
#define POSIX_STACK_SIZE 0x800000 /* at most */
#define POSIX_STACK_BOTTOM (POSIX_STACK_TOP - POSIX_STACK_SIZE)
#define POSIX_VIEWS 0xae0000
#define POSIX_UAREA 0xaef000
#define POSIX_VIEWS_END 0xaf0000
#define LIBOS_DATA 0xb00000
#define POSIX_PROGRAM 0xb40000
#define LIBOS_DATA_END 0x40000000
#define LIBOS_TEXT 0x40000000
#define LIBOS_PRISTINE 0x48000000
#define POSIX_SHARED 0x50000000
#define POSIX_CACHE 0x60000000
#define POSIX_CACHE_SIZE 0x1200000 /* that there are page tables for */
#define POSIX_SHARED_END 0x80000000
#define POSIX_MAP 0x80000000
#define POSIX_MAP_END 0x3f00000000

/* Entries of the capability list of a process. */
#define POSIX_CAP_MACHINE 0 /* the empty name: the first process's alone */
#define POSIX_CAP_OWN 1     /* DOMAIN.serial, all rights: all that is private */
#define POSIX_CAP_DOMAIN 2  /* DOMAIN, with CAP_FRESH and CAP_PASS */
/* DOMAIN.SHARED, read, write, pass: what is shared, and the guard of files. */
#define POSIX_CAP_SHARED 3
/* The console, to write; the first process can read it, too. */
#define POSIX_CAP_CONSOLE 4
/* Of the first process of the first domain: programs without the libOS, and
   other users' domains. */
#define POSIX_CAP_PROGRAMS 5
#define POSIX_CAP_SESSIONS 6
/* From here on: one for each child, all rights. */
#define POSIX_CAP_CHILDREN 8

/* Components of names. DOMAIN is POSIX_NAME_DOMAIN + uid: a user has the same
   in all times, for it stands on disks: DOMAIN.SHARED is the guard of files. */
#define POSIX_NAME_DOMAIN 1
#define POSIX_NAME_SHARED 1
#define POSIX_UID_MAX 0x7ffd

/* The gate by which any process of the domain wakes another: for being
   notified, under DOMAIN.SHARED. */
#define POSIX_GATE_WAKE 1

#endif
