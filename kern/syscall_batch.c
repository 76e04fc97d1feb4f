/* SPDX-License-Identifier: MIT */
/*
 * Many calls in one crossing. The entries lie in memory that the env may write
 * at any moment, also from another hart: each word is read once, and what was
 * read is what is done. An entry is an ordinary call, with an ordinary call's
 * checks, so a batch allows nothing that its entries would not.
 *
 * No crossing may take long: before each entry but the first, which is progress
 * enough, comes the question whether it could still end in time.
 */
#include "kern/abi/error.h"
#include "kern/abi/uarea.h"
#include "kern/csr.h"
#include "kern/syscall.h"

/* Instructions of one crossing, by instret, which QEMU counts only under
   -icount: else it runs faster, and batches end earlier. */
#define CROSSING_MAX 19000

/* The most that a call takes if it is not named below. */
#define BOUND_USUAL 4000

/* Calls that can take longer, and how long: with the whole of their own batch,
   with a megapage to split or join, with pages to zero, with bindings to break
   (test/bench/longest.c). */
static const uint16_t bounds[CALL_MAX] = {
    [NUMBER_frame_alloc] = 14000,
    [NUMBER_frame_scrub] = 12000,
    [NUMBER_frame_split] = 9000,
    [NUMBER_frame_join] = CROSSING_MAX,
    [NUMBER_frame_free] = 8000,
    [NUMBER_frame_set_guard] = 8000,
    [NUMBER_pt_map] = 8000,
    [NUMBER_pt_unmap] = 8000,
    [NUMBER_pt_protect] = 8000,
    [NUMBER_pt_copy] = 10000,
    [NUMBER_env_create] = 6000,
    [NUMBER_env_bind] = 14000,
    [NUMBER_env_destroy] = CROSSING_MAX,
    [NUMBER_repossess] = CROSSING_MAX,
    [NUMBER_frame_mark] = 6000,
    [NUMBER_disk_read] = 6000,
    [NUMBER_disk_write] = 6000,
    [NUMBER_disk_type] = CROSSING_MAX,
    [NUMBER_disk_bind] = CROSSING_MAX,
    [NUMBER_disk_change] = CROSSING_MAX,
    [NUMBER_registry_read] = CROSSING_MAX,
    [NUMBER_registry_write] = CROSSING_MAX,
    [NUMBER_disk_recover] = CROSSING_MAX,
    [NUMBER_code_load] = 14000,
    [NUMBER_code_step] = CROSSING_MAX,
    [NUMBER_release] = 8000,
};

typedef int64_t call_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                              uint64_t);

/* As call_c of trap.S, this hands six arguments to functions that take fewer:
   the calling convention leaves those in registers that are lost anyway. */
#define BATCHED_FAST(number, name)
#define BATCHED_ALONE(number, name)
#define BATCHED_CALL(number, name)                                             \
    [number] = (call_function *)(void (*)(void))sys_##name,
#define BATCHED(number, name, path, arguments, meaning)                        \
    BATCHED_##path(number, name)
static call_function *const functions[CALL_MAX] = {CALL_TABLE(BATCHED)};

struct entry {
    uint64_t number;
    uint64_t argument[6];
    uint64_t next; /* index of the word behind it */
};

/* Copies the entry at word `at`: 0, or -EINVAL if it is none, or is a call that
   cannot stand in a batch. */
static int
entry_read(struct entry *entry, const uint64_t *words, uint64_t at)
{
    uint64_t header = __atomic_load_n(&words[at], __ATOMIC_RELAXED);
    uint64_t count = header >> BATCH_COUNT_SHIFT;

    *entry = (struct entry){header & ((1 << BATCH_COUNT_SHIFT) - 1), {0}, 0};
    if (entry->number >= CALL_MAX || count > 6 ||
        count >= UAREA_BATCH_WORDS - at ||
        (functions[entry->number] == NULL && entry->number != NUMBER_null)) {
        return -EINVAL;
    }
    for (unsigned i = 0; i < count; i++) {
        entry->argument[i] =
            __atomic_load_n(&words[at + 1 + i], __ATOMIC_RELAXED);
    }
    entry->next = at + 1 + count;
    return 0;
}

static int64_t
entry_do(const struct entry *entry)
{
    const uint64_t *a = entry->argument;

    return entry->number == NUMBER_null
               ? 0
               : functions[entry->number](a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Whether the hart should look elsewhere before it begins this entry. */
static bool
entry_late(const struct entry *entry, uint64_t spent)
{
    uint64_t bound = bounds[entry->number];

    return spent + (bound != 0 ? bound : BOUND_USUAL) > CROSSING_MAX ||
           (csr_read(sip) & csr_read(sie)) != 0;
}

int64_t
sys_batch(uint64_t first, uint64_t count)
{
    struct uarea *uarea = (struct uarea *)hart_self()->uarea;
    uint64_t before = csr_read(instret);
    uint64_t at = first;
    uint64_t done = 0;
    int64_t result = 0;

    if (count > BATCH_ENTRIES_MAX || first >= UAREA_BATCH_WORDS) {
        return -EINVAL;
    }
    while (done < count) {
        struct entry entry;

        if (at == UAREA_BATCH_WORDS) {
            result = -EINVAL;
            break;
        }
        result = entry_read(&entry, uarea->batch, at);
        if (result == 0) {
            if (done > 0 && entry_late(&entry, csr_read(instret) - before)) {
                result = -EAGAIN;
                break;
            }
            result = entry_do(&entry);
        }
        __atomic_store_n(&uarea->batch[at], (uint64_t)result, __ATOMIC_RELAXED);
        if (result < 0) {
            break;
        }
        at = entry.next;
        done++;
    }
    uarea->batch_done = (uint32_t)done;
    uarea->batch_next = (uint32_t)at;
    return result < 0 ? result : (int64_t)done;
}
