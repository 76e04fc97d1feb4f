/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CODE_OBJECT_H
#define CHITIN_KERN_CODE_OBJECT_H
/*
 * Programs that envs, or the kernel itself, have had loaded: a table sized at
 * boot. What each kind of program gets, and how long it may run, is for its use
 * to say; to whom the result matters, too.
 *
 * Life of a row:
 *
 *     free --code_create--> LOADED --step--> VERIFYING --> COMPILING --> READY
 *       ^                     |                  |                         |
 *       |                     |                  '--> REFUSED              |
 *       '---------------------'--------code_destroy--'---------------------'
 *
 * To check and to compile is a job: code_step does a bounded part of it. While
 * somebody works on a row it is open, and nobody else does. Only what is READY
 * is run, by who holds it (code_hold): then it stays.
 *
 * Locks: none need be held, any but those of LOCK_LEAF may be. No function
 * waits but for the fences of the arena.
 */
#include <stdatomic.h>

#include "kern/account.h"
#include "kern/code/compile.h"

/* As many as half of the arena has pages, and as many for the kernel. */
#define CODE_OBJECTS_MAX 512

/* The owner of the kernel's own programs, which no account is charged for. */
#define CODE_KERNEL 0

enum code_state {
    CODE_NONE,
    CODE_LOADED,
    CODE_VERIFYING,
    CODE_COMPILING,
    CODE_READY,
    CODE_REFUSED
};

/* Programs of one kind: what they get; a helper's address for each row of the
   use, or NULL; and the fuel of a run, which bounds what it takes of the
   machine (kern/abi/code.h), but for some 100 instructions to enter and leave.
   A program whose first function alone costs more is refused as
   CODE_FAULT_SLOW. */
struct code_kind {
    struct code_use use;
    const uint64_t *helpers;
    uint32_t fuel;
};

struct code_object {
    uint64_t id; /* generation times CODE_OBJECTS_MAX, plus the index */
    const struct code_kind *kind;
    code_entry entry; /* READY: constant */
    uint32_t fuel;    /* likewise: what a run has for loops and calls */
    uint32_t owner;   /* an env's id, or CODE_KERNEL */
    uint32_t account; /* which is charged; 0: none */
    uint32_t count;   /* instructions of the program */
    uint32_t fault;   /* REFUSED: why, enum code_fault, and where */
    uint32_t fault_at;
    _Atomic uint32_t users; /* who hold it */
    uint16_t work;          /* pages of the job: the program, then the rest */
    uint16_t work_pages;
    uint16_t output; /* pages of what was compiled */
    uint16_t output_pages;
    uint8_t state; /* enum code_state */
    bool open;     /* somebody works on it */
    bool ending;   /* nobody holds it anew */
};

/* Takes a row and room for `count` instructions, 1 to CODE_INSTRUCTIONS_MAX,
   charged to `account`, and returns the row open. The caller writes them to
   code_program() before the first step. NULL, and in *error -ENOSPC (rows, or
   the arena), -EDQUOT. */
struct code_object *code_create(uint32_t owner, uint32_t account,
                                const struct code_kind *kind, uint32_t count,
                                int *error);
struct code_instruction *code_program(const struct code_object *o);

/* Opens the row of that id if it is the owner's. NULL, and in *error -ENOENT,
   or -EAGAIN while another hart has it open. */
struct code_object *code_open(uint64_t id, uint32_t owner, int *error);
void code_close(struct code_object *o);

/* Goes on with an open row, for some `budget` instructions and at most 3,500
   more. 0 when it is READY; -EAGAIN while there is more; -EINVAL: REFUSED;
   -ENOSPC or -EDQUOT while there is no room for what was compiled. */
int code_step(struct code_object *o, uint64_t budget);

/* Takes an open row for its end: nobody holds it anew. */
void code_end(struct code_object *o);

/* Gives back all that an open row has, and the row. Nobody holds it. */
void code_destroy(struct code_object *o);

/* Destroys one of the programs of an env that no hart runs any more; whether
   there may be others. */
bool code_end_one(uint32_t owner);

/* Keeps a READY program of that kind from being destroyed. NULL, and in *error
   -ENOENT, -EINVAL if it is of another kind or REFUSED, -EAGAIN if it is not
   ready. */
struct code_object *code_hold(uint64_t id, uint32_t owner,
                              const struct code_kind *kind, int *error);

/* The opposite. Release: what was read of it has been read. */
static inline void
code_unhold(struct code_object *o)
{
    atomic_fetch_sub_explicit(&o->users, 1, memory_order_release);
}

#endif
