/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_MANAGER_MANAGER_H
#define CHITIN_LIB_MANAGER_MANAGER_H
/*
 * The resource manager: watches one account, and when it runs short of frames
 * asks the envs that are charged to it to free some. How it is done is here
 * (manager.c); from whom how much, and by when, a policy says, a function that
 * sees numbers and gives numbers (policy_share.c is one).
 *
 *     WATCHING --free < low--> COUNTING --all records seen--> the policy
 *         ^                                                       |
 *         '---every request met, or taken--- SETTLING <--revoke---'
 *
 * The program that has a manager calls manager_step from its event loop. A step
 * is short, and waits for nothing.
 */
#include "kern/abi/information.h"

/* Of `time` in ten milliseconds on the boards there are; what a manager begins
   with, to be changed if it does not suit. */
#define MANAGER_PERIOD 100000u
#define MANAGER_TICKS (20 * MANAGER_PERIOD)
#define MANAGER_FLOOR 64u
#define MANAGER_SLICE 4096u

/* An env, as a policy sees it. */
struct manager_env {
    uint32_t id;
    unsigned late;   /* how many requests in a row it has let pass */
    uint64_t frames; /* that it owned when it was counted, in pages */
    uint64_t floor;  /* that it is guaranteed */
    uint64_t asked;  /* of it the last time */
};

/* What a policy sees. Numbers of frames are below 2^31. */
struct manager_view {
    uint64_t free; /* what the account has left */
    uint64_t low;  /* it is called below this, */
    uint64_t high; /* and wanted is this */
    uint64_t ticks;
    unsigned count;
    struct manager_env env[ENVS_MAX];
};

/* What a policy wants of one env. */
struct manager_request {
    uint64_t count; /* frames; 0: nothing */
    uint64_t ticks; /* the time that it has for that */
    bool end;       /* it is given up: to be destroyed */
};

/* Fills request[i], which is all zero, for env[i]. */
typedef void manager_policy(const struct manager_view *view,
                            struct manager_request *request);

/* From each in proportion to what it owns above its floor. */
manager_policy policy_share;

/* From the second request in a row that was let pass, an env has a quarter of
   the time; from this one on it is given up. */
#define POLICY_LATE_SHORT 2
#define POLICY_LATE_END 4

enum manager_phase { MANAGER_WATCHING, MANAGER_COUNTING, MANAGER_SETTLING };

/* What is known of an env between two steps. */
struct manager_row {
    struct manager_env env;
    uint64_t deadline;
    uint64_t notice; /* not met by then: late */
    bool open;       /* asked, and not settled */
    bool missed;     /* was seen not to be met at its notice */
    bool end;
};

struct manager {
    /* The program's, to be set before a step. */
    manager_policy *policy;
    uint64_t cap;    /* with control over the envs */
    uint32_t self;   /* the env that is asked for nothing */
    unsigned slice;  /* records that one step looks at */
    uint64_t low;    /* frames: what is short, */
    uint64_t high;   /* and what is enough */
    uint64_t floor;  /* of envs that have none of their own */
    uint64_t ticks;  /* what the policy may give, */
    uint64_t period; /* and what lies between two steps */

    /* To be read. */
    enum manager_phase phase;
    uint32_t account;
    uint64_t rounds; /* how often the policy was asked */
    uint64_t ended;  /* how many envs it gave up */
    struct manager_view view;
    struct manager_row row[ENVS_MAX]; /* by the index in the id */

    /* Its own. */
    uint64_t rest;  /* till then nobody has anything to give */
    uint64_t next;  /* the record that is looked at next */
    uint64_t first; /* of those of RAM, and the one behind the last; */
    uint64_t end;   /* 0: not known yet */
    uint64_t seen;  /* how many records of RAM, until that is known */
    struct manager_request request[ENVS_MAX];
};

/* Begins to watch an account: with policy_share, capability 0, marks at a 16th
   and an 8th of the account's limit. */
void manager_init(struct manager *m, uint32_t self, uint32_t account);

/* Guarantees a live env so many frames; -ESRCH. */
int manager_floor_set(struct manager *m, uint32_t id, uint64_t frames);

/* What the account has left. */
uint64_t manager_free(const struct manager *m);

/* A step. When to make the next, at the latest: `now` or before, if there is
   more to do at once. */
uint64_t manager_step(struct manager *m, uint64_t now);

#endif
