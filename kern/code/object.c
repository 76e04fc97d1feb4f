/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 *
 *  - a row that is free is zero but for its id, whose generation grows with
 *    each use: no id is given out twice;
 *  - an open row is its opener's alone, all but `ending`, `users` and what is
 *    constant while the row is used: id, kind, owner, account;
 *  - what the job works on lies in the arena, which no env can reach: the copy
 *    of the program is what was verified, and what runs;
 *  - an account is charged for exactly the pages of its rows, of which each has
 *    one at least, refused ones too: so an account that has some pages cannot
 *    have all rows.
 *
 * The pages of the job hold the program, and from the next page on a struct job
 * and the notes. The output is taken when the compiler knows how long it is.
 */
#include "kern/code/object.h"

#include "kern/code/arena.h"
#include "kern/code/price.h"
#include "kern/csr.h"
#include "kern/frame.h"
#include "kern/panic.h"

/* The compiler's longest step, for which the verifier's are taken too. */
#define STEP_MAX 3500

struct job {
    struct code_verifier verifier;
    struct code_compiler compiler;
    struct code_note notes[];
};

static struct lock objects_lock = {.rank = LOCK_LEAF}; /* of who has a row */
static struct code_object objects[CODE_OBJECTS_MAX];
static _Atomic unsigned objects_seen; /* rows behind these were never used */

static unsigned
pages_of(uint64_t bytes)
{
    return (unsigned)((bytes + FRAME_SIZE - 1) / FRAME_SIZE);
}

static unsigned
program_pages(const struct code_object *o)
{
    return pages_of(o->count * sizeof(struct code_instruction));
}

struct code_instruction *
code_program(const struct code_object *o)
{
    ASSERT(o->open && o->work_pages > 0);
    return arena_address(o->work);
}

static struct job *
job_of(const struct code_object *o)
{
    return arena_address(o->work + program_pages(o));
}

/* Takes pages and charges the row's account: the first page, -ENOSPC or
   -EDQUOT. */
static int
pages_take(const struct code_object *o, unsigned count)
{
    int first = 0;

    if (o->account != 0) {
        first = account_charge(o->account, ACCOUNT_CODE, count);
    }
    if (first < 0) {
        return first;
    }
    first = arena_take(count, o->owner == CODE_KERNEL);
    if (first < 0 && o->account != 0) {
        account_release(o->account, ACCOUNT_CODE, count);
    }
    return first;
}

static void
pages_give(const struct code_object *o, uint16_t first, uint16_t *count)
{
    if (*count > 0) {
        arena_give(first, *count);
        if (o->account != 0) {
            account_release(o->account, ACCOUNT_CODE, *count);
        }
        *count = 0;
    }
}

/* A row that is free, open from now on; or NULL. */
static struct code_object *
row_take(void)
{
    struct code_object *o = NULL;

    lock_acquire(&objects_lock);
    for (unsigned i = 0; i < CODE_OBJECTS_MAX && o == NULL; i++) {
        if (objects[i].state == CODE_NONE && !objects[i].open) {
            o = &objects[i];
            o->id = (o->id | i) + CODE_OBJECTS_MAX; /* it is 0, or ends in i */
            o->open = true;
            objects_seen = i < objects_seen ? objects_seen : i + 1;
        }
    }
    lock_release(&objects_lock);
    return o;
}

static void
row_give(struct code_object *o)
{
    lock_acquire(&objects_lock);
    *o = (struct code_object){.id = o->id};
    lock_release(&objects_lock);
}

struct code_object *
code_create(uint32_t owner, uint32_t account, const struct code_kind *kind,
            uint32_t count, int *error)
{
    struct code_object *o = row_take();
    int first;

    ASSERT(count > 0 && count <= CODE_INSTRUCTIONS_MAX);
    if (o == NULL) {
        *error = -ENOSPC;
        return NULL;
    }
    o->kind = kind;
    o->owner = owner;
    o->account = account;
    o->count = count;
    o->work_pages = (uint16_t)(program_pages(o) +
                               pages_of(sizeof(struct job) +
                                        count * sizeof(struct code_note)));
    first = pages_take(o, o->work_pages);
    if (first < 0) {
        row_give(o);
        *error = first;
        return NULL;
    }
    o->work = (uint16_t)first;
    lock_acquire(&objects_lock);
    o->state = CODE_LOADED; /* it can be found now, but not opened */
    lock_release(&objects_lock);
    return o;
}

/* The row of that id, if it is the owner's. With the lock held. */
static struct code_object *
row_find(uint64_t id, uint32_t owner)
{
    struct code_object *o = &objects[id % CODE_OBJECTS_MAX];

    return o->id == id && o->state != CODE_NONE && o->owner == owner ? o : NULL;
}

struct code_object *
code_open(uint64_t id, uint32_t owner, int *error)
{
    struct code_object *o;

    lock_acquire(&objects_lock);
    o = row_find(id, owner);
    *error = o == NULL ? -ENOENT : o->open ? -EAGAIN : 0;
    if (*error == 0) {
        o->open = true;
    }
    lock_release(&objects_lock);
    return *error == 0 ? o : NULL;
}

void
code_close(struct code_object *o)
{
    ASSERT(o->open);
    lock_acquire(&objects_lock);
    o->open = false;
    lock_release(&objects_lock);
}

/* What holders look at. */
static void
state_set(struct code_object *o, enum code_state state)
{
    lock_acquire(&objects_lock);
    o->state = (uint8_t)state;
    lock_release(&objects_lock);
}

static int
job_refuse(struct code_object *o, uint32_t fault, uint32_t at)
{
    o->fault = fault;
    o->fault_at = at;
    state_set(o, CODE_REFUSED);
    return -EINVAL;
}

/* Room for what the compiler is about to write. What will be left of the last
   page shall be no code: zeroes are none. */
static int
output_take(struct code_object *o, struct code_compiler *c)
{
    unsigned count = pages_of(c->length * sizeof(*c->output));
    int first = pages_take(o, count);

    if (first < 0) {
        return first;
    }
    page_clear(arena_address((unsigned)first + count - 1));
    o->output = (uint16_t)first;
    o->output_pages = (uint16_t)count;
    c->output = arena_address(o->output);
    c->capacity = (uint32_t)(count * FRAME_SIZE / sizeof(*c->output));
    return -EAGAIN;
}

/* It is compiled. */
static int
job_finish(struct code_object *o)
{
    const struct job *job = job_of(o);

    ASSERT(job->compiler.length <= job->compiler.capacity);
    arena_seal(o->output, o->output_pages);
    pages_give(o, o->work, &o->work_pages);
    o->entry = (code_entry)arena_address(o->output);
    state_set(o, CODE_READY);
    return 0;
}

static void
job_begin(struct code_object *o)
{
    struct job *job = job_of(o);

    code_verify_begin(&job->verifier, code_program(o), o->count, &o->kind->use,
                      job->notes);
    state_set(o, CODE_VERIFYING);
}

static int
job_verify(struct code_object *o)
{
    struct job *job = job_of(o);
    int result = code_verify_step(&job->verifier, 1);
    uint32_t price;

    if (result == -EINVAL) {
        return job_refuse(o, job->verifier.fault, job->verifier.fault_at);
    }
    if (result == 0) {
        price =
            code_price_function(code_program(o), job->notes, &o->kind->use, 0);
        if (price > o->kind->fuel) {
            return job_refuse(o, CODE_FAULT_SLOW, 0);
        }
        o->fuel = o->kind->fuel - price;
        code_compile_begin(&job->compiler, &job->verifier, NULL, 0,
                           o->kind->helpers);
        state_set(o, CODE_COMPILING);
    }
    return -EAGAIN;
}

/* A step of compiling. What is done only once is a step by itself, in *last. */
static int
job_compile(struct code_object *o, bool *last)
{
    struct job *job = job_of(o);
    int result = code_compile_step(&job->compiler, 1);

    *last = result != -EAGAIN;
    if (result == -ENOSPC) {
        return output_take(o, &job->compiler);
    }
    if (result == -EINVAL) { /* it finds that it is wrong itself */
        ASSERT(false);
        pages_give(o, o->output, &o->output_pages);
        return job_refuse(o, CODE_FAULT_NONE, 0);
    }
    return result == 0 ? job_finish(o) : result;
}

int
code_step(struct code_object *o, uint64_t budget)
{
    uint64_t before = csr_read(instret);
    bool last = false;
    int result = -EAGAIN;

    ASSERT(o->open && o->state != CODE_NONE);
    if (o->state == CODE_LOADED) {
        job_begin(o);
    }
    while (result == -EAGAIN && !last) {
        if (o->state == CODE_VERIFYING) {
            result = job_verify(o);
        } else if (o->state == CODE_COMPILING) {
            result = job_compile(o, &last);
        } else {
            return o->state == CODE_READY ? 0 : -EINVAL;
        }
        last |= csr_read(instret) - before >= budget;
    }
    return result;
}

void
code_end(struct code_object *o)
{
    ASSERT(o->open);
    lock_acquire(&objects_lock);
    o->ending = true;
    lock_release(&objects_lock);
}

/* Acquire, of users: the last of them has run it to its end. */
void
code_destroy(struct code_object *o)
{
    ASSERT(o->open &&
           atomic_load_explicit(&o->users, memory_order_acquire) == 0);
    pages_give(o, o->work, &o->work_pages);
    pages_give(o, o->output, &o->output_pages);
    row_give(o);
}

bool
code_end_one(uint32_t owner)
{
    for (unsigned i = 0; i < objects_seen; i++) {
        int error;
        struct code_object *o;

        if (objects[i].state == CODE_NONE || objects[i].owner != owner) {
            continue;
        }
        o = code_open(objects[i].id, owner, &error);
        if (o != NULL) {
            code_destroy(o);
        }
        return true;
    }
    return false;
}

struct code_object *
code_hold(uint64_t id, uint32_t owner, const struct code_kind *kind, int *error)
{
    struct code_object *o;

    lock_acquire(&objects_lock);
    o = row_find(id, owner);
    *error = o == NULL || o->ending                        ? -ENOENT
             : o->kind != kind || o->state == CODE_REFUSED ? -EINVAL
             : o->state != CODE_READY                      ? -EAGAIN
                                                           : 0;
    if (*error == 0) {
        atomic_fetch_add_explicit(&o->users, 1, memory_order_relaxed);
    }
    lock_release(&objects_lock);
    return *error == 0 ? o : NULL;
}
