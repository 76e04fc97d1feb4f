/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_SWAP_H
#define CHITIN_LIB_POSIX_SWAP_H
/*
 * Where private pages of processes are while their frames are somebody else's:
 * blocks of the disk, the same for all processes of the domain. A place is a
 * block, and a row that says whose page is there:
 *
 *     FREE --swap_add--> whose --swap_write--> the block has the page
 *      ^                                            |
 *      '----- fault, swap_forget, its env's end ----'
 *
 * A page's place is one of SWAP_TRIES that follow from the env and the address,
 * so it is found without a table of the process's own, and pages that follow
 * each other lie so on the disk. Rows are taken in one step and have no lock:
 * only the holder changes the rest, and the row of an env that has ended is
 * free. So nothing is to be done for a process that is killed, wherever it is;
 * but a block that it was having written is taken when the device is done.
 *
 * Any process of the domain can read what is there, as it can all of the tree.
 */
#include <stdbool.h>
#include <stdint.h>

#define SWAP_PLACES 4096 /* at most; 16 MiB */
#define SWAP_TRIES 64
#define SWAP_BATCH 32 /* pages of one request */

struct swap_place {
    uint32_t holder;  /* env id; 0: none */
    uint32_t page;    /* address / 4096, above its rights */
    uint32_t writing; /* the frame that is being written; 0: none */
};

struct swap {
    uint64_t first; /* block of the disk */
    uint32_t count; /* of places; 0: there is no swap */
    uint32_t entry; /* of the registry: what owns the blocks */
    struct swap_place place[SWAP_PLACES];
};

/* Finds room on the disk, or goes without, as the domains of other users do: by
   the first process, when the tree is mounted. */
void swap_begin(void);

/* Pages that will be written together; the caller's, all zero at first. */
struct swap_batch {
    unsigned count;
    unsigned written; /* before these */
    uint32_t place;   /* of the first */
    int table[SWAP_BATCH];
    uint64_t address[SWAP_BATCH];
};

/* Both also in the handler of faults, if nothing is held: then nobody is in the
   middle of something with the page tables. */
/* Adds a private page of the process's that nobody else maps, with its entry in
   the page table; the batch may be written first. False: it stays. The caller
   sees to it that it does not change before it is written. */
bool swap_add(struct swap_batch *batch, int table, uint64_t address,
              uint64_t entry);

/* Writes the pages, and gives their frames back. Waits; what cannot be written
   stays. The batch is empty then. */
void swap_write(struct swap_batch *batch);

/* Brings a page back: 1, 0 if it is not there, or the negative of an error.
   Takes no lock, and nothing that the interrupted could be using; sleeps until
   the disk is done, but in a handler of events. Events are masked. */
int64_t swap_in(uint64_t address);

/* Gives the hart away for a while, for there was no frame, and others may be
   about to give some: false when that has gone on for too long, or if nobody
   can. *until is 0 at first. */
bool swap_wait(uint64_t *until);

/* All of them, before fork. */
int64_t swap_in_all(void);

/* Of a range: the pages are not needed any more; they get other rights, bits of
   lib/exo/map.h; whether there are any. */
void swap_forget(uint64_t from, uint64_t to);
void swap_protect(uint64_t from, uint64_t to, uint64_t clear, uint64_t set);
bool swap_used(uint64_t from, uint64_t to);

/* Of this process: how many pages are there, and by what it reads and writes
   them. Resident; those of a child are 0. */
struct swap_own {
    uint32_t pages;
    uint64_t binding;
    uint64_t cookie;
};
extern struct swap_own swap_own;

#endif
