/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_EXO_PAGER_BOOK_H
#define CHITIN_LIB_EXO_PAGER_BOOK_H
/*
 * What the files of the pager share. All of it is resident.
 *
 * Invariants, whenever the program runs:
 *
 *  - A frame stands in the book (page[], spare[], table[]) once. What the
 * kernel took stands there until its loss has been read: a new frame goes into
 * the book only after all losses that were told before have been read, so a
 * loss never means a frame that was got later.
 *  - A page is mapped to be written only if it is kept; its frame has then been
 *    marked with a place, but while a new place could not be had.
 *  - An entry of a page table is zero or leads to the page's frame.
 *
 * Losses are told at any time, for the kernel takes from another hart too: so
 * every call may fail because the frame is going. Then nothing is done, the
 * program touches the page again, and by then the loss is told.
 *
 * program.ld puts these files among what is resident as they are. No function
 * of the C library may be called, nor made of this by the compiler.
 */
#include "kern/abi/frame.h"
#include "lib/exo/pager.h"

#define PAGE ((uint64_t)FRAME_SIZE)
#define TABLES 16
#define SPAN(level) (PAGE << 9 * (level))
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

struct page {
    uint32_t frame; /* 0: absent */
    uint32_t place;
    bool kept;
};

struct region {
    uint64_t address;
    uint64_t end;
    uint64_t bits;
    exo_pager_fill *fill;
    void *context;
    struct page *page;
};

struct table {
    uint64_t address; /* of the first page below */
    uint32_t frame;   /* 0: none */
    uint16_t level;
    bool linked; /* into the table above */
};

struct pager {
    /* What the program was started with. */
    struct uarea *uarea;
    uint64_t cap;
    uint64_t id;
    uint64_t root;
    void (*exception_before)(struct uarea *uarea);
    void (*event_before)(struct uarea *uarea);

    unsigned regions;
    unsigned pages;
    unsigned spares;
    unsigned clean;  /* pages */
    unsigned hand;   /* the page after the clean one that was dropped last */
    bool unplaced;   /* a kept page may have no place */
    uint64_t losses; /* that were read */
    uint64_t missed;
    struct region region[EXO_PAGER_REGIONS];
    struct table table[TABLES];
    uint32_t spare[EXO_PAGER_SPARES];
    struct page page[EXO_PAGER_PAGES];
};
extern struct pager pager;

/* pager_book.c: frames that come and go. */

bool pager_mine(uint64_t frame);
struct region *pager_region_of(uint64_t address); /* or NULL */
uint64_t pager_address_of(const struct page *p);

/* Enters what was told, and takes it out of the book. */
void pager_losses_read(void);

/* Frees a frame, which it unmaps; false if it is going anyway. */
bool pager_frame_drop(uint64_t frame);

/* Drops the clean page that has been there for longest, or about so; whether
   there was one. */
bool pager_clean_drop(void);

/* Takes frames until there are as many spare ones as there should be, or no
   more are to be had. */
void pager_spares_fill(void);

/* A frame, expendable and no longer in the book; of a clean page if there is no
   other; or 0. */
uint64_t pager_spare_take(void);

/* pager_table.c: page tables, and frames that are looked at. */

/* sys_pt_map of one entry: 1, or an error. */
int64_t pager_entry_set(uint64_t table, uint64_t address, uint64_t frame,
                        uint64_t bits);

struct table *pager_table_find(uint64_t address, unsigned level);
struct table *pager_table_add(uint64_t address, unsigned level, uint64_t frame);

/* The page table of that level, made if there is none; NULL if it cannot be
   had now. */
struct table *pager_table_get(uint64_t address, unsigned level);

int64_t pager_views_begin(const struct exo_map *map);
void pager_double_fault(struct uarea *uarea);

/* Maps a frame to be written, in view 0 or 1, or NULL. If it goes meanwhile
   another page comes there. */
void *pager_view_open(unsigned view, uint64_t frame);

/* Closes both; whether what was seen and written is what it should be. */
bool pager_views_close(void);

/* pager.c: the handlers. */
void pager_exception(struct uarea *uarea);
void pager_event(struct uarea *uarea);

#endif
