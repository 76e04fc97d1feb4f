/* SPDX-License-Identifier: MIT */
/*
 * The calls that are not a resource's own affair, and the tables by which
 * trap.S finds all of them. Each call checks everything first and changes
 * nothing on an error; it is done by the module whose resource it is about.
 */
#include "kern/syscall.h"

#include "kern/abi/call_numbers.h"
#include "kern/abi/error.h"
#include "kern/console.h"
#include "kern/env.h"
#include "kern/hart_offsets.h"
#include "kern/panic.h"
#include "kern/print.h"
#include "kern/pt.h"

_Static_assert(ERROR_ESRCH == ESRCH && ERROR_EBUSY == EBUSY &&
                   ERROR_EINVAL == EINVAL && ERROR_ENOSYS == ENOSYS,
               "hart_offsets.h does not say what error.h says");

static const struct cap_name empty_name;
static struct lock serial_lock;
static uint32_t next_serial;

/* The capability at `index` of the caller, or NULL. */
static const struct cap *
cap_of(uint64_t index)
{
    return cap_entry(env_current()->caps, index);
}

/* Whether the caller's capability `index` allows `rights` on the guard: 0,
   -EBADF or -EPERM. */
static int
cap_check(uint64_t index, const struct cap_name *guard, uint64_t rights)
{
    const struct cap *c = cap_of(index);

    return c == NULL ? -EBADF : cap_allows(c, guard, rights) ? 0 : -EPERM;
}

int64_t
sys_console_write(uint64_t cap, uint64_t bytes, uint64_t count)
{
    int error = cap_check(cap, &empty_name, CAP_WRITE);

    if (error < 0) {
        return error;
    }
    if (count > sizeof(bytes)) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < count; i++) {
        print_byte((char)(bytes >> 8 * i));
    }
    return 0;
}

int64_t
sys_console_read(uint64_t cap)
{
    int error = cap_check(cap, &empty_name, CAP_READ);
    int byte;

    if (error < 0) {
        return error;
    }
    byte = console_read();
    return byte < 0 ? -EAGAIN : byte;
}

int64_t
sys_machine_exit(uint64_t cap, uint64_t status)
{
    int error = cap_check(cap, &empty_name, CAP_CONTROL);

    if (error < 0) {
        return error;
    }
    if (status > UINT8_MAX) {
        return -EINVAL;
    }
    machine_exit((unsigned)status);
}

int64_t
sys_cap_derive(uint64_t from, uint64_t to, uint64_t component, uint64_t keep)
{
    struct env *e = env_current();
    int error;

    lock_acquire(&e->lock);
    error = cap_derive(e->caps, from, to, component, keep);
    lock_release(&e->lock);
    return error;
}

int64_t
sys_cap_fresh(uint64_t from, uint64_t to)
{
    struct env *e = env_current();
    int error;

    lock_acquire(&e->lock);
    lock_acquire(&serial_lock);
    error = cap_fresh(e->caps, from, to, &next_serial);
    lock_release(&serial_lock);
    lock_release(&e->lock);
    return error;
}

int64_t
sys_cap_drop(uint64_t index)
{
    struct env *e = env_current();
    int error;

    lock_acquire(&e->lock);
    error = cap_drop(e->caps, index);
    lock_release(&e->lock);
    return error;
}

/* The record of page `number` if that is the first of somebody's frame, else
   NULL: nothing that is free, part of another frame or no RAM has a type from
   FRAME_DATA on. */
static inline struct frame *
named_frame(uint64_t number)
{
    struct frame *f = frame_record(number);

    return number < FRAME_LIMIT && frame_type(f) >= FRAME_DATA ? f : NULL;
}

/* The same if the caller owns it. Owners change only with their consent, and
   the caller is here. */
static inline struct frame *
owned_frame(uint64_t number)
{
    struct frame *f = named_frame(number);

    return f != NULL && f->owner == env_current()->id ? f : NULL;
}

int64_t
sys_frame_alloc(uint64_t cap, uint64_t order, uint64_t wanted)
{
    struct env *e = env_current();
    const struct cap *c = cap_of(cap);
    ppn_t number;
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    if (!(c->rights & CAP_WRITE)) {
        return -EPERM;
    }
    if (wanted >= FRAME_LIMIT) {
        return -EINVAL;
    }
    error = frame_take(&e->frames, e->id, &c->name, order, wanted, &number);
    return error < 0 ? error : (int64_t)number;
}

int64_t
sys_frame_free(uint64_t frame)
{
    struct frame *f = owned_frame(frame);

    if (f == NULL) {
        return -EPERM;
    }
    frame_lock(f);
    if (f->owner != env_current()->id) { /* given away meanwhile */
        frame_unlock(f);
        return -EPERM;
    }
    return frame_return(&env_current()->frames, f);
}

int64_t
sys_frame_scrub(uint64_t frame)
{
    struct frame *f = owned_frame(frame);
    int error;

    if (f == NULL) {
        return -EPERM;
    }
    frame_lock(f);
    error = f->owner == env_current()->id ? frame_scrub(f) : -EPERM;
    frame_unlock(f);
    return error;
}

int64_t
sys_frame_split(uint64_t frame)
{
    struct env *e = env_current();
    struct frame *f = owned_frame(frame);

    return f == NULL ? -EPERM : frame_split(&e->frames, e->id, f);
}

int64_t
sys_frame_join(uint64_t frame)
{
    struct env *e = env_current();
    struct frame *f = owned_frame(frame);

    return f == NULL ? -EPERM : frame_join(&e->frames, e->id, f);
}

int64_t
sys_pt_make(uint64_t table, uint64_t shadow, uint64_t level)
{
    struct frame *first = owned_frame(table);
    struct frame *second = owned_frame(shadow);

    return first == NULL || second == NULL
               ? -EPERM
               : pt_make(first, second, level, env_current()->id);
}

int64_t
sys_pt_unmake(uint64_t table)
{
    struct frame *f = owned_frame(table);

    return f == NULL ? -EPERM : pt_unmake(f);
}

/* The two capabilities that one argument names (kern/abi/call.h). */
static const struct cap *
cap_first(uint64_t caps)
{
    return cap_of(caps & 0xff);
}

static const struct cap *
cap_second(uint64_t caps)
{
    return cap_of(caps >> 8);
}

/* Fills in a place in a page table: 0, -EBADF or -EINVAL. */
static int
place_make(struct pt_place *place, const struct cap *c, uint64_t table,
           uint64_t index)
{
    *place = (struct pt_place){named_frame(table), index, c};
    return c == NULL ? -EBADF : place->table == NULL ? -EINVAL : 0;
}

int64_t
sys_pt_map(uint64_t caps, uint64_t table, uint64_t index, uint64_t count)
{
    const struct cap *c = cap_second(caps);
    const uint64_t *batch;
    struct pt_place place;
    int error = place_make(&place, cap_first(caps), table, index);

    if (error < 0) {
        return error;
    }
    if (c == NULL) {
        return -EBADF;
    }
    batch = ((struct uarea *)hart_self()->uarea)->batch;
    if (count != 1) {
        return pt_insert(&place, count, batch, c);
    }
    error = pt_insert_one(&place, __atomic_load_n(batch, __ATOMIC_RELAXED), c);
    return error < 0 ? error : 1;
}

int64_t
sys_pt_link(uint64_t caps, uint64_t table, uint64_t index, uint64_t below)
{
    const struct cap *c = cap_second(caps);
    struct frame *f = named_frame(below);
    struct pt_place place;
    int error = place_make(&place, cap_first(caps), table, index);

    if (error < 0) {
        return error;
    }
    return c == NULL ? -EBADF : f == NULL ? -EINVAL : pt_link(&place, f, c);
}

int64_t
sys_pt_unmap(uint64_t caps, uint64_t table, uint64_t index, uint64_t count)
{
    struct pt_place place;
    int error = place_make(&place, cap_first(caps), table, index);

    return error < 0 ? error : pt_remove(&place, count);
}

int64_t
sys_pt_protect(uint64_t caps, uint64_t table, uint64_t index, uint64_t count,
               uint64_t clear, uint64_t set)
{
    const struct cap *c = cap_second(caps);
    struct pt_place place;
    int error = place_make(&place, cap_first(caps), table, index);

    if (error < 0) {
        return error;
    }
    return c == NULL ? -EBADF : pt_protect(&place, count, clear, set, c);
}

int64_t
sys_pt_copy(uint64_t caps, uint64_t from, uint64_t to, uint64_t indexes,
            uint64_t count, uint64_t keep)
{
    bool drop = keep >> 63;
    struct pt_place source;
    struct pt_place target;
    int error = place_make(&source, cap_second(caps), from, indexes & 0xffff);

    if (error == 0) {
        error = place_make(&target, cap_first(caps), to, indexes >> 16);
    }
    return error < 0 ? error
                     : pt_copy(&source, &target, count, keep << 1 >> 1, drop);
}

/* The env `id` with its lock held, if the caller's capability has control over
   it; else NULL, and in *error why. */
static struct env *
controlled_env(uint64_t cap, uint64_t id, int *error)
{
    const struct cap *c = cap_of(cap);
    struct env *e;

    if (c == NULL) {
        *error = -EBADF;
        return NULL;
    }
    if (id == env_current()->id) {
        *error = -EINVAL;
        return NULL;
    }
    e = env_lock(id);
    if (e == NULL) {
        *error = -ESRCH;
    } else if (!cap_allows(c, &e->guard, CAP_CONTROL)) {
        env_unlock(e);
        *error = -EPERM;
        e = NULL;
    }
    return e;
}

/* Whether nobody has bound a U-area for the env: until then, who controls it
   accepts for it. Its lock is held. */
static int
env_unborn(const struct env *e)
{
    if (e->state != ENV_LIVE) {
        return -ESRCH;
    }
    for (unsigned i = 0; i < HARTS_MAX; i++) {
        if (e->context[i].uarea_frame != NULL) {
            return -EBUSY;
        }
    }
    return 0;
}

int64_t
sys_env_create(uint64_t cap, uint64_t record, uint64_t list, uint64_t root)
{
    const struct cap *c = cap_of(cap);
    const struct env_parts parts = {owned_frame(record), owned_frame(list),
                                    owned_frame(root)};

    if (c == NULL) {
        return -EBADF;
    }
    if (!(c->rights & CAP_CONTROL) || parts.record == NULL ||
        parts.list == NULL || parts.root == NULL) {
        return -EPERM;
    }
    return env_create(env_current(), &c->name, &parts);
}

int64_t
sys_env_bind(uint64_t cap, uint64_t env, uint64_t frame)
{
    struct frame *f = named_frame(frame);
    int error = 0;
    struct env *e = controlled_env(cap, env, &error);

    if (e == NULL) {
        return error;
    }
    error = e->state != ENV_LIVE ? -ESRCH
            : f == NULL          ? -EINVAL
                                 : env_bind(e, f);
    env_unlock(e);
    return error;
}

int64_t
sys_env_destroy(uint64_t cap, uint64_t env)
{
    int error = 0;
    struct env *e = controlled_env(cap, env, &error);

    return e == NULL ? error : env_destroy_step(e);
}

int64_t
sys_cap_grant(uint64_t from, uint64_t control, uint64_t env, uint64_t to,
              uint64_t keep)
{
    int error = 0;
    struct env *e = controlled_env(control, env, &error);

    if (e == NULL) {
        return error;
    }
    error = env_unborn(e);
    if (error == 0) {
        error = cap_grant(env_current()->caps, from, e->caps, to, keep);
    }
    env_unlock(e);
    return error;
}

int64_t
sys_frame_give(uint64_t cap, uint64_t frame, uint64_t env)
{
    struct frame *f = owned_frame(frame);
    int error = 0;
    struct env *e;

    if (f == NULL) {
        return -EPERM;
    }
    e = controlled_env(cap, env, &error);
    if (e == NULL) {
        return error;
    }
    error = env_unborn(e);
    if (error == 0) {
        error = env_give(env_current(), e, f);
    }
    env_unlock(e);
    return error;
}

int64_t
sys_gate_set(uint64_t cap, uint64_t gate, uint64_t entry)
{
    struct env *e = env_current();
    const struct cap *c = cap_of(cap);
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    lock_acquire(&e->lock);
    error = gate_set(e, gate, entry, &c->name);
    lock_release(&e->lock);
    return error;
}

int64_t
sys_gate_bind(uint64_t cap, uint64_t env, uint64_t gate, uint64_t binding)
{
    struct env *self = env_current();
    const struct cap *c = cap_of(cap);
    struct env *callee;
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    callee = env_lock(env);
    if (callee == NULL) {
        return -ESRCH;
    }
    error = callee->state != ENV_LIVE
                ? -ESRCH
                : gate_bind(self, binding, callee, gate, c);
    env_unlock(callee);
    return error;
}

#define NUMBER(number, name, path, arguments, meaning) NUMBER_##name = (number),
enum { CALL_TABLE(NUMBER) };
_Static_assert(NUMBER_null == CALL_NULL && NUMBER_resume == CALL_RESUME &&
                   NUMBER_yield == CALL_YIELD &&
                   NUMBER_pct_call == CALL_PCT_CALL &&
                   NUMBER_pct_send == CALL_PCT_SEND &&
                   NUMBER_pct_return == CALL_PCT_RETURN,
               "call_numbers.h does not say what call.h says");

/* The C function of each call, for call_c in trap.S. */
#define FUNCTION_FAST(number, name)
#define FUNCTION_CALL(number, name) [number] = (void (*)(void))sys_##name,
#define FUNCTION(number, name, path, arguments, meaning)                       \
    FUNCTION_##path(number, name)
static void (*const call_functions[CALL_MAX])(void) = {CALL_TABLE(FUNCTION)};

/* Ways into the kernel, labels of trap.S. */
#define LABEL_FAST(name) void call_##name(void);
#define LABEL_CALL(name)
#define LABEL(number, name, path, arguments, meaning) LABEL_##path(name)
CALL_TABLE(LABEL)
void call_c(void);
void call_unknown(void);

#define ENTRY_FAST(number, name) [number] = call_##name,
#define ENTRY_CALL(number, name) [number] = call_c,
#define ENTRY(number, name, path, arguments, meaning) ENTRY_##path(number, name)
static void (*const call_entries[CALL_MAX])(void) = {CALL_TABLE(ENTRY)};

void
syscall_init_hart(struct hart *hart)
{
    for (unsigned i = 0; i < CALL_MAX; i++) {
        hart->functions[i] = (uint64_t)call_functions[i];
        hart->calls[i] = (uint64_t)(call_entries[i] != NULL ? call_entries[i]
                                                            : call_unknown);
    }
}
