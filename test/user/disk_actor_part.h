/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_USER_DISK_ACTOR_PART_H
#define CHITIN_TEST_USER_DISK_ACTOR_PART_H
/* What the parts of an actor share. */
#include "kern/abi/error.h"
#include "test/user/child.h"
#include "test/user/disk_actor.h"

#define NUMBER(number, name, path, arguments, meaning) CALL_##name = (number),
enum { CALL_TABLE(NUMBER) };
#undef NUMBER

#define OWN ((uint64_t)CHILD_CAP_OWN)
#define R 0x02
#define W 0x04
#define AD 0xc0

/* Places of the window at SHARED. */
#define PLACE_IMAGE 40 /* two of them */
#define PLACE_DATA 42
#define PLACE_VIEW 43
#define PLACE_CACHE 44
#define PLACE(place) ((void *)(SHARED + (uint64_t)(place)*4096))

struct actor_node {
    uint64_t block; /* 0: none */
    uint32_t entry; /* REGISTRY_NONE: it has none yet */
    uint32_t type;
};

struct actor {
    struct uarea *uarea;
    volatile struct actor_row *row;
    uint64_t random;
    unsigned who;
    uint64_t image[2]; /* frames where proposals are made */
    uint64_t data;
    uint64_t give[2]; /* frames for the kernel to take */
    uint64_t kept;    /* a binding from some time ago, and its first block */
    uint64_t kept_first;
    struct actor_node node[ACTOR_NODES];
};

#define STUCK(a) ((a)->row->stuck++, (a)->row->line = __LINE__)

uint64_t actor_below(struct actor *a, uint64_t limit);

/* A call by its own name, until it is not -EAGAIN, as long as there is hope;
   and what it is told then, unless it failed. */
int64_t actor_call(struct actor *a, uint64_t number, uint64_t a0, uint64_t a1,
                   uint64_t a2, uint64_t a3, uint64_t a4);
int64_t actor_answer(struct actor *a, int64_t result);
int64_t actor_read(struct actor *a, uint64_t parent, uint64_t block,
                   uint64_t frame, uint64_t flags);

bool actor_map(struct actor *a, unsigned place, uint64_t frame, uint64_t bits);
void actor_unmap(struct actor *a, unsigned place);

/* A frame that the kernel may take: the same until it has. */
uint64_t actor_frame(struct actor *a, unsigned i);

/* Whether a node has bytes, and what they say. */
bool actor_has_image(const struct actor *a, unsigned i);
bool actor_load(struct actor *a, unsigned i, struct extents *set);

/* Makes the bytes of a proposal, and proposes them for up to two entries: the
   answer. */
void actor_encode(struct actor *a, unsigned place, unsigned type,
                  const struct extents *set);
int64_t actor_change(struct actor *a, unsigned count, const uint32_t *entry,
                     uint64_t claimed, uint64_t given);

/* One thing to do, of disk_actor_tree.c; all that has not been written;
   disk_actor_attack.c. */
void tree_claim(struct actor *a);
void tree_give(struct actor *a);
void tree_move(struct actor *a);
void tree_create(struct actor *a);
void tree_write(struct actor *a);
void data_write(struct actor *a);
void data_cache(struct actor *a);
void data_stale(struct actor *a);
void tree_settle(struct actor *a);
void attack(struct actor *a);

#endif
