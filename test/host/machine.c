/* SPDX-License-Identifier: MIT */
#include "machine.h"

#include <sched.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "check.h"
#include "kern/panic.h"
#include "kern/pt_chain.h"

struct frame *machine_records;
char *machine_contents;
ppn_t *machine_pages;
unsigned machine_page_count;
_Thread_local struct hart machine_hart;
void (*machine_pause)(void);
bool hart_alone;
_Alignas(64) unsigned char machine_information[256 * 128];
struct machine_owner *machine_owners;
unsigned machine_owner_count;

/* By the walker, for each page: how many lists or frames it was found in, and
   how many links to it. */
static unsigned *seen;

static const struct machine_bank *all_banks;
static unsigned bank_count;

void
panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)fputs("panic: ", stderr);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start is above */
    (void)vfprintf(stderr, format, arguments);
    (void)fputs("\n", stderr);
    va_end(arguments);
    abort();
}

struct frame_list *
owner_frames(uint32_t id)
{
    for (unsigned i = 0; i < machine_owner_count; i++) {
        if (machine_owners[i].id == id && !machine_owners[i].dead) {
            return &machine_owners[i].list;
        }
    }
    return NULL;
}

/* Nobody sleeps here. */
void
predicates_break(struct frame *f)
{
    (void)f;
    CHECK(false);
}

void
lock_pause(void)
{
    (void)sched_yield();
}

void
word_lock_wait(uint32_t *word)
{
    if (CHITIN_DEBUG) {
        lock_note(word, word_lock_rank(word), true);
    }
    while (!word_try_lock(word)) {
        CHECK(!CHITIN_DEBUG || !word_locked(word));
        (void)sched_yield();
    }
}

pte_t
machine_kernel_entry(unsigned index)
{
    return ((pte_t)index << PTE_PPN_SHIFT) | PTE_V | PTE_G;
}

void
vm_copy_kernel_half(pte_t *root)
{
    for (unsigned i = PT_ROOT_ENTRIES; i < PAGE_TABLE_ENTRIES; i++) {
        root[i] = machine_kernel_entry(i);
    }
}

void
vm_clear_kernel_half(pte_t *root)
{
    memset(root + PT_ROOT_ENTRIES, 0,
           (PAGE_TABLE_ENTRIES - PT_ROOT_ENTRIES) * sizeof(*root));
}

static void *
memory_reserve(size_t size)
{
    void *memory = mmap(NULL, size, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(memory != MAP_FAILED);
    return memory;
}

void
machine_init(const struct machine_bank *banks, unsigned count)
{
    size_t records = (FRAME_LIMIT + 64) * sizeof(struct frame);

    all_banks = banks;
    bank_count = count;
    machine_records = memory_reserve(records);
    machine_contents = memory_reserve(FRAME_LIMIT << FRAME_SHIFT);
    CHECK(mprotect(machine_records, records, PROT_READ) == 0);
    machine_pages = calloc(FRAME_LIMIT, sizeof(*machine_pages));
    seen = calloc(FRAME_LIMIT, sizeof(*seen));
    CHECK(machine_pages != NULL && seen != NULL);
    for (unsigned i = 0; i < count; i++) {
        ppn_t pages = banks[i].end - banks[i].first;

        CHECK(banks[i].first % 64 == 0 && banks[i].end % 64 == 0);
        CHECK(mprotect(machine_records + banks[i].first,
                       pages * sizeof(struct frame),
                       PROT_READ | PROT_WRITE) == 0);
        CHECK(mprotect(machine_contents + (banks[i].first << FRAME_SHIFT),
                       pages << FRAME_SHIFT, PROT_READ | PROT_WRITE) == 0);
        for (ppn_t n = banks[i].first; n < banks[i].end; n++) {
            machine_records[n].type = FRAME_PART;
            machine_pages[machine_page_count++] = n;
        }
        frame_add_free(banks[i].first, pages);
        frame_counts.ram += pages;
    }
    account_init(frame_counts.free, 100);
}

uint64_t
machine_free(void)
{
    uint64_t free = frame_counts.free;

    for (unsigned i = ACCOUNT_FIRST; i < ACCOUNTS_MAX; i++) {
        free -= ACCOUNT_TABLE[i].used[ACCOUNT_FRAMES];
        free += i == ACCOUNT_FIRST ? 0 : ACCOUNT_TABLE[i].limit[ACCOUNT_FRAMES];
    }
    return free;
}

static bool
is_ram(ppn_t number)
{
    for (unsigned i = 0; i < bank_count; i++) {
        if (number >= all_banks[i].first && number < all_banks[i].end) {
            return true;
        }
    }
    return false;
}

/* Counts a head that a list leads to, and the pages it covers. */
static uint64_t
head_see(ppn_t head)
{
    const struct frame *f = frame_record(head);
    uint64_t pages = (uint64_t)1 << f->order;

    CHECK(is_ram(head) && head % pages == 0);
    CHECK(f->order == 0 || f->order == 9 || f->order == 18);
    for (ppn_t n = head; n < head + pages; n++) {
        CHECK(is_ram(n));
        CHECK_EQUAL(seen[n]++, 0);
        if (n > head) {
            const struct frame *part = frame_record(n);

            CHECK_EQUAL(part->type, FRAME_PART);
            CHECK(part->chain == 0 && part->maps == 0 && part->pins == 0 &&
                  part->shadow == 0);
        }
    }
    return pages;
}

/* Counts its pages in used[account]. */
static void
owner_check(const struct machine_owner *owner, uint64_t *used)
{
    uint32_t previous = 0;

    for (uint32_t n = owner->list.first; n != 0; n = frame_record(n)->next) {
        const struct frame *f = frame_record(n);

        CHECK_EQUAL(f->previous, previous);
        CHECK_EQUAL(f->owner, owner->id);
        CHECK(f->type >= FRAME_DATA && f->type < FRAME_TYPES);
        used[account_number(owner->list.account)] += head_see(n);
        previous = n;
    }
}

/* What an account has used is what its owners have, and the limits of those
   carved off it; each is within its limit. */
static void
accounts_check(uint64_t *used)
{
    uint64_t slots[ACCOUNTS_MAX] = {0};

    for (unsigned i = ACCOUNT_FIRST + 1; i < ACCOUNTS_MAX; i++) {
        used[ACCOUNT_TABLE[i].parent] += ACCOUNT_TABLE[i].limit[ACCOUNT_FRAMES];
        slots[ACCOUNT_TABLE[i].parent] += ACCOUNT_TABLE[i].limit[ACCOUNT_SLOTS];
    }
    for (unsigned i = ACCOUNT_FIRST; i < ACCOUNTS_MAX; i++) {
        const struct account *a = &ACCOUNT_TABLE[i];

        CHECK_EQUAL(a->used[ACCOUNT_FRAMES], used[i]);
        CHECK(a->used[ACCOUNT_SLOTS] >= slots[i]);
        for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
            CHECK(a->used[kind] <= a->limit[kind]);
        }
    }
}

/* Free frames have no list that a test can see but by its links: every free
   head must be the next of its previous, and only one has none. */
static void
free_check(void)
{
    unsigned firsts[FRAME_ORDERS] = {0};
    uint64_t heads[FRAME_ORDERS] = {0};
    uint64_t walked[FRAME_ORDERS] = {0};
    uint64_t pages = 0;

    for (unsigned i = 0; i < machine_page_count; i++) {
        const struct frame *f = frame_record(machine_pages[i]);

        if (f->type != FRAME_FREE) {
            continue;
        }
        pages += head_see(machine_pages[i]);
        CHECK(f->owner == 0 && f->maps == 0 && f->pins == 0 && f->chain == 0 &&
              f->shadow == 0 && f->used == 0 && f->harts == 0);
        CHECK((f->flags & ~(FRAME_UNSCRUBBED | FRAME_CLEAN)) == 0);
        heads[f->order / 9]++;
        if (f->previous == 0) {
            firsts[f->order / 9]++;
            for (uint32_t n = (uint32_t)machine_pages[i]; n != 0;
                 n = frame_record(n)->next) {
                const struct frame *next = frame_record(n);

                CHECK(next->type == FRAME_FREE && next->order == f->order);
                CHECK(next->next == 0 ||
                      frame_record(next->next)->previous == n);
                walked[f->order / 9]++;
            }
        }
    }
    CHECK_EQUAL(pages, machine_free());
    for (unsigned i = 0; i < FRAME_ORDERS; i++) {
        CHECK_EQUAL(firsts[i], heads[i] > 0);
        CHECK_EQUAL(walked[i], heads[i]);
    }
}

static uint64_t *
shadow_of(const struct frame *table)
{
    return frame_contents(table->shadow);
}

/* Follows the chain of f: every link a non-zero entry of a table that names f,
   found once, doubly linked. */
static unsigned
chain_check(const struct frame *f, bool fences)
{
    uint32_t previous = 0;
    unsigned links = 0;

    for (uint32_t link = f->chain; link != 0; links++) {
        const struct frame *table = frame_record(link >> 9);
        unsigned index = link % 512;
        uint64_t shadow;
        pte_t entry;

        CHECK(is_ram(link >> 9) && pt_is_table(table));
        shadow = shadow_of(table)[index];
        entry = ((pte_t *)frame_contents(link >> 9))[index];
        CHECK_EQUAL(entry >> PTE_PPN_SHIFT, frame_number(f));
        CHECK((entry & PTE_V) != 0);
        CHECK_EQUAL(shadow >> 32, previous);
        previous = link;
        link = (uint32_t)shadow;
        CHECK(links < 1000000);
        if (entry & PTE_R) {
            CHECK_EQUAL(f->order, 9 * pt_level(table));
            CHECK((entry & PTE_U) != 0);
            CHECK(f->type == FRAME_DATA || !(entry & (PTE_W | PTE_X)) ||
                  f->type == FRAME_UAREA);
        } else {
            CHECK_EQUAL(f->type + 1, table->type);
        }
    }
    CHECK(fences ? f->maps == links : f->maps >= links);
    if (links > 0) {
        CHECK(f->type >= FRAME_DATA && f->type != FRAME_SHADOW &&
              (f->flags & FRAME_UNSCRUBBED) == 0);
    }
    return links;
}

/* The entries that are not zero; a zero entry has no links. */
static unsigned
table_check(const struct frame *table)
{
    const pte_t *entry = frame_contents(frame_number(table));
    const struct frame *shadow = frame_record(table->shadow);
    unsigned end = table->type == FRAME_TABLE_2 ? (unsigned)PT_ROOT_ENTRIES
                                                : PAGE_TABLE_ENTRIES;
    unsigned used = 0;

    CHECK(shadow->type == FRAME_SHADOW &&
          shadow->shadow == frame_number(table) && shadow->owner != 0);
    for (unsigned i = 0; i < PAGE_TABLE_ENTRIES; i++) {
        if (i >= end) {
            CHECK_EQUAL(entry[i], machine_kernel_entry(i));
        }
        if (i >= end || entry[i] == 0) {
            CHECK_EQUAL(shadow_of(table)[i], 0);
        } else {
            used++;
        }
    }
    CHECK_EQUAL(used, table->used);
    return used;
}

void
machine_check(const struct machine_owner *owners, unsigned count, bool fences)
{
    uint64_t used_pages[ACCOUNTS_MAX] = {0};
    uint64_t links = 0;
    uint64_t used = 0;

    for (unsigned i = 0; i < machine_page_count; i++) {
        seen[machine_pages[i]] = 0;
    }
    for (unsigned i = 0; i < count; i++) {
        owner_check(&owners[i], used_pages);
    }
    accounts_check(used_pages);
    free_check();
    for (unsigned i = 0; i < machine_page_count; i++) {
        const struct frame *f = frame_record(machine_pages[i]);

        CHECK_EQUAL(seen[machine_pages[i]], 1);
        CHECK_EQUAL(f->lock, 0);
        CHECK_EQUAL(f->zero, 0);
        if (f->type == FRAME_PART) {
            continue;
        }
        links += chain_check(f, fences);
        if (pt_is_table(f)) {
            used += table_check(f);
        } else if (f->type != FRAME_SHADOW) {
            CHECK_EQUAL(f->shadow, 0);
        }
    }
    /* Each link names an entry that names the frame whose chain it is in, and
       no chain has a link twice: so as many of one as of the other is one for
       one. */
    CHECK_EQUAL(links, used);
}
