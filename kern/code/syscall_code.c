/* SPDX-License-Identifier: MIT */
/*
 * The calls on downloaded code: it is loaded, checked and compiled a step at a
 * time, slept on, and released.
 */
#include "kern/code/predicate.h"
#include "kern/frame_list.h"
#include "kern/string.h"
#include "kern/syscall.h"
#include "kern/syscall_check.h"

/* What code_step does at a time, in instructions; its last step, and where a
   fence of all harts is due, come to that. */
#define STEP_BUDGET 5000

/* What programs of each purpose get. */
static const struct code_kind *const kinds[CODE_PURPOSES] = {
    [CODE_PREDICATE] = &predicate_kind};

/* Copies a program out of a frame that has all of it. The frame is not changed,
   or given away, meanwhile; what an env writes into it at that moment is its
   own affair. */
static int
program_copy(void *program, const struct cap *cap, uint64_t page,
             uint64_t offset, uint64_t size)
{
    int error;
    struct frame *f = predicate_frame(cap, page, offset + size, &error);
    const char *from = (const char *)frame_contents(page) + offset;
    char *to = program;
    uint64_t done = 0;

    if (f == NULL) {
        return error;
    }
    for (; done + FRAME_SIZE <= size; done += FRAME_SIZE) {
        page_copy(to + done, from + done);
    }
    memcpy(to + done, from + done, size - done);
    frame_unlock(f);
    return 0;
}

int64_t
sys_code_load(uint64_t cap, uint64_t purpose, uint64_t page, uint64_t offset,
              uint64_t count)
{
    struct env *e = env_current();
    const struct cap *presented = cap_of(cap);
    struct code_object *o;
    int64_t id;
    int error;

    if (presented == NULL) {
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
    error = program_copy(code_program(o), presented, page, offset,
                         count * sizeof(struct code_instruction));
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
