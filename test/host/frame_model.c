/* SPDX-License-Identifier: MIT */
#include "frame_model.h"

#include "check.h"
#include "kern/abi/error.h"

struct model_page *model_page;
uint64_t model_free;
struct cap_name model_guard[MODEL_GUARDS];
struct cap_list model_caps;
struct model_account model_account[MODEL_ACCOUNTS];

/* Names as components, 0 ends. */
static const uint16_t guard_path[MODEL_GUARDS - 1][3] = {
    {0}, {1}, {1, 1}, {1, 2}, {2}};
static const struct {
    uint16_t path[3];
    uint8_t rights;
    bool held;
} cap_path[MODEL_CAPS] = {
    {{0}, CAP_RIGHTS_ALL, true},
    {{1}, CAP_READ | CAP_WRITE, true},
    {{1}, CAP_READ, true},
    {{1, 1}, CAP_RIGHTS_ALL, true},
    {{2}, CAP_READ | CAP_WRITE, true},
    {{1}, CAP_WRITE, true},
    {{0}, CAP_READ, true},
    {{0}, 0, false},
};

void
model_init(void)
{
    model_page = calloc(FRAME_LIMIT, sizeof(*model_page));
    CHECK(model_page != NULL);
    for (unsigned i = 0; i < machine_page_count; i++) {
        const struct frame *f = frame_record(machine_pages[i]);

        model_page[machine_pages[i]] = (struct model_page){
            .type = f->type, .order = f->order, .guard = MODEL_GUARDS - 1};
    }
    model_free = machine_page_count;
    cap_init_root(&model_caps);
    for (unsigned i = 0; i < MODEL_CAPS; i++) {
        const uint16_t *path = cap_path[i].path;
        unsigned at = 63;

        CHECK_EQUAL(cap_derive(&model_caps, 0, at, 0, CAP_RIGHTS_ALL), 0);
        for (unsigned c = 0; c < 3 && path[c] != 0; c++) {
            CHECK_EQUAL(
                cap_derive(&model_caps, at, at - 1, path[c], CAP_RIGHTS_ALL),
                0);
            (void)cap_drop(&model_caps, at);
            at--;
        }
        if (cap_path[i].held && i > 0) {
            CHECK_EQUAL(cap_derive(&model_caps, at, i, 0, cap_path[i].rights),
                        0);
        }
        (void)cap_drop(&model_caps, at);
    }
    for (unsigned i = 0; i < MODEL_GUARDS - 1; i++) {
        for (unsigned c = 0; c < 3; c++) {
            model_guard[i].word[0] |= (uint64_t)guard_path[i][c] << 16 * c;
        }
    }
    model_guard[MODEL_GUARDS - 1] =
        (struct cap_name){{~(uint64_t)0, ~(uint64_t)0}};
}

bool
model_right(unsigned cap, uint64_t right)
{
    return cap_path[cap].held && (cap_path[cap].rights & right) == right;
}

bool
model_dominates(unsigned cap, unsigned guard)
{
    if (!cap_path[cap].held) {
        return false;
    }
    for (unsigned c = 0; c < 3 && cap_path[cap].path[c] != 0; c++) {
        if (guard == MODEL_GUARDS - 1 ||
            cap_path[cap].path[c] != guard_path[guard][c]) {
            return false;
        }
    }
    return true;
}

static uint64_t
pages_of(ppn_t n)
{
    return (uint64_t)1 << model_page[n].order;
}

ppn_t
model_head(ppn_t n)
{
    if (n >= FRAME_LIMIT || model_page[n].type == FRAME_ABSENT) {
        return 0;
    }
    while (model_page[n].type == FRAME_PART) {
        n--;
    }
    return n;
}

bool
model_busy(ppn_t n)
{
    return model_page[n].maps != 0 || model_page[n].pins != 0 ||
           model_page[n].breaking;
}

struct model_account *
model_account_of(uint32_t owner)
{
    return &model_account[owner / 11 - 1];
}

bool
model_has_room(const struct model_account *a, unsigned kind, uint64_t amount)
{
    return amount <= a->limit[kind] && a->used[kind] <= a->limit[kind] - amount;
}

int
model_carve(unsigned from, unsigned row, const uint64_t limit[2])
{
    struct model_account *parent = &model_account[from];

    if (limit[0] == 0 && limit[1] == 0) {
        return -EINVAL;
    }
    if (!model_has_room(parent, 0, limit[0]) ||
        !model_has_room(parent, 1, limit[1])) {
        return -EDQUOT;
    }
    model_account[row] =
        (struct model_account){true, from, {limit[0], limit[1]}, {0, 0}};
    parent->used[0] += limit[0];
    parent->used[1] += limit[1];
    return 0;
}

int
model_close(unsigned row, unsigned from)
{
    struct model_account *a = &model_account[row];

    if (!a->open || row == 0 || a->parent != from) {
        return -EPERM;
    }
    /* The owners' accounts have an env each. */
    if (row < MODEL_OWNERS || a->used[0] != 0 || a->used[1] != 0) {
        return -EBUSY;
    }
    a->open = false;
    model_account[from].used[0] -= a->limit[0];
    model_account[from].used[1] -= a->limit[1];
    return 0;
}

int
model_give(ppn_t n, uint32_t owner)
{
    struct model_account *from = model_account_of(model_page[n].owner);
    struct model_account *to = model_account_of(owner);

    if (from != to && !model_has_room(to, 0, pages_of(n))) {
        return -EDQUOT;
    }
    from->used[0] -= pages_of(n);
    to->used[0] += pages_of(n);
    model_page[n].owner = owner;
    return 0;
}

/* Turns the head n into heads of a lower order. */
static void
split_to(ppn_t n, unsigned order)
{
    struct model_page whole = model_page[n];
    uint64_t pages = pages_of(n);

    whole.order = (uint8_t)order;
    whole.scrubbed = 0;
    for (ppn_t at = n; at < n + pages; at += (ppn_t)1 << order) {
        model_page[at] = whole;
    }
}

int
model_take(uint32_t owner, unsigned guard, uint64_t order, ppn_t wanted,
           ppn_t taken)
{
    struct model_account *account = model_account_of(owner);
    ppn_t head;

    if ((order != 0 && order != 9 && order != 18) ||
        wanted % ((ppn_t)1 << order) != 0 ||
        (wanted != 0 && model_head(wanted) == 0)) {
        return -EINVAL;
    }
    if (!model_has_room(account, 0, (uint64_t)1 << order)) {
        return -EDQUOT;
    }
    if (wanted != 0) {
        head = model_head(wanted);
        if (model_page[head].type != FRAME_FREE ||
            model_page[head].order < order) {
            return -EBUSY;
        }
        CHECK_EQUAL(taken, wanted);
    } else {
        unsigned least = UINT8_MAX;

        for (unsigned i = 0; i < machine_page_count; i++) {
            const struct model_page *p = &model_page[machine_pages[i]];

            if (p->type == FRAME_FREE && p->order >= order &&
                p->order < least) {
                least = p->order;
            }
        }
        if (least == UINT8_MAX) {
            return -ENOMEM;
        }
        head = model_head(taken);
        CHECK(head != 0 && model_page[head].type == FRAME_FREE);
        CHECK_EQUAL(model_page[head].order, least);
    }
    while (model_page[head].order > order) {
        split_to(head, model_page[head].order - 9u);
        head = model_head(taken);
    }
    CHECK_EQUAL(head, taken);
    model_page[taken].type = FRAME_DATA;
    model_page[taken].owner = owner;
    if (model_page[taken].guard != guard) {
        model_page[taken].unscrubbed = !model_page[taken].clean;
    }
    model_page[taken].guard = (uint8_t)guard;
    model_free -= (uint64_t)1 << order;
    account->used[0] += (uint64_t)1 << order;
    return 0;
}

int
model_return(ppn_t n)
{
    struct model_page *p = &model_page[n];

    if (p->type != FRAME_DATA) {
        return -EINVAL;
    }
    if (model_busy(n)) {
        return -EBUSY;
    }
    model_account_of(p->owner)->used[0] -= pages_of(n);
    p->type = FRAME_FREE;
    p->owner = 0;
    p->scrubbed = 0;
    model_free += pages_of(n);
    return 0;
}

int
model_set_guard(ppn_t n, unsigned guard)
{
    if (model_page[n].type != FRAME_DATA) {
        return -EINVAL;
    }
    if (model_busy(n)) {
        return -EBUSY;
    }
    model_page[n].guard = (uint8_t)guard;
    return 0;
}

int
model_scrub(ppn_t n)
{
    struct model_page *p = &model_page[n];

    if (p->type != FRAME_DATA || !p->unscrubbed) {
        return -EINVAL;
    }
    if (pages_of(n) - p->scrubbed > FRAME_SCRUB_MAX) {
        p->scrubbed += FRAME_SCRUB_MAX;
        return -EAGAIN;
    }
    p->scrubbed = 0;
    p->unscrubbed = false;
    return 0;
}

int
model_split(uint32_t owner, ppn_t n)
{
    if (model_page[n].type != FRAME_DATA || model_page[n].owner != owner ||
        model_page[n].order == 0) {
        return -EINVAL;
    }
    if (model_busy(n)) {
        return -EBUSY;
    }
    split_to(n, model_page[n].order - 9u);
    return 0;
}

int
model_join(uint32_t owner, ppn_t n)
{
    struct model_page whole = model_page[n];
    uint64_t step = pages_of(n);
    bool invalid = false;
    bool busy = false;

    if (whole.type != FRAME_DATA || whole.owner != owner || whole.order == 18 ||
        n % (512 * step) != 0) {
        return -EINVAL;
    }
    if (model_busy(n)) {
        return -EBUSY;
    }
    for (ppn_t at = n; at < n + 512 * step; at += step) {
        const struct model_page *p = &model_page[at];

        if (at >= FRAME_LIMIT || p->type != FRAME_DATA || p->owner != owner ||
            p->order != whole.order) {
            invalid = true;
        } else if (p->guard != whole.guard) {
            invalid = true;
            busy |= p->breaking;
        } else {
            busy |= model_busy(at);
        }
        whole.unscrubbed |= p->unscrubbed;
    }
    if (invalid || busy) {
        return invalid && busy ? MODEL_EITHER : invalid ? -EINVAL : -EBUSY;
    }
    whole.order = (uint8_t)(whole.order + 9);
    whole.clean = false;
    whole.scrubbed = 0;
    for (ppn_t at = n; at < n + 512 * step; at += step) {
        model_page[at] = (struct model_page){.type = FRAME_PART};
    }
    model_page[n] = whole;
    return 0;
}

void
model_compare(ppn_t n)
{
    const struct model_page *p = &model_page[n];
    const struct frame *f = frame_record(n);

    CHECK_EQUAL(f->type, p->type);
    if (p->type == FRAME_PART || p->type == FRAME_ABSENT) {
        return;
    }
    CHECK_EQUAL(f->order, p->order);
    CHECK_EQUAL(f->flags, (p->unscrubbed ? FRAME_UNSCRUBBED : 0) |
                              (p->clean ? FRAME_CLEAN : 0) |
                              (p->breaking ? FRAME_BREAKING : 0));
    CHECK(memcmp(&f->guard, &model_guard[p->guard], sizeof(f->guard)) == 0);
    CHECK_EQUAL(f->owner, p->owner);
    CHECK_EQUAL(f->maps, p->maps);
    CHECK_EQUAL(f->pins, p->pins);
    CHECK_EQUAL(f->shadow, p->shadow);
    CHECK_EQUAL(f->used, pt_type_is_table(p->type) ? p->used : p->scrubbed);
    CHECK(f->harts == p->harts || (p->type == FRAME_DATA && p->breaking));
    if (pt_type_is_table(p->type)) {
        CHECK(memcmp(frame_contents(n), p->entry,
                     (p->type == FRAME_TABLE_2 ? 255 : 512) * sizeof(pte_t)) ==
              0);
    }
}

void
model_compare_all(void)
{
    CHECK_EQUAL(machine_free(), model_free);
    for (unsigned i = 0; i < machine_page_count; i++) {
        model_compare(machine_pages[i]);
    }
}
