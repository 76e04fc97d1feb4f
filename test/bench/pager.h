/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_BENCH_PAGER_H
#define CHITIN_BENCH_PAGER_H
/* What the pagers of paging.S find in the env's own words of the U-area; 0 is
   lib/exo's. */
#define PAGER_TABLE 1 /* the page table of the window */
#define PAGER_FRAME 2 /* a frame that is clean, and in no use */
#define PAGER_ALLOC 3 /* numbers of calls */
#define PAGER_SCRUB 4
#define PAGER_MAP 5
#define PAGER_PROTECT 6
#define PAGER_VALUE 7 /* the fault address that bench_trap_handler saw */
#define PAGER_SAVED 8 /* 13 registers */
#endif
