/* SPDX-License-Identifier: MIT */
/*
 * The type of the root catalogue. It belongs to nobody: its entries do. Anybody
 * may propose an image of it in which every entry that is not as it was, is
 * gone, or is new has a guard that he may write.
 */
#include "kern/abi/error.h"
#include "kern/disk/type.h"
#include "kern/string.h"

static const struct disk_tree *
trees_of(const uint8_t *image)
{
    return (const struct disk_tree *)image;
}

int
catalogue_owns(const uint8_t *image, struct owned_set *set)
{
    const struct disk_tree *tree = trees_of(image);
    static const struct disk_tree empty;
    bool ended = false;
    bool bad = false;

    for (unsigned i = 0; i < DISK_TREES; i++) {
        if (memcmp(&tree[i], &empty, sizeof(empty)) == 0) {
            ended = true;
        } else {
            bad |= ended || !cap_name_valid(&tree[i].guard) ||
                   (tree[i].zero[0] | tree[i].zero[1]) != 0;
            (void)owned_emit(set, tree[i].first, tree[i].count, tree[i].type);
        }
    }
    return owned_end(set, bad, 0);
}

int
catalogue_guard(const uint8_t *image, uint64_t first, struct cap_name *guard)
{
    const struct disk_tree *tree = trees_of(image);

    if (first == CODE_ACCESS_SELF) {
        return 0;
    }
    for (unsigned i = 0; i < DISK_TREES; i++) {
        if (tree[i].count != 0 && tree[i].first == first) {
            *guard = tree[i].guard;
            return cap_name_valid(guard) ? 1 : -EPERM;
        }
    }
    return -EPERM;
}

/* Whether every entry of `some` that `others` has not may be written. Both
   ascend. */
static bool
differing_allowed(const struct disk_tree *some, const struct disk_tree *others,
                  const struct cap *cap)
{
    unsigned j = 0;

    for (unsigned i = 0; i < DISK_TREES && some[i].count != 0; i++) {
        while (j < DISK_TREES && others[j].count != 0 &&
               others[j].first < some[i].first) {
            j++;
        }
        if ((j == DISK_TREES ||
             memcmp(&some[i], &others[j], sizeof(some[i])) != 0) &&
            !cap_allows(cap, &some[i].guard, CAP_WRITE)) {
            return false;
        }
    }
    return true;
}

int
catalogue_access(const uint8_t *before, const uint8_t *after,
                 const struct cap *cap)
{
    return differing_allowed(trees_of(before), trees_of(after), cap) &&
                   differing_allowed(trees_of(after), trees_of(before), cap)
               ? 0
               : -EPERM;
}
