/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_BENCH_PAGER_H
#define CHITIN_BENCH_PAGER_H
/* What the pagers of paging.S know: words of bench_pager. The own words of the
   U-area would be nearer, but they are lib/exo's. */
#define PAGER_TABLE 0 /* the page table of the window */
#define PAGER_FRAME 1 /* a frame that is clean, and in no use */
#define PAGER_ALLOC 2 /* numbers of calls */
#define PAGER_SCRUB 3
#define PAGER_MAP 4
#define PAGER_PROTECT 5
#define PAGER_VALUE 6 /* the fault address that bench_trap_handler saw */
#define PAGER_UAREA 7
#define PAGER_SAVED 8 /* 13 registers */
#define PAGER_WORDS 21
#endif
