/* SPDX-License-Identifier: MIT */
/*
 * The calls on downloaded code: it is loaded, checked and compiled a step at a
 * time, slept on, and released.
 */
#include "kern/frame_list.h"
#include "kern/predicate.h"
#include "kern/string.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

/* What code_step does at a time, in instructions; its last step, and where a
   fence of all harts is due, come to that. */
#define STEP_BUDGET 8000

/* What programs of each purpose get. */
static const struct code_kind *const kinds[CODE_PURPOSES] = {
    [CODE_PREDICATE] = &predicate_kind};

/* Where a program is to be copied from. */
struct source {
    const struct cap *cap;
    uint64_t page;
    uint64_t offset;
    uint64_t size; /* in bytes */
};

/* Locks the frame that has all of it, if the caller may read that: NULL, and in
 *error -EINVAL, -EPERM or -EBUSY. */
static struct frame *
source_lock(const struct source *s, int *error)
{
    struct frame *f = s->page < FRAME_LIMIT ? frame_head(s->page) : NULL;
    uint64_t before;

    *error = -EINVAL;
    if (f == NULL || frame_type(f) != FRAME_DATA) {
        return NULL;
    }
    frame_lock(f);
    before = s->page - frame_number(f); /* pages of the frame */
    if (frame_type(f) != FRAME_DATA || before >> f->order != 0 ||
        s->offset + s->size > (((uint64_t)1 << f->order) - before)
                                  << FRAME_SHIFT) {
        *error = -EINVAL;
    } else if (!cap_allows(s->cap, &f->guard, CAP_READ)) {
        *error = -EPERM;
    } else if (f->flags & FRAME_UNSCRUBBED) {
        *error = -EBUSY;
    } else {
        *error = 0;
        return f;
    }
    frame_unlock(f);
    return NULL;
}

/* Copies it. The frame is not changed, or given away, meanwhile; what an env
   writes into it at that moment is its own affair. */
static int
source_copy(const struct source *s, void *program)
{
    int error;
    struct frame *f = source_lock(s, &error);
    const char *from = (const char *)frame_contents(s->page) + s->offset;
    char *to = program;
    uint64_t done = 0;

    if (f == NULL) {
        return error;
    }
    for (; done + FRAME_SIZE <= s->size; done += FRAME_SIZE) {
        page_copy(to + done, from + done);
    }
    memcpy(to + done, from + done, s->size - done);
    frame_unlock(f);
    return 0;
}

int64_t
sys_code_load(uint64_t cap, uint64_t purpose, uint64_t page, uint64_t offset,
              uint64_t count)
{
    struct env *e = env_current();
    const struct source source = {cap_of(cap), page, offset,
                                  count * sizeof(struct code_instruction)};
    struct code_object *o;
    int64_t id;
    int error;

    if (source.cap == NULL) {
        return -EBADF;
    }
    if (purpose >= CODE_PURPOSES || count == 0 ||
        count > CODE_INSTRUCTIONS_MAX || offset >= FRAME_SIZE ||
        offset % sizeof(struct code_instruction) != 0) {
        return -EINVAL;
    }
    o = code_create(e->id, env_account(e), kinds[purpose], (uint32_t)count,
                    &error);
    if (o == NULL) {
        return error;
    }
    error = source_copy(&source, code_program(o));
    if (error < 0) {
        code_destroy(o);
        return error;
    }
    id = (int64_t)o->id;
    code_close(o);
    return id;
}

int64_t
sys_code_step(uint64_t code)
{
    struct uarea *uarea = (struct uarea *)hart_self()->uarea;
    int error;
    struct code_object *o = code_open(code, env_current()->id, &error);

    if (o == NULL) {
        return error;
    }
    error = code_step(o, STEP_BUDGET);
    if (error == -EINVAL) {
        uarea->batch[0] = o->fault;
        uarea->batch[1] = o->fault_at;
    }
    code_close(o);
    return error;
}

static int64_t
release_code(uint64_t name)
{
    int error;
    struct code_object *o = code_open(name, env_current()->id, &error);

    if (o == NULL) {
        return error;
    }
    code_end(o);
    predicate_end(o);
    if (atomic_load_explicit(&o->users, memory_order_acquire) != 0) {
        code_close(o); /* another hart goes to sleep with it just now */
        return -EAGAIN;
    }
    code_destroy(o);
    return 0;
}

int64_t
sys_release(uint64_t kind, uint64_t name)
{
    return kind == RELEASE_CODE   ? release_code(name)
           : kind < RELEASE_KINDS ? disk_release(kind, name)
                                  : -EINVAL;
}

int64_t
sys_sleep_until(uint64_t cap, uint64_t code, uint64_t page, uint64_t argument)
{
    const struct cap *c = cap_of(cap);

    return c == NULL ? -EBADF : predicate_sleep(c, code, page, argument);
}
