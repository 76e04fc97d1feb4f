/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CAP_H
#define CHITIN_KERN_CAP_H
/*
 * Capabilities: who may do what to which resource. A capability is a
 * hierarchical name with rights; a resource has a guard, which is a name. A
 * capability dominates a guard if its name is a prefix of it, and allows an
 * operation if it dominates the guard and has the right.
 *
 * What holds of every list that only these functions have written:
 *  - names are valid, in the sense of cap_name_valid();
 *  - every entry follows from another by one of three rules: deriving appends a
 *    chosen component or drops rights; `fresh` appends a serial and gives all
 *    rights; granting, by a holder of `pass`, copies or drops rights;
 *  - a serial is given out once, and nothing that can be chosen looks like part
 *    of one: a fresh name is held by its first holder and those it was granted
 *    to, and dominated, besides by these, by holders of a prefix of it;
 *  - an empty entry allows nothing, not even on the empty guard.
 *
 * What names mean (users, programs, files), who is granted what, and which
 * entry of a list is used for what is left to the libOS.
 *
 * Locks: none here. A list is written under the lock of its env, and read under
 * it, or by the only hart that runs the env, or again if it was written
 * meanwhile: an entry read while it is replaced could be taken for a prefix of
 * the old name. The counter of serials has a
 * lock of its own.
 *
 * A number that comes from an env (an entry, a component, rights) is taken as
 * the whole register that it came in, and checked here. Each operation decodes
 * first: one that returns an error has changed nothing. Where several errors
 * apply, the first one listed is returned.
 */
#include "kern/abi/cap.h"
#include "kern/abi/types.h"

/*
 * Whether the name can be a guard: no component after an unused one, none
 * 0xffff, serials whole. Every name from outside is checked by this before
 * anything else here sees it; a name that a guard or a capability already is
 * needs no second check. Cost: some 13 instructions a component.
 */
bool cap_name_valid(const struct cap_name *name);

/* Whether `prefix` is a prefix of `name` (or equal). Both must be valid. */
bool cap_name_dominates(const struct cap_name *prefix,
                        const struct cap_name *name);

static inline bool
cap_name_equal(const struct cap_name *a, const struct cap_name *b)
{
    return __builtin_expect(a->word[0] == b->word[0], 1) &&
           __builtin_expect(a->word[1] == b->word[1], 1);
}

/* Makes every entry empty. Memory of zeroes is not an empty list: it would
   dominate everything. */
void cap_list_init(struct cap_list *list);

/* Makes the list that of the first env: in entry 0 the empty name with all
   rights, every other entry empty. */
void cap_init_root(struct cap_list *list);

/* Entry `index`, or NULL if it is beyond the list or empty. */
static inline const struct cap *
cap_entry(const struct cap_list *list, uint64_t index)
{
    const struct cap *c;

    if (index >= CAP_LIST_ENTRIES) {
        return NULL;
    }
    c = &list->entry[index];
    return c->held ? c : NULL;
}

/* The masked compare of `guard` with the capability's name, of which word 0 is
   given: see struct cap. */
static inline bool
cap_matches(const struct cap *c, uint64_t word0, const struct cap_name *guard)
{
    return (guard->word[0] & c->mask.word[0]) == word0 &&
           (guard->word[1] & c->mask.word[1]) == c->name.word[1];
}

/*
 * Whether the entry dominates the guard and has all of `rights` (of none: just
 * dominates). The entry may be an empty one; the guard must be valid. To ask
 * for a constant CAP_READ or CAP_WRITE costs no more than dominance.
 */
static inline bool
cap_allows(const struct cap *c, const struct cap_name *guard, uint64_t rights)
{
    if (rights == CAP_READ) {
        return cap_matches(c, c->read_word0, guard);
    }
    if (rights == CAP_WRITE) {
        return cap_matches(c, c->write_word0, guard);
    }
    return (rights & ~(uint64_t)c->rights) == 0 &&
           cap_matches(c, c->name.word[0], guard);
}

/*
 * Whether the rights suffice for the leaf `pte | CAP_PTE_FORCED`, which is what
 * the caller then stores: R and X need `read`, W needs `read` and `write`. Says
 * nothing about dominance, nor about the page number.
 */
static inline bool
cap_allows_pte(const struct cap *c, uint64_t pte)
{
    return ((pte | CAP_PTE_FORCED) & c->pte_forbidden) == 0;
}

/*
 * Puts into the empty entry `to` what `from` is, with `component` appended
 * unless that is 0, and with those of its rights that are in `keep`. Needs no
 * right. Returns 0, or -EBADF if `from` is no capability, -ERANGE if `to` is
 * beyond the list, -EBUSY if it is occupied, -EINVAL if `component` is neither
 * 0 nor one that can be chosen or `keep` has an unknown bit, -ENAMETOOLONG if
 * the name has no room.
 */
int cap_derive(struct cap_list *list, uint64_t from, uint64_t to,
               uint64_t component, uint64_t keep);

/*
 * Puts into the empty entry `to` a child of `from` that nobody has had before,
 * with all rights: the serial *next_serial is appended, and counted on. The
 * machine has one such counter; it begins at 0. Returns 0, or -EBADF, -ERANGE
 * and -EBUSY as cap_derive(), -EPERM if `from` has no `fresh`, -ENAMETOOLONG if
 * its name has no room for two components, -ENOSERIAL if no serial is left.
 */
int cap_fresh(struct cap_list *list, uint64_t from, uint64_t to,
              uint32_t *next_serial);

/*
 * Puts into the empty entry `to` of `to_list` the capability `c`, with those of
 * its rights that are in `keep`. That the receiver accepts is for the caller to
 * have checked. Returns 0, or -EBADF if `c` is NULL, -ERANGE and -EBUSY as
 * cap_derive(), -EPERM if it has no `pass`, -EINVAL if `keep` has an unknown
 * bit.
 */
int cap_grant(const struct cap *c, struct cap_list *to_list, uint64_t to,
              uint64_t keep);

/* Empties entry `index`; what was bound with it stays bound. Returns 0, or
   -EBADF if it is no capability. */
int cap_drop(struct cap_list *list, uint64_t index);

#endif
