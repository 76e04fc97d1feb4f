/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_MACHINE_H
#define CHITIN_TEST_MACHINE_H
/*
 * A machine for the modules that work on frames and page tables: memory behind
 * test/host/machine/kern/physical.h, and a walker that checks what must hold of
 * all records, lists, chains and tables whenever no call is going on.
 */
#include "kern/frame.h"
#include "kern/pt.h"

/* A run of RAM; both multiples of 64, so that records of what is not RAM lie in
   pages of their own and cannot be written. */
struct machine_bank {
    ppn_t first;
    ppn_t end;
};

/* An owner: an env as far as frames are concerned. */
struct machine_owner {
    uint32_t id;
    struct frame_list list;
    bool dead;
};

/* Those that kern/pt_release.c may find; set by the test. */
extern struct machine_owner *machine_owners;
extern unsigned machine_owner_count;

/* Makes the memory and gives all of it to the free lists. Once per program. */
void machine_init(const struct machine_bank *banks, unsigned count);

/* Ends the test if an invariant does not hold. `fences` says that every fence
   that was owed is done, so that maps are as many as links. */
void machine_check(const struct machine_owner *owners, unsigned count,
                   bool fences);

/* Pages that no account says are in use. Needs the lock of the lists. */
uint64_t machine_free(void);

/* The pages that are RAM, in ascending order. */
extern ppn_t *machine_pages;
extern unsigned machine_page_count;

/* What vm_copy_kernel_half writes to entry `index` of a root. */
pte_t machine_kernel_entry(unsigned index);

#endif
