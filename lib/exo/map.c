/* SPDX-License-Identifier: MIT */
#include "lib/exo/map.h"

#include "kern/abi/frame.h"
#include "lib/exo/exo.h"

#define BATCH 64
#define ENTRIES 512
#define VIEWS 256
#define BORROWED 510
#define ITSELF 511
#define LEAF (EXO_R | EXO_W | EXO_X)
#define PPN_SHIFT 10
#define SPAN(level) ((uint64_t)FRAME_SIZE << 9 * (level))
#define RECORDS ((const volatile struct frame *)INFORMATION_FRAMES)

/* The entry that an address leads to, at the lowest level that there is. */
struct place {
    uint64_t table;
    uint64_t index;
    unsigned level;
    uint64_t entry;
};

uint64_t exo_map_window;

static uint64_t
index_of(uint64_t address, unsigned level)
{
    return address >> (FRAME_SHIFT + 9 * level) & (ENTRIES - 1);
}

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static const volatile uint64_t *
slot_address(uint64_t slot)
{
    return (const volatile uint64_t *)(EXO_WINDOW + slot * FRAME_SIZE);
}

struct exo_map
exo_map_own(void)
{
    return (struct exo_map){exo_root, exo_cap};
}

int64_t
exo_frame_alloc(uint64_t cap, uint64_t order)
{
    int64_t frame = sys_frame_alloc(cap, order, 0);

    if (frame > 0 && (RECORDS[frame].flags & FRAME_UNSCRUBBED)) {
        while (sys_frame_scrub((uint64_t)frame) == -EAGAIN) {
        }
    }
    return frame;
}

int64_t
exo_frame_free(uint64_t frame)
{
    return sys_frame_free(frame, 0);
}

/* An empty table; the kernel clears its frames. */
static int64_t
table_new(uint64_t cap, unsigned level)
{
    int64_t table = sys_frame_alloc(cap, 0, 0);
    int64_t shadow = table < 0 ? table : sys_frame_alloc(cap, 0, 0);
    int64_t error = shadow < 0 ? shadow : -EAGAIN;

    while (error == -EAGAIN) {
        error = sys_pt_make((uint64_t)table, (uint64_t)shadow, level);
    }
    if (error < 0 && table > 0) {
        sys_frame_free((uint64_t)table, 0);
    }
    if (error < 0 && shadow > 0) {
        sys_frame_free((uint64_t)shadow, 0);
    }
    return error < 0 ? error : table;
}

static int64_t
table_free(uint64_t table)
{
    uint64_t shadow = RECORDS[table].shadow;
    int64_t error = sys_pt_unmake(table);

    if (error == 0) {
        sys_frame_free(table, 0);
        sys_frame_free(shadow, 0);
    }
    return error;
}

static int64_t
slot_map(uint64_t slot, uint64_t cap, uint64_t frame, uint64_t bits)
{
    exo_uarea->batch[0] = frame << PPN_SHIFT | bits;
    return sys_pt_map(exo_cap | cap << 8, exo_map_window, slot, 1);
}

/* Nothing has been looked at yet: but the entry of the root is the window's
   by custom, so nothing needs to be. */
static int64_t
window_open(void)
{
    uint64_t caps = exo_cap | exo_cap << 8;
    int64_t middle;
    int64_t table;
    int64_t error;

    if (exo_map_window != 0) {
        return 0;
    }
    middle = table_new(exo_cap, 1);
    if (middle < 0) {
        return middle;
    }
    table = table_new(exo_cap, 0);
    error = table < 0 ? table
                      : sys_pt_link(caps, exo_root, index_of(EXO_WINDOW, 2),
                                    (uint64_t)middle);
    if (error < 0) {
        table_free((uint64_t)middle);
        if (table > 0) {
            table_free((uint64_t)table);
        }
        return error;
    }
    /* Of fresh tables of one's own, neither of these is refused. */
    exo_map_window = (uint64_t)table;
    (void)sys_pt_link(caps, (uint64_t)middle, 0, exo_map_window);
    (void)slot_map(ITSELF, exo_cap, exo_map_window, EXO_AD);
    return 0;
}

/* The entries of a table, or NULL and why. A slot may have been emptied by the
   kernel, when the table was broken: so its entry is looked at each time. */
static const volatile uint64_t *
view(uint64_t cap, uint64_t table, int64_t *error)
{
    uint64_t slot = table % VIEWS;
    uint64_t entry;

    *error = window_open();
    if (*error < 0) {
        return NULL;
    }
    entry = slot_address(ITSELF)[slot];
    if (entry >> PPN_SHIFT != table) {
        if (entry != 0) {
            sys_pt_unmap(exo_cap, exo_map_window, slot, 1);
        }
        *error = slot_map(slot, cap, table, EXO_AD);
    }
    return *error < 0 ? NULL : slot_address(slot);
}

static void
view_drop(uint64_t table)
{
    uint64_t slot = table % VIEWS;

    if (exo_map_window != 0 &&
        slot_address(ITSELF)[slot] >> PPN_SHIFT == table) {
        sys_pt_unmap(exo_cap, exo_map_window, slot, 1);
    }
}

int64_t
exo_map_new(struct exo_map *map, uint64_t cap)
{
    int64_t root = table_new(cap, 2);

    *map = (struct exo_map){root < 0 ? 0 : (uint64_t)root, cap};
    return root < 0 ? root : 0;
}

/* Goes down to `level`, or to where a leaf or nothing is. */
static int64_t
descend(const struct exo_map *map, uint64_t address, unsigned level,
        struct place *place)
{
    int64_t error;

    *place = (struct place){.table = map->root};
    for (place->level = 2;; place->level--) {
        const volatile uint64_t *entries = view(map->cap, place->table, &error);

        if (entries == NULL) {
            return error;
        }
        place->index = index_of(address, place->level);
        place->entry = entries[place->index];
        if (place->level <= level || place->entry == 0 ||
            (place->entry & LEAF)) {
            return 0;
        }
        place->table = place->entry >> PPN_SHIFT;
    }
}

int64_t
exo_map_find(const struct exo_map *map, uint64_t address, unsigned *level)
{
    struct place place;
    int64_t error =
        address < USER_END ? descend(map, address, 0, &place) : -EINVAL;

    if (error < 0) {
        return error;
    }
    *level = place.level;
    return (int64_t)place.entry;
}

int64_t
exo_map_table(const struct exo_map *map, uint64_t address)
{
    struct place place;
    int64_t error =
        address < USER_END ? descend(map, address, 0, &place) : -EINVAL;

    return error < 0 ? error : place.level > 0 ? 0 : (int64_t)place.table;
}

const volatile uint64_t *
exo_map_view(const struct exo_map *map, uint64_t address)
{
    int64_t table = exo_map_table(map, address);
    int64_t error;

    return table <= 0 ? NULL : view(map->cap, (uint64_t)table, &error);
}

/* Goes down, making what is missing: -EBUSY if a larger page is there. */
static int64_t
descend_make(const struct exo_map *map, uint64_t address, unsigned level,
             struct place *place)
{
    for (;;) {
        int64_t error = descend(map, address, level, place);
        int64_t table;

        if (error < 0 || place->level == level) {
            return error;
        }
        if (place->entry != 0) {
            return -EBUSY;
        }
        table = table_new(map->cap, place->level - 1);
        if (table < 0) {
            return table;
        }
        error = sys_pt_link(map->cap | map->cap << 8, place->table,
                            place->index, (uint64_t)table);
        if (error < 0) {
            table_free((uint64_t)table);
            return error;
        }
    }
}

static bool
range_good(uint64_t address, uint64_t size, uint64_t span)
{
    return ((address | size) & (span - 1)) == 0 && address < USER_END &&
           size <= USER_END - address;
}

int64_t
exo_map_insert(const struct exo_map *map, const struct exo_range *range,
               uint64_t cap, const uint64_t *frame, uint64_t bits)
{
    uint64_t span = SPAN(range->level);
    uint64_t leaf = bits | EXO_AD | EXO_R;
    uint64_t done = 0;

    if (range->level > 2 || range->count > USER_END / span ||
        !range_good(range->address, range->count * span, span)) {
        return -EINVAL;
    }
    while (done < range->count) {
        struct place place;
        uint64_t address = range->address + done * span;
        int64_t error = descend_make(map, address, range->level, &place);

        if (error == 0) {
            uint64_t count = smaller(smaller(range->count - done, BATCH),
                                     ENTRIES - place.index);

            for (uint64_t i = 0; i < count; i++) {
                exo_uarea->batch[i] = frame[done + i] << PPN_SHIFT | leaf;
            }
            error = sys_pt_map(map->cap | cap << 8, place.table, place.index,
                               count);
        }
        if (error < 0) {
            exo_map_remove(map, range->address, done * span);
            return error;
        }
        done += (uint64_t)error;
    }
    return 0;
}

/* What is to be done to a run of leaves in one table: the kernel's answer. */
struct change {
    bool protect;
    uint64_t cap;
    uint64_t clear;
    uint64_t set;
};

/* Entries from the place on, at most `limit`, that are set, or with `zero`
   not. */
static uint64_t
run_length(const struct exo_map *map, const struct place *place, uint64_t limit,
           bool zero)
{
    int64_t error;
    const volatile uint64_t *entries = view(map->cap, place->table, &error);
    uint64_t count = 1;

    limit = smaller(smaller(limit, BATCH), ENTRIES - place->index);
    while (entries != NULL && count < limit &&
           (entries[place->index + count] == 0) == zero) {
        count++;
    }
    return count;
}

/* Does the change to all leaves in the range, or if it is NULL only looks
   whether all lie inside. */
static int64_t
range_change(const struct exo_map *map, uint64_t address, uint64_t end,
             const struct change *change)
{
    int64_t changed = 0;

    while (address < end) {
        struct place place;
        int64_t done = descend(map, address, 0, &place);
        uint64_t start = address & ~(SPAN(place.level) - 1);
        uint64_t count = 1;

        if (done < 0) {
            return done;
        }
        if (place.entry != 0 &&
            (start < address || end - start < SPAN(place.level))) {
            return -EINVAL;
        }
        if (place.level == 0) {
            count = run_length(map, &place, (end - address) >> FRAME_SHIFT,
                               place.entry == 0);
        }
        if (place.entry != 0 && change != NULL) {
            done =
                change->protect
                    ? sys_pt_protect(map->cap | change->cap << 8, place.table,
                                     place.index, count, change->clear,
                                     change->set)
                    : sys_pt_unmap(map->cap, place.table, place.index, count);
            if (done < 0) {
                return done;
            }
            if (change->protect) {
                count = (uint64_t)done;
            }
            changed += done;
        }
        address = start + count * SPAN(place.level);
    }
    return changed;
}

int64_t
exo_map_remove(const struct exo_map *map, uint64_t address, uint64_t size)
{
    static const struct change remove = {.protect = false};
    int64_t error = range_good(address, size, FRAME_SIZE)
                        ? range_change(map, address, address + size, NULL)
                        : -EINVAL;

    return error < 0 ? error
                     : range_change(map, address, address + size, &remove);
}

int64_t
exo_map_protect(const struct exo_map *map, uint64_t address, uint64_t size,
                uint64_t cap, uint64_t clear, uint64_t set)
{
    const struct change protect = {true, cap, clear, set};
    int64_t error = range_good(address, size, FRAME_SIZE)
                        ? range_change(map, address, address + size, NULL)
                        : -EINVAL;

    return error < 0 ? error
                     : range_change(map, address, address + size, &protect);
}

int64_t
exo_map_copy(const struct exo_map *from, const struct exo_range *range,
             const struct exo_map *to, uint64_t to_address, uint64_t keep)
{
    uint64_t size = range->count * FRAME_SIZE;
    uint64_t count;

    if (range->level != 0 || range->count > USER_END / FRAME_SIZE ||
        !range_good(range->address, size, FRAME_SIZE) ||
        !range_good(to_address, size, FRAME_SIZE)) {
        return -EINVAL;
    }
    for (uint64_t done = 0; done < range->count; done += count) {
        struct place source;
        struct place target;
        uint64_t at = range->address + done * FRAME_SIZE;
        int64_t error = descend(from, at, 0, &source);

        if (error == 0 && source.level > 0 && source.entry != 0) {
            error = -EINVAL;
        }
        if (error < 0) {
            return error;
        }
        if (source.level > 0) { /* a hole */
            count = smaller(ENTRIES - index_of(at, 0), range->count - done);
            continue;
        }
        error = descend_make(to, to_address + done * FRAME_SIZE, 0, &target);
        if (error < 0) {
            return error;
        }
        count =
            smaller(smaller(range->count - done, BATCH),
                    smaller(ENTRIES - source.index, ENTRIES - target.index));
        error =
            sys_pt_copy(to->cap | from->cap << 8, source.table, target.table,
                        source.index | target.index << 16, count, keep);
        if (error < 0) {
            return error;
        }
        count = (uint64_t)error;
    }
    return 0;
}

/* Visits what lies below one table. */
static int64_t
table_visit(const struct exo_map *map, struct exo_entry at,
            int64_t (*visit)(void *context, const struct exo_entry *),
            void *context)
{
    uint64_t base = at.address;
    uint64_t limit = at.level == 2 ? index_of(USER_END, 2) : ENTRIES;
    int64_t error = 0;

    for (at.index = 0; at.index < limit; at.index++) {
        /* Visiting may take the view away. */
        const volatile uint64_t *entries = view(map->cap, at.table, &error);

        if (entries == NULL) {
            return error;
        }
        at.entry = entries[at.index];
        at.address = base + at.index * SPAN(at.level);
        if (at.entry == 0) {
            continue;
        }
        if (at.level > 0 && !(at.entry & LEAF)) {
            error =
                table_visit(map,
                            (struct exo_entry){.address = at.address,
                                               .table = at.entry >> PPN_SHIFT,
                                               .level = at.level - 1},
                            visit, context);
        }
        error = error < 0 ? error : visit(context, &at);
        if (error < 0) {
            return error;
        }
    }
    return 0;
}

int64_t
exo_map_visit(const struct exo_map *map,
              int64_t (*visit)(void *context, const struct exo_entry *),
              void *context)
{
    return table_visit(map, (struct exo_entry){.table = map->root, .level = 2},
                       visit, context);
}

int64_t
exo_map_unlink(const struct exo_map *map, const struct exo_entry *e)
{
    uint64_t table = e->entry >> PPN_SHIFT;
    int64_t error = sys_pt_unmap(map->cap, e->table, e->index, 1);

    view_drop(table);
    return error < 0 || RECORDS[table].owner != exo_id ? error
                                                       : table_free(table);
}

struct trim {
    const struct exo_map *map;
    uint64_t start;
    uint64_t end;
    int64_t count;
};

static int64_t
trim_visit(void *context, const struct exo_entry *e)
{
    struct trim *trim = context;

    if (!(e->entry & LEAF) && e->address < trim->end &&
        e->address + SPAN(e->level) > trim->start &&
        RECORDS[e->entry >> PPN_SHIFT].used == 0) {
        trim->count++;
        return exo_map_unlink(trim->map, e);
    }
    return 0;
}

int64_t
exo_map_trim(const struct exo_map *map, uint64_t address, uint64_t size)
{
    struct trim trim = {map, address, address + size, 0};
    int64_t error = exo_map_visit(map, trim_visit, &trim);

    return error < 0 ? error : trim.count;
}

int64_t
exo_map_free(const struct exo_map *map)
{
    view_drop(map->root);
    return table_free(map->root);
}

void *
exo_map_borrow(uint64_t cap, uint64_t frame)
{
    exo_map_return();
    return window_open() < 0 ||
                   slot_map(BORROWED, cap, frame, EXO_W | EXO_AD) < 0
               ? NULL
               : (void *)(EXO_WINDOW + BORROWED * FRAME_SIZE);
}

void
exo_map_return(void)
{
    if (exo_map_window != 0) {
        sys_pt_unmap(exo_cap, exo_map_window, BORROWED, 1);
    }
}

void
exo_map_forget(void)
{
    for (unsigned slot = 0; exo_map_window != 0 && slot < VIEWS;
         slot += BATCH) {
        sys_pt_unmap(exo_cap, exo_map_window, slot, BATCH);
    }
}
