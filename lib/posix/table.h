/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_TABLE_H
#define CHITIN_LIB_POSIX_TABLE_H
/*
 * The page tables of what is private to the process: which there are, and a
 * look at their entries. This book is kept beside them, because to find a table
 * by going down from the root costs as much as what is then done with it.
 *
 * Private pages are mapped with `heir`, and with PTE_MAY_WRITE where the
 * process may write: if W is missing there, the page is to be copied at the
 * first store. The bit is D, of which the hardware makes nothing without W, and
 * pt_copy keeps it.
 *
 *     POSIX_VIEWS + 4096 * n     n < TABLE_VIEWS: tables, read-only
 *     TABLE_SCRATCH + 4096 * n   n < TABLE_SCRATCHES: pages that are filled
 *
 * All of it is resident: the handler of faults calls it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/posix/layout.h"

#define PAGE ((uint64_t)4096)
#define PTE_W ((uint64_t)1 << 2)
#define PTE_X ((uint64_t)1 << 3)
#define PTE_LEAF ((uint64_t)0x0e)
#define PTE_A ((uint64_t)1 << 6)
#define PTE_MAY_WRITE ((uint64_t)1 << 7)
#define PTE_HEIR ((uint64_t)1 << 8)
#define PTE_FRAME(entry) ((entry) << 10 >> 20)

#define TABLE_VIEWS 8 /* the upper half is the handler's of faults */
#define TABLE_SCRATCH (POSIX_VIEWS + TABLE_VIEWS * PAGE)
#define TABLE_SCRATCHES 7 /* and so is the last of these */
#define TABLES_MAX 192    /* of small pages: 384 MiB, if it is dense */
#define MIDDLES_MAX 16    /* of the level above: each GiB with something */
#define TABLE_GROUP 64    /* entries of a table that are copied in one step */

#define REGION_SHIFT 21 /* what one table maps */
#define TABLE_SPAN ((uint64_t)1 << REGION_SHIFT)
#define GROUP_SPAN (TABLE_GROUP * PAGE)

struct table_book {
    uint32_t root;
    uint32_t common; /* the table of what all processes have, below the root */
    uint32_t tables;
    uint32_t region[TABLES_MAX];  /* address >> REGION_SHIFT */
    uint32_t number[TABLES_MAX];  /* of the table */
    uint8_t groups[TABLES_MAX];   /* of its entries: those that may be set */
    uint8_t shared[TABLES_MAX];   /* has pages of shared mappings */
    uint16_t viewed[TABLE_VIEWS]; /* 1 + the table that is seen there */
    uint32_t middle[MIDDLES_MAX];
    uint16_t middle_gib[MIDDLES_MAX];
    uint16_t middles;
    uint16_t last; /* the table that was found last */
};
extern struct table_book table_book;

#define TABLE_NONE (-1)

/* Enters what this env has mapped, which lib/exo has made. */
void table_begin(void);

/* The table for an address, as an index into the book; TABLE_NONE. */
int table_find(uint64_t address);

/* The same, made if there is none: or the negative of a kernel's error. */
int table_make(uint64_t address);

/* The entry for an address in that table, or 0. Holds until another table is
   looked at. */
uint64_t table_entry(int table, uint64_t address);

/* One page is mapped where nothing is, or unmapped. 0, or an error. */
int64_t table_set(int table, uint64_t address, uint64_t frame, uint64_t bits);
/* The same for a page of the cache, which stays its owner's. */
int64_t table_set_cached(int table, uint64_t address, uint64_t frame,
                         uint64_t bits);
int64_t table_clear(int table, uint64_t address, uint64_t count);

/* Clears, then sets bits of pages of one table. */
int64_t table_protect(int table, uint64_t address, uint64_t count,
                      uint64_t clear, uint64_t set);

/* Maps frames of the caller's to be written, at TABLE_SCRATCH or for the
   handler of faults one behind all others; and no more. Where, or the negative
   of an error. */
int64_t table_scratch(uint64_t cap, const uint64_t *frame, unsigned count);
void table_scratch_end(unsigned count);

/* Whether the handler of faults runs; only that changes it. */
extern bool table_faulting;

/* A table that is empty is given back. */
void table_drop(uint64_t table);

/* A table of a level, under a capability: its number. */
int64_t table_new(uint64_t cap, unsigned level);

/* Frames that a process keeps for when there are no others: the first one must
   not end for want of memory, for who gets memory for all is part of it. Filled
   when there is memory; those of its children are empty. */
#define PAGE_RESERVE 32
struct page_reserve {
    uint32_t count;
    uint32_t frame[PAGE_RESERVE];
};
extern struct page_reserve page_reserve;
void page_reserve_fill(void);

/* A frame that can be mapped, under a capability. *clean: it is all zero. */
int64_t page_new(uint64_t cap, bool *clean);

static inline unsigned
table_index(uint64_t address)
{
    return (unsigned)(address >> 12) & 511;
}

#endif
