/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_FRAME_MODEL_H
#define CHITIN_TEST_FRAME_MODEL_H
/*
 * What the frame and page-table modules should do, in the plainest terms: an
 * array of pages, an array of entries for each table, a list of the links
 * between tables. Each function says what the real one must return, and if that
 * is a success, has done it. No list, no chain, no lock, no shadow contents.
 */
#include "machine.h"

#define MODEL_GUARDS 6 /* the last is nobody's */
#define MODEL_CAPS 8
#define MODEL_OWNERS 3

struct model_page {
    uint8_t type;
    uint8_t order;
    uint8_t guard; /* index */
    bool unscrubbed;
    bool breaking;
    bool clean;
    uint32_t owner; /* id */
    uint32_t maps;
    uint32_t pins;
    uint32_t shadow;
    uint32_t scrubbed;
    uint32_t used;
    uint64_t harts;
    pte_t *entry; /* of a table */
};

/* By page number. */
extern struct model_page *model_page;
extern uint64_t model_free;

/* Names, and capabilities made by the real module, of which the model only
   knows what they were made from. */
extern struct cap_name model_guard[MODEL_GUARDS];
extern struct cap_list model_caps;

void model_init(void);

/* Whether anything holds the head n. */
bool model_busy(ppn_t n);

/* The head of the frame that holds page n, or 0 if it is not RAM. */
ppn_t model_head(ppn_t n);

bool model_dominates(unsigned cap, unsigned guard);
bool model_right(unsigned cap, uint64_t right);

/* Accounts: that of the first owner, of the second, carved off it, and of the
   third, carved off the second's; then any that the test carves. */
#define MODEL_ACCOUNTS 12
struct model_account {
    bool open;
    unsigned parent;
    uint64_t limit[2];
    uint64_t used[2];
};
extern struct model_account model_account[MODEL_ACCOUNTS];
#define MODEL_OWNER(i) (11u * ((i) + 1))
struct model_account *model_account_of(uint32_t owner);
bool model_has_room(const struct model_account *a, unsigned kind,
                    uint64_t amount);
int model_carve(unsigned from, unsigned row, const uint64_t limit[2]);
int model_close(unsigned row, unsigned from);
int model_give(ppn_t n, uint32_t owner);

/* `taken` is what the real one took. */
int model_take(uint32_t owner, unsigned guard, uint64_t order, ppn_t wanted,
               ppn_t taken);
int model_return(ppn_t n);
int model_set_guard(ppn_t n, unsigned guard);
int model_scrub(ppn_t n);
int model_split(uint32_t owner, ppn_t n);
/* Of several frames that do not fit, which is found first is not said. */
#define MODEL_EITHER (-1000) /* -EINVAL or -EBUSY */
int model_join(uint32_t owner, ppn_t n);

int model_make(ppn_t table, ppn_t shadow, uint64_t level, uint32_t owner);
int model_unmake(ppn_t table);
/* A place is a table, an index and a capability, MODEL_CAPS for none. */
struct model_place {
    ppn_t table;
    uint64_t index;
    unsigned cap;
};
int model_insert(struct model_place place, uint64_t count, const pte_t *entry,
                 unsigned cap);
int model_link(struct model_place place, ppn_t below, unsigned cap);
int model_remove(struct model_place place, uint64_t count);
int model_protect(struct model_place place, uint64_t count, pte_t clear,
                  pte_t set, unsigned cap);
int model_copy(struct model_place from, struct model_place to, uint64_t count,
               pte_t keep, bool drop);
/* Takes out what the real ones have of frame n no longer; how many those are.
 */
unsigned model_sync(ppn_t n);
/* After the real one: which entries it broke first is its own affair. */
int model_break(ppn_t n, unsigned limit);

/* Harts of the roots that reach the table now. */
uint64_t model_harts(ppn_t table);

/* What the last call should have fenced, as the tables were before it. */
extern uint64_t model_fence;

/* The frames that it unmapped, one for each entry. */
extern ppn_t model_unmapped[PT_BATCH_MAX];
extern unsigned model_unmapped_count;

/* Compares a page's record, or all of it, with the model. */
void model_compare(ppn_t n);
void model_compare_all(void);

#endif
