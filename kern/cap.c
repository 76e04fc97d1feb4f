/* SPDX-License-Identifier: MIT */
/*
 * A list is searched by nobody, so nothing is kept but the entries themselves;
 * and since an entry is made from its name and rights in one place, cap_make(),
 * what is precomputed in it cannot disagree with them.
 */
#include "kern/cap.h"

#include "kern/abi/error.h"

#define COMPONENT_BITS 16
#define COMPONENT_MASK 0xffff
#define WORD_COMPONENTS 4

_Static_assert(sizeof(struct cap) == CAP_SIZE, "entries are found by a shift");
_Static_assert(sizeof(struct cap_list) == FRAME_SIZE, "a list is one frame");
_Static_assert(offsetof(struct cap, name.word[0]) == CAP_OFFSET_WORD0 &&
                   offsetof(struct cap, name.word[1]) == CAP_OFFSET_WORD1 &&
                   offsetof(struct cap, mask.word[0]) == CAP_OFFSET_MASK0 &&
                   offsetof(struct cap, mask.word[1]) == CAP_OFFSET_MASK1,
               "assembly compares by these");
_Static_assert(offsetof(struct cap, read_word0) == CAP_OFFSET_READ_WORD0 &&
                   offsetof(struct cap, write_word0) ==
                       CAP_OFFSET_WRITE_WORD0 &&
                   offsetof(struct cap, pte_forbidden) ==
                       CAP_OFFSET_PTE_FORBIDDEN &&
                   offsetof(struct cap, rights) == CAP_OFFSET_RIGHTS,
               "assembly asks for rights by these");
_Static_assert(CAP_SERIAL_BASE + CAP_SERIAL_HALF == COMPONENT_MASK,
               "half a serial is never 0xffff");
_Static_assert(CAP_SERIAL_HALF *CAP_SERIAL_HALF == CAP_SERIALS,
               "each serial has a first and a second half");
_Static_assert(CAP_SERIAL_BASE == CAP_CHOSEN_MAX + 1,
               "what can be chosen is no half of a serial");

/* The mask of zeroes alone would match everything; the poison is what keeps it
   from matching anything. */
static const struct cap cap_empty = {
    .name = {{CAP_POISON, CAP_POISON}},
    .read_word0 = CAP_POISON,
    .write_word0 = CAP_POISON,
    .pte_forbidden = UINT64_MAX,
};

/* Ones over the components of one word of a valid name. */
static uint64_t
word_mask(uint64_t word)
{
    uint64_t mask = 0;

    for (; word != 0; word >>= COMPONENT_BITS) {
        mask = mask << COMPONENT_BITS | COMPONENT_MASK;
    }
    return mask;
}

bool
cap_name_valid(const struct cap_name *name)
{
    uint64_t low = name->word[0];
    uint64_t high = name->word[1];
    bool half = false; /* the second half of a serial must follow */

    while ((low | high) != 0) {
        uint64_t component = low & COMPONENT_MASK;
        bool serial = component >= CAP_SERIAL_BASE;

        if (component == 0 || component == COMPONENT_MASK ||
            (half && !serial)) {
            return false;
        }
        half = serial && !half;
        low = low >> COMPONENT_BITS | high << (64 - COMPONENT_BITS);
        high >>= COMPONENT_BITS;
    }
    return !half;
}

bool
cap_name_dominates(const struct cap_name *prefix, const struct cap_name *name)
{
    return (name->word[0] & word_mask(prefix->word[0])) == prefix->word[0] &&
           (name->word[1] & word_mask(prefix->word[1])) == prefix->word[1];
}

/* The only maker of entries. Rights are bits of CAP_RIGHTS_ALL. */
static struct cap
cap_make(struct cap_name name, unsigned length, uint64_t rights)
{
    bool read = (rights & CAP_READ) != 0;
    bool write = (rights & CAP_WRITE) != 0;

    return (struct cap){
        .name = name,
        .mask = {{word_mask(name.word[0]), word_mask(name.word[1])}},
        .read_word0 = read ? name.word[0] : CAP_POISON,
        .write_word0 = write ? name.word[0] : CAP_POISON,
        .pte_forbidden = CAP_PTE_NEVER | (read ? 0 : CAP_PTE_NEED_READ) |
                         (write ? 0 : CAP_PTE_NEED_WRITE),
        .rights = (uint8_t)rights,
        .length = (uint8_t)length,
        .held = 1,
    };
}

/* The name with one more component, for which it must have room. */
static struct cap_name
name_append(struct cap_name name, unsigned length, uint64_t component)
{
    name.word[length / WORD_COMPONENTS] |=
        component << (length % WORD_COMPONENTS * COMPONENT_BITS);
    return name;
}

/* Whether `to` can be filled: 0, -ERANGE or -EBUSY. */
static int
entry_check_empty(const struct cap_list *list, uint64_t to)
{
    if (to >= CAP_LIST_ENTRIES) {
        return -ERANGE;
    }
    return list->entry[to].held ? -EBUSY : 0;
}

void
cap_list_init(struct cap_list *list)
{
    struct cap empty = cap_empty;

    for (unsigned i = 0; i < CAP_LIST_ENTRIES; i++) {
        list->entry[i] = empty;
    }
}

void
cap_init_root(struct cap_list *list)
{
    cap_list_init(list);
    list->entry[0] = cap_make((struct cap_name){{0, 0}}, 0, CAP_RIGHTS_ALL);
}

int
cap_derive(struct cap_list *list, uint64_t from, uint64_t to,
           uint64_t component, uint64_t keep)
{
    const struct cap *c = cap_entry(list, from);
    struct cap_name name;
    unsigned length;
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    error = entry_check_empty(list, to);
    if (error != 0) {
        return error;
    }
    if (component > CAP_CHOSEN_MAX || keep > CAP_RIGHTS_ALL) {
        return -EINVAL;
    }
    name = c->name;
    length = c->length;
    if (component != 0) {
        if (length == CAP_COMPONENTS) {
            return -ENAMETOOLONG;
        }
        name = name_append(name, length++, component);
    }

    list->entry[to] = cap_make(name, length, c->rights & keep);
    return 0;
}

int
cap_fresh(struct cap_list *list, uint64_t from, uint64_t to,
          uint32_t *next_serial)
{
    const struct cap *c = cap_entry(list, from);
    uint32_t serial = *next_serial;
    struct cap_name name;
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    error = entry_check_empty(list, to);
    if (error != 0) {
        return error;
    }
    if ((c->rights & CAP_FRESH) == 0) {
        return -EPERM;
    }
    if (c->length + 2 > CAP_COMPONENTS) {
        return -ENAMETOOLONG;
    }
    if (serial >= CAP_SERIALS) {
        return -ENOSERIAL;
    }

    *next_serial = serial + 1;
    name = name_append(c->name, c->length,
                       CAP_SERIAL_BASE + serial / CAP_SERIAL_HALF);
    name = name_append(name, c->length + 1u,
                       CAP_SERIAL_BASE + serial % CAP_SERIAL_HALF);
    list->entry[to] = cap_make(name, c->length + 2u, CAP_RIGHTS_ALL);
    return 0;
}

int
cap_grant(const struct cap *c, struct cap_list *to_list, uint64_t to,
          uint64_t keep)
{
    struct cap granted;
    uint64_t last;
    int error;

    if (c == NULL) {
        return -EBADF;
    }
    error = entry_check_empty(to_list, to);
    if (error != 0) {
        return error;
    }
    if ((c->rights & CAP_PASS) == 0) {
        return -EPERM;
    }
    if (keep > CAP_RIGHTS_ALL) {
        return -EINVAL;
    }

    granted = cap_make(c->name, c->length, c->rights & keep);
    last = granted.last;
    granted.last = 0;
    to_list->entry[to] = granted;
    /* Release: its env may run, and looks at rights or `held` first. */
    __atomic_store_n(&to_list->entry[to].last, last, __ATOMIC_RELEASE);
    return 0;
}

int
cap_drop(struct cap_list *list, uint64_t index)
{
    if (cap_entry(list, index) == NULL) {
        return -EBADF;
    }

    list->entry[index] = cap_empty;
    return 0;
}
