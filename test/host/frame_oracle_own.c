/* SPDX-License-Identifier: MIT */
/*
 * Who owns what: accounts, and frames that pass from one owner to another.
 */
#include "frame_oracle.h"
#include "kern/abi/error.h"

#define SLOTS_MOST 100 /* of machine_init */

/* The real account of each row of the model's. */
static uint32_t row_account[MODEL_ACCOUNTS] = {ACCOUNT_FIRST};

void
accounts_init(void)
{
    static const uint64_t limit[MODEL_OWNERS][ACCOUNT_KINDS] = {
        {0, 0}, {2700, 50}, {700, 20}};

    model_account[0] = (struct model_account){
        true, 0, {frame_counts.free, SLOTS_MOST}, {0, 0}};
    for (unsigned i = 0; i < MODEL_OWNERS; i++) {
        if (i > 0) {
            int64_t account = account_carve(row_account[i - 1], limit[i]);

            CHECK_EQUAL(account, ACCOUNT_FIRST + i);
            CHECK_EQUAL(model_carve(i - 1, i, limit[i]), 0);
            row_account[i] = (uint32_t)account;
            CHECK_EQUAL(account_join(row_account[i], row_account[i - 1]), 0);
        }
        owners[i].list.account = &ACCOUNT_TABLE[row_account[i]];
    }
}

void
accounts_compare(void)
{
    for (unsigned i = 0; i < MODEL_ACCOUNTS; i++) {
        const struct model_account *m = &model_account[i];
        const struct account *a = &ACCOUNT_TABLE[row_account[i]];

        for (unsigned kind = 0; m->open && kind < 2; kind++) {
            CHECK_EQUAL(a->parent, row_account[m->parent]);
            CHECK_EQUAL(a->limit[kind], m->limit[kind]);
            CHECK_EQUAL(a->used[kind], m->used[kind]);
        }
    }
}

static uint64_t
amount_any(void)
{
    return chance(90)   ? below(20)
           : chance(50) ? below(1000)
                        : random_next(&oracle_seed) >> below(64);
}

int
do_carve(void)
{
    unsigned from = (unsigned)below(MODEL_ACCOUNTS);
    unsigned row = (unsigned)below(MODEL_ACCOUNTS);
    uint64_t limit[ACCOUNT_KINDS] = {amount_any(), amount_any() % 200};
    int64_t result;

    if (!model_account[from].open || model_account[row].open) {
        return 0;
    }
    limit[chance(50)] = 0;
    result = account_carve(row_account[from], limit);
    CHECK_EQUAL(result < 0 ? result : 0, model_carve(from, row, limit));
    if (result >= 0) {
        row_account[row] = (uint32_t)result;
    }
    return result < 0 ? (int)result : 0;
}

/* Closes one, mostly: or has an env be in it for a while, which does the same
   when it goes, upwards as far as accounts are empty. */
int
do_close(void)
{
    unsigned row = (unsigned)below(MODEL_ACCOUNTS);
    unsigned from =
        chance(90) ? model_account[row].parent : (unsigned)below(MODEL_OWNERS);
    int result;

    if (!model_account[row].open || !model_account[from].open) {
        return 0;
    }
    if (chance(70)) {
        result = account_close(row_account[row], row_account[from]);
        CHECK_EQUAL(result, model_close(row, from));
        return result;
    }
    result = account_join(row_account[row], row_account[from]);
    CHECK_EQUAL(result,
                from == row || (row != 0 && model_account[row].parent == from)
                    ? 0
                    : -EPERM);
    if (result == 0 && chance(50)) {
        account_leave(row_account[row], false);
    } else if (result == 0) {
        account_leave(row_account[row], true);
        while (model_close(row, from) == 0) {
            row = from;
            from = model_account[row].parent;
        }
    }
    return result;
}

int
do_charge(void)
{
    unsigned row = (unsigned)below(MODEL_OWNERS);
    struct model_account *m = &model_account[row];
    uint64_t amount = amount_any() % 150;
    int result = account_charge(row_account[row], ACCOUNT_SLOTS, amount);

    CHECK_EQUAL(result, model_has_room(m, 1, amount) ? 0 : -EDQUOT);
    if (result == 0) {
        CHECK_EQUAL(ACCOUNT_TABLE[row_account[row]].used[1],
                    m->used[1] + amount);
        account_release(row_account[row], ACCOUNT_SLOTS, amount);
    }
    return result;
}

int
do_give(void)
{
    ppn_t n = page_any(~(MASK(FRAME_DATA) - 1));
    struct machine_owner *to = &owners[below(MODEL_OWNERS)];
    struct frame *f = frame_record(n);
    int result;

    if (model_page[n].type < FRAME_DATA) {
        return 0;
    }
    frame_lock(f);
    result = frame_give(list_of(f->owner), &to->list, to->id, &f, 1);
    frame_unlock(f);
    CHECK_EQUAL(result, model_give(n, to->id));
    model_compare(n);
    return result;
}

/* The first owner along the chain that would have the frame, or 0. The chain is
   the real one's, which machine_check has looked at. */
static uint32_t
heir_of(ppn_t n, uint32_t owner)
{
    uint64_t pages = (uint64_t)1 << model_page[n].order;

    for (uint32_t link = frame_record(n)->chain; link != 0;) {
        const struct model_page *table = &model_page[link >> 9];
        const uint64_t *shadow = frame_contents(table->shadow);
        uint32_t id = table->owner;

        if ((table->entry[link % 512] & PTE_HEIR) && id != owner &&
            !owners[id / 11 - 1].dead &&
            (model_account_of(id) == model_account_of(owner) ||
             model_has_room(model_account_of(id), 0, pages))) {
            return id;
        }
        link = (uint32_t)shadow[link % 512];
    }
    return 0;
}

static int
release_refused(ppn_t n, uint32_t owner)
{
    const struct model_page *p = &model_page[n];

    return p->owner != owner       ? -EPERM
           : p->type != FRAME_DATA ? -EINVAL
           : p->pins != 0          ? -EBUSY
                                   : 0;
}

/* One call, and what the model says of it. */
static int
release_once(ppn_t n, uint32_t owner, unsigned limit)
{
    struct frame *f = frame_record(n);
    struct model_page *p = &model_page[n];
    int refused = release_refused(n, owner);
    /* None is looked for any more when breaking has begun. */
    uint32_t heir =
        refused == 0 && !(f->harts >> 33 & 1) ? heir_of(n, owner) : 0;
    bool breaking = p->breaking && !(f->harts >> 32 & 1);
    int result;

    call_begin();
    hold(n);
    result = pt_release(list_of(owner), owner, f, limit);
    if (refused < 0) {
        CHECK_EQUAL(result, refused);
        CHECK_EQUAL((f->flags & FRAME_BREAKING) != 0, p->breaking);
    } else if (result == -EAGAIN) {
        unsigned removed = model_sync(n);

        CHECK(removed == limit || removed == 0);
        CHECK(f->flags & FRAME_BREAKING);
        CHECK(heir == 0 || removed == 0 || breaking);
        p->breaking = true;
        hold_drop();
    } else if (result == -EBUSY) {
        CHECK(limit == 0 && heir == 0 && model_busy(n));
        CHECK(!breaking || (f->flags & FRAME_BREAKING));
        p->breaking = f->flags & FRAME_BREAKING;
    } else if (heir != 0) {
        CHECK_EQUAL(result, 1);
        CHECK_EQUAL(model_give(n, heir), 0);
        p->breaking = false;
    } else {
        CHECK(limit != 0 || !model_busy(n));
        CHECK_EQUAL(result, 0);
        CHECK(model_sync(n) <= limit);
        p->breaking = false;
        CHECK_EQUAL(model_return(n), 0);
    }
    call_end();
    if (result != -EAGAIN) {
        model_compare(n);
    }
    return result;
}

int
do_release(void)
{
    ppn_t n = page_any(MASK(FRAME_DATA));
    unsigned limit = chance(30) ? 0 : chance(50) ? 1 : PT_BATCH_MAX;
    uint32_t owner;
    int result;

    for (unsigned i = 0; i < 60 && model_page[n].maps == 0; i++) {
        n = page_any(chance(95) ? MASK(FRAME_DATA) : ~0u);
    }
    if (model_page[n].type < FRAME_DATA) {
        return 0;
    }
    owner = chance(95) ? model_page[n].owner : owners[below(MODEL_OWNERS)].id;
    do {
        result = release_once(n, owner, limit);
    } while (result == -EAGAIN && chance(98));
    return result;
}

/* Who is dead is no heir. */
int
do_die(void)
{
    struct machine_owner *owner = &owners[below(MODEL_OWNERS)];

    owner->dead = chance(30);
    return 0;
}

/* The call, until it is done: by the owner, or by a capability. */
int
do_set_guard(void)
{
    ppn_t n = page_any(chance(97) ? MASK(FRAME_DATA) | MASK_TABLES : ~0u);
    unsigned guard = (unsigned)below(MODEL_GUARDS - 1);
    unsigned cap = (unsigned)below(MODEL_CAPS);
    uint32_t owner = chance(50) ? model_page[n].owner : 99;
    const struct model_page *p = &model_page[n];
    bool table = pt_type_is_table(p->type);
    int expected;
    int result;

    if (p->type < FRAME_DATA) {
        return 0;
    }
    expected = p->owner != owner && !(model_dominates(cap, p->guard) &&
                                      model_right(cap, CAP_CONTROL))
                   ? -EPERM
               : p->type != FRAME_DATA && !table ? -EINVAL
               : p->pins != 0                    ? -EBUSY
                                                 : 0;
    do {
        call_begin();
        hold(n);
        result = pt_set_guard(
            frame_record(n), &model_guard[guard], owner,
            chance(90) || owner != p->owner ? &model_caps.entry[cap] : NULL,
            PT_BATCH_MAX);
        hold_drop();
        if (expected == 0) {
            CHECK_EQUAL(result, model_break(n, PT_BATCH_MAX));
        }
        call_end();
    } while (result == -EAGAIN);
    CHECK_EQUAL(result, expected);
    if (result == 0) {
        model_page[n].guard = (uint8_t)guard;
        if (!table) {
            contents_guard(n, guard);
        }
    }
    model_compare(n);
    return result;
}

/* Which page it takes is its own affair; if none, there was none near. */
int
do_idle(void)
{
    unsigned found = 0;
    bool result = frame_scrub_idle();

    for (unsigned i = 0; i < machine_page_count; i++) {
        ppn_t n = machine_pages[i];
        struct model_page *p = &model_page[n];

        if (p->type == FRAME_FREE && !p->clean &&
            (frame_record(n)->flags & FRAME_CLEAN)) {
            CHECK_EQUAL(p->order, 0);
            CHECK_EQUAL(*page_word(n, 0), 0);
            CHECK_EQUAL(*page_word(n, 1), 0);
            p->clean = true;
            p->unscrubbed = false;
            found++;
        }
    }
    CHECK_EQUAL(found, result);
    return result ? 0 : -EAGAIN;
}
