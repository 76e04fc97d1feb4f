/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_PAGER_H
#define CHITIN_LIB_EXO_PAGER_H
/*
 * Virtual memory whose frames may be revoked while a program uses it. A page
 * of a region gets a frame when it is touched, and is one of these:
 *
 *     absent --touched--> clean --first store--> kept
 *        ^------------------'
 *
 *   clean  what the region's `fill` made and nobody changed. Mapped without W;
 *          expendable; the first to be given back when frames are asked for.
 *   kept   what cannot be made again. Its frame has a save place, another frame
 *          (frame_mark): when one is taken the page goes on in the other.
 *
 * So a kept page costs two frames. It is lost if both are taken before the
 * program's handlers have run again. EXO_PAGER_SPARES frames more, expendable
 * too, are held in reserve: as many and all clean pages go before any other
 * when frames are taken by count. Who asks for more at once, or for a page and
 * its place by name, ends the program (exo_pager_lost).
 *
 * Page tables are made again where a page is touched. The few pages that none
 * of this can do without are guaranteed: what program.ld calls resident, a
 * stack for the handlers, and the page tables of both.
 *
 * Resident is what stands in a source file whose name ends in _resident.c, with
 * the constants that the compiler puts elsewhere. Functions of the C library
 * are not; those of page.h are.
 *
 * For programs of one hart that the pager's handlers interrupt. From begin on
 * map.h and the heap of lib/exo, which look at page tables, are not for use,
 * but for address spaces of 1 GiB that have no region; `sbrk` is the program's
 * to define, on a region.
 */
#include "lib/exo/exo.h"
#include "lib/exo/map.h"

#define EXO_PAGER_PAGES 512 /* in all regions */
#define EXO_PAGER_REGIONS 8
#define EXO_PAGER_SPARES 24

/* Where the pager has its own pages, in the address space of the U-area. */
#define EXO_PAGER_VIEW (FIRST_UAREA - 0x6000) /* two */
#define EXO_PAGER_STACK (FIRST_UAREA - 0x3000)

/* Makes the contents of a page, which holds anything, for the page at
   `address`. It runs in the handler: it must be resident, as all that it calls
   and reads must, and make the same each time. */
typedef void exo_pager_fill(void *context, uint64_t address, void *page);

/* Zeroes, for one. */
exo_pager_fill exo_pager_zero;

/* Adds a region, before begin: `bits` as in map.h. Pages that are there already
   are kept as they are; without `fill` all must be. -ENOSPC. */
int64_t exo_pager_region(uint64_t address, uint64_t pages, uint64_t bits,
                         exo_pager_fill *fill, void *context);

/*
 * Adds the program's text, data and stack as regions without `fill`, and takes
 * over: exceptions and events are the pager's first. Faults that it has no
 * answer to, and other events, go to the handlers that were set before, which
 * must be resident. Frames are taken under exo_cap, which must have control
 * over this env.
 *
 * Before anybody revokes: -EBUSY if frames are being asked for. -ENOMEM,
 * -EDQUOT; -ENOENT if a page without `fill` is not there; -EPERM if a page of a
 * region is not this env's. On an error nothing is usable but exit.
 */
int64_t exo_pager_begin(void);

/* How many clean pages there may be at once; others make room. */
extern uint64_t exo_pager_clean_max;

/* Called, in the handler, when a kept page is lost; if it returns, the page is
   made by `fill` when it is touched again. The default traps, which ends the
   env. */
extern void (*exo_pager_lost)(uint64_t address);

struct exo_pager_counts {
    uint64_t filled;   /* pages made by `fill` */
    uint64_t answered; /* requests that were met */
    uint64_t given;    /* frames, to meet them */
    uint64_t repaired; /* kept pages that went on in their place */
    uint64_t dropped;  /* clean pages that were taken */
    uint64_t spent;    /* places and spare frames that were taken */
    uint64_t tables;   /* page tables that were */
};
extern struct exo_pager_counts exo_pager_counts;

#endif
