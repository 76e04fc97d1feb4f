/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_FRAME_THREADS_TLB_H
#define CHITIN_TEST_FRAME_THREADS_TLB_H
/*
 * The translations that the harts of frame_threads.c remember: included there
 * only.
 */
#include "kern/frame.h"
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "kern/abi/types.h"

#define HARTS 4

/* What a hart remembers of its walks: leaves, and tables on the way. */
#define TLB_ENTRIES 64
static struct tlb {
    pthread_mutex_t lock;
    unsigned next;
    struct {
        ppn_t n;
        uint64_t pages;
    } entry[TLB_ENTRIES];
} tlbs[HARTS];

static void
tlb_clear(unsigned hart)
{
    (void)pthread_mutex_lock(&tlbs[hart].lock);
    memset(tlbs[hart].entry, 0, sizeof(tlbs[hart].entry));
    (void)pthread_mutex_unlock(&tlbs[hart].lock);
}

static void
tlb_add(struct tlb *tlb, ppn_t n, uint64_t pages)
{
    tlb->entry[tlb->next].n = n;
    tlb->entry[tlb->next].pages = pages;
    tlb->next = (tlb->next + 1) % TLB_ENTRIES;
}

static void
tlb_check(ppn_t n, uint64_t pages)
{
    for (unsigned i = 0; i < HARTS; i++) {
        (void)pthread_mutex_lock(&tlbs[i].lock);
        for (unsigned j = 0; j < TLB_ENTRIES; j++) {
            ppn_t first = tlbs[i].entry[j].n;

            CHECK(first == 0 || first + tlbs[i].entry[j].pages <= n ||
                  n + pages <= first);
        }
        (void)pthread_mutex_unlock(&tlbs[i].lock);
    }
}

/* Whose a frame is at the moment; 0 of one that is free, whose record is not
   its lock's. */
static inline uint32_t
whose(struct frame *f)
{
    uint32_t owner = 0;

    frame_lock(f);
    if (frame_type(f) >= FRAME_DATA) {
        owner = f->owner;
    }
    frame_unlock(f);
    return owner;
}

#endif
