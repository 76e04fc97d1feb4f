/* SPDX-License-Identifier: MIT */
/*
 * Invariants:
 *
 *  - a predicate that is bound (`page` is not 0) has a program that it holds,
 *    READY and thus constant, for its entry; and if it looks at a frame it is
 *    in the chain of that, and one of its maps. So the frame stays what it is;
 *  - it is bound and unbound under its own lock and that of its frame; its
 *    program runs under its own lock alone. So who unbinds it waits for one
 *    run, and nothing is read after that. `page` becomes 0 last: its hart,
 * which looks at that without a lock, may make it anew at once;
 *  - all but lock, page, entry and links is written by its hart alone, while it
 * is not bound; a context with `until` is asleep or about to be.
 *
 * The chain of a frame is in the upper bits of `harts` in its record, and in
 * the links here, under the frame's lock, which comes before a predicate's.
 *
 * The program may read one page, through the direct map, and its stack: the
 * kernel's guards see to that, and that the page may be written meanwhile is
 * the program's affair.
 */
#include "kern/code/predicate.h"

#include "kern/abi/layout.h"
#include "kern/boot/boot_memory.h"
#include "kern/context.h"
#include "kern/panic.h"
#include "kern/slot.h"

/* Instructions of the machine after which an edge has had enough, and what is
   little enough that it can do something else, too. */
#define EDGE_ENOUGH 2000
#define EDGE_LITTLE 800

/* Predicates of one frame that are broken at a time. */
#define BREAK_MAX 4

/* `page` of one that looks at an information page. */
#define PAGE_INFORMATION (~(uint32_t)0)

/* A program that was compiled, of whose result only the value matters: that of
   one which was stopped is 0. */
typedef uint64_t (*predicate_entry)(struct code_context *run, uint64_t page,
                                    uint64_t argument, uint64_t, uint64_t,
                                    uint64_t);

struct predicate {
    uint32_t lock; /* a word lock, after those of frames */
    uint32_t page; /* of its frame, the first; 0: not bound */
    uint16_t next; /* in the chain of the frame: numbers, 0 ends it */
    uint16_t previous;
    predicate_entry entry; /* of its program, while it is bound; */
    uint64_t fuel;         /* and what that has to burn */
    uint64_t argument;
    struct code_context run;
    struct code_object *program;
    struct context *context; /* who sleeps */
};

const struct code_kind predicate_kind = {
    .use = {.stack = PREDICATE_STACK,
            .arguments = {CODE_POINTER, CODE_NUMBER},
            .read_only = true},
    .fuel = PREDICATE_FUEL};

_Static_assert(HARTS_MAX *ENVS_MAX < 1 << 14, "a link, and a count, fit");

/* By hart and env; and which of them have somebody asleep. */
static struct predicate (*predicates)[ENVS_MAX];
static uint64_t asleep[HARTS_MAX][ENVS_MAX / 64];
static unsigned turn[HARTS_MAX]; /* who was asked last, on each hart */
static bool skip[HARTS_MAX];     /* the last edge was long */
static _Alignas(8) uint8_t stacks[HARTS_MAX][PREDICATE_STACK];
unsigned predicate_sleepers[HARTS_MAX];

void
predicate_init(void)
{
    uint64_t size = hart_count * sizeof(*predicates);
    paddr_t memory = boot_memory_take(size, FRAME_SIZE);

    predicates = direct_map(memory);
    for (uint64_t done = 0; done < size; done += FRAME_SIZE) {
        page_clear(direct_map(memory + done));
    }
}

static struct predicate *
predicate_of(const struct context *c)
{
    return &predicates[hart_self()->index][env_index(c->env->id)];
}

static struct predicate *
link_predicate(uint64_t link)
{
    return &predicates[0][link - 1];
}

static uint16_t
predicate_link(const struct predicate *p)
{
    return (uint16_t)(p - predicates[0] + 1);
}

/* Puts it at the head of the chain of the locked frame. */
static void
chain_in(struct frame *f, struct predicate *p)
{
    uint64_t head = f->harts >> PREDICATE_SHIFT;

    p->next = (uint16_t)head;
    p->previous = 0;
    if (head != 0) {
        link_predicate(head)->previous = predicate_link(p);
    }
    f->harts += ((uint64_t)predicate_link(p) - head) << PREDICATE_SHIFT;
    f->harts += PREDICATE_ONE;
    maps_add(f);
}

/* Takes it out of the chain of the locked frame, which it then does not hold
   any more. Release: it has been looked at for the last time. */
static void
chain_out(struct frame *f, struct predicate *p)
{
    ASSERT(frame_locked(f) && FRAME_PREDICATES(f->harts) > 0);
    if (p->previous != 0) {
        link_predicate(p->previous)->next = p->next;
    } else {
        ASSERT(f->harts >> PREDICATE_SHIFT == predicate_link(p));
        f->harts += ((uint64_t)p->next - predicate_link(p)) << PREDICATE_SHIFT;
    }
    if (p->next != 0) {
        link_predicate(p->next)->previous = p->previous;
    }
    f->harts -= PREDICATE_ONE;
    __atomic_fetch_sub(&f->maps, 1, __ATOMIC_RELEASE);
}

static uint32_t
page_of(const struct predicate *p)
{
    return __atomic_load_n(&p->page, __ATOMIC_ACQUIRE);
}

/* Stands for the program of one that is not bound any more: it shall wake. */
static uint64_t
fallen(struct code_context *run, uint64_t page, uint64_t argument, uint64_t r3,
       uint64_t r4, uint64_t r5)
{
    (void)run, (void)page, (void)argument, (void)r3, (void)r4, (void)r5;
    return 1;
}

/* Unbinds it from the locked frame, NULL for an information page, if it is
   still bound to that, by that program if one is given. */
static void
unbind_from(struct predicate *p, uint32_t page, struct frame *f,
            const struct code_object *o)
{
    word_lock(&p->lock);
    if (page_of(p) == page && (o == NULL || p->program == o)) {
        p->entry = fallen;
        if (f != NULL) {
            chain_out(f, p);
        }
        code_unhold(p->program);
        __atomic_store_n(&p->page, 0, __ATOMIC_RELEASE);
    }
    word_unlock(&p->lock);
}

/* Unbinds it from whatever it is bound to. */
static void
unbind(struct predicate *p, const struct code_object *o)
{
    uint32_t page = page_of(p);
    struct frame *f = frame_record(page);

    if (page == PAGE_INFORMATION) {
        unbind_from(p, page, NULL, o);
    } else if (page != 0) { /* RAM, so it can be locked whatever it is by now */
        frame_lock(f);
        unbind_from(p, page, f, o);
        frame_unlock(f);
    }
}

void
predicates_break(struct frame *f)
{
    uint64_t link = f->harts >> PREDICATE_SHIFT;

    ASSERT(frame_locked(f));
    for (unsigned i = 0; link != 0 && i < BREAK_MAX; i++) {
        unbind_from(link_predicate(link), (uint32_t)frame_number(f), f, NULL);
        link = f->harts >> PREDICATE_SHIFT;
    }
}

void
predicate_end(const struct code_object *o)
{
    for (unsigned i = 0; i < hart_count; i++) {
        unbind(&predicates[i][env_index(o->owner)], o);
    }
}

/* Whether its env is to wake: it holds, or has fallen. Apart, for the benchmark
   counts it. */
__attribute__((noinline)) static bool
predicate_ask(struct predicate *p)
{
    uint64_t value;

    word_lock(&p->lock);
    p->run.fuel = (int64_t)p->fuel;
    value = p->entry(&p->run, CODE_MEMORY_ADDRESS, p->argument, 0, 0, 0);
    word_unlock(&p->lock);
    return value != 0;
}

bool
predicate_edge(struct hart *self)
{
    uint64_t *sleeping = asleep[self->index];
    uint64_t before = csr_read(instret);
    unsigned at = turn[self->index];
    uint64_t spent = 0;

    if (!predicate_any(self) || skip[self->index]) {
        skip[self->index] = false;
        return false;
    }
    for (unsigned i = 0; i < ENVS_MAX && spent < EDGE_ENOUGH; i++) {
        struct predicate *p;

        at = (at + 1) % ENVS_MAX;
        if (sleeping[at / 64] >> at % 64 == 0) { /* none in the rest of it */
            i += 63 - at % 64;
            at |= 63;
            continue;
        }
        p = &predicates[self->index][at];
        if (!(sleeping[at / 64] >> at % 64 & 1)) {
            continue;
        }
        if (predicate_ask(p)) {
            context_wake(p->context);
        }
        spent = csr_read(instret) - before;
    }
    turn[self->index] = at;
    skip[self->index] = spent > EDGE_LITTLE;
    return spent > EDGE_LITTLE;
}

void
predicate_forget(struct context *c)
{
    struct hart *self = hart_self();
    unsigned index = env_index(c->env->id);

    ASSERT(c->until);
    unbind(predicate_of(c), NULL);
    asleep[self->index][index / 64] &= ~((uint64_t)1 << index % 64);
    predicate_sleepers[self->index]--;
    c->until = false;
}

struct frame *
predicate_frame(const struct cap *cap, uint64_t page, uint64_t size, int *error)
{
    struct frame *f = page < FRAME_LIMIT ? frame_head(page) : NULL;
    uint64_t before;

    *error = -EINVAL;
    if (f == NULL || frame_type(f) != FRAME_DATA) {
        return NULL;
    }
    frame_lock(f);
    before = page - frame_number(f); /* pages of the frame */
    *error = frame_type(f) != FRAME_DATA || before >> f->order != 0 ||
                     size > (((uint64_t)1 << f->order) - before) << FRAME_SHIFT
                 ? -EINVAL
             : !cap_allows(cap, &f->guard, CAP_READ)          ? -EPERM
             : f->flags & (FRAME_UNSCRUBBED | FRAME_BREAKING) ? -EBUSY
                                                              : 0;
    if (*error == 0) {
        return f;
    }
    frame_unlock(f);
    return NULL;
}

/* Binds it to the page of a data frame. */
static int
bind_frame(struct predicate *p, const struct cap *cap, uint64_t page)
{
    int error;
    struct frame *f = predicate_frame(cap, page, FRAME_SIZE, &error);

    if (f != NULL) {
        code_context_memory(&p->run, frame_contents(page), FRAME_SIZE);
        chain_in(f, p);
        __atomic_store_n(&p->page, (uint32_t)frame_number(f), __ATOMIC_RELEASE);
        frame_unlock(f);
    }
    return error;
}

/* Binds it to an information page, which everybody may read. */
static int
bind_information(struct predicate *p, uint64_t address)
{
    void *page = information_at(address);
    unsigned level;

    if (address % FRAME_SIZE != 0 || address >= INFORMATION_END ||
        vm_walk((uint64_t)page, &level) == 0) {
        return -EINVAL;
    }
    code_context_memory(&p->run, page, FRAME_SIZE);
    __atomic_store_n(&p->page, PAGE_INFORMATION, __ATOMIC_RELEASE);
    return 0;
}

/* Makes the predicate of the context, whose program is held, and binds it. */
static int
predicate_bind(struct context *c, const struct cap *cap, uint64_t page)
{
    struct predicate *p = predicate_of(c);
    unsigned hart = hart_self()->index;
    unsigned index = env_index(c->env->id);
    int error;

    p->context = c;
    p->entry = (predicate_entry)(uintptr_t)p->program->entry;
    p->fuel = p->program->fuel;
    code_context_begin(&p->run, stacks[hart], PREDICATE_STACK, 0);
    error = page >= INFORMATION_FRAMES ? bind_information(p, page)
                                       : bind_frame(p, cap, page);
    if (error == 0) {
        asleep[hart][index / 64] |= (uint64_t)1 << index % 64;
        predicate_sleepers[hart]++;
        c->until = true;
    }
    return error;
}

/* As event_sleep: the env is marked as asleep before its bits are looked at. */
int64_t
predicate_sleep(const struct cap *cap, uint64_t code, uint64_t page,
                uint64_t argument)
{
    struct context *c = hart_self()->context;
    struct predicate *p = predicate_of(c);
    int error = 0;
    bool pending;

    ASSERT(!c->until && p->page == 0);
    p->program = code_hold(code, c->env->id, &predicate_kind, &error);
    if (p->program == NULL) {
        return error;
    }
    p->argument = argument;
    error = predicate_bind(c, cap, page);
    if (error < 0) {
        code_unhold(p->program);
        return error;
    }
    context_sleep(c);
    pending = __atomic_load_n(&c->uarea->pending, __ATOMIC_ACQUIRE) != 0;
    if (pending || predicate_ask(p)) {
        context_wake(c);
        return !pending;
    }
    slot_run();
}
