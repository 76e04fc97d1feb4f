/* SPDX-License-Identifier: MIT */
/*
 * The kernel's self-checks (kern/check.h), linked into debug builds. Each
 * either holds or names what does not, and ends the machine with EXIT_CHECK.
 * The last group breaks a rule of the kernel on purpose: for those the test's
 * expectation file wants the panic.
 */
#include "kern/check.h"

#include "kern/abi/exit.h"
#include "kern/abi/layout.h"
#include "kern/boot/argument.h"
#include "kern/code/arena.h"
#include "kern/console.h"
#include "kern/frame.h"
#include "kern/image.h"
#include "kern/interrupt.h"
#include "kern/lock.h"
#include "kern/main.h"
#include "kern/panic.h"
#include "kern/print.h"
#include "kern/string.h"
#include "kern/time.h"
#include "test/kernel/expect.h"

static const char *current;

_Noreturn void
check_failed(int line, const char *what)
{
    printk(PRINT_ERROR, "check: %s failed: line %d: not so: %s\n", current,
           line, what);
    machine_exit(EXIT_CHECK);
}

/* The frame table says of each frame what the memory map says. */
static bool
run_holds(const struct memory_run *runs, unsigned count, paddr_t address)
{
    for (unsigned i = 0; i < count; i++) {
        if (address >= runs[i].start && address < runs[i].end) {
            return true;
        }
    }
    return false;
}

static void
check_frame(ppn_t number, uint64_t counted[FRAME_TYPES])
{
    const struct memory_map *map = &kernel_memory;
    paddr_t address = number << FRAME_SHIFT;
    const struct frame *f = frame_record(number);
    const struct frame *head = frame_head(number);
    bool ram = run_holds(map->bank, map->bank_count, address);
    bool reserved = run_holds(map->reserved, map->reserved_count, address);
    bool free = run_holds(map->free, map->free_count, address);

    EXPECT((f->type == FRAME_ABSENT) == !ram);
    EXPECT((f->type >= FRAME_FREE) == free && (head != NULL) == free);
    EXPECT(f->type != FRAME_RESERVED || reserved);
    if (head != NULL) {
        ppn_t first = frame_number(head);

        EXPECT(head->type == FRAME_FREE && first <= number &&
               number - first < (ppn_t)1 << head->order &&
               first % ((ppn_t)1 << head->order) == 0);
        EXPECT(f == head || f->type == FRAME_PART);
    }
    EXPECT(f->lock == 0 && f->zero == 0);
    EXPECT(f->type == FRAME_FREE || (f->next == 0 && f->previous == 0));
    EXPECT(f->owner == 0 && f->maps == 0 && f->pins == 0 && f->chain == 0 &&
           f->shadow == 0 && f->used == 0 && f->harts == 0);
    counted[head != NULL ? (unsigned)FRAME_FREE : f->type]++;
}

static void
check_frames(void)
{
    const struct memory_map *map = &kernel_memory;
    uint64_t counted[FRAME_TYPES] = {0};
    uint64_t last = 0;

    for (unsigned i = 0; i < map->bank_count; i++) {
        ppn_t first = map->bank[i].start >> FRAME_SHIFT;
        ppn_t end = map->bank[i].end >> FRAME_SHIFT;

        for (ppn_t n = first > 64 ? first - 64 : 0;
             n < end + 64 && n < FRAME_LIMIT; n++) {
            if (n >= last) {
                check_frame(n, counted);
            }
        }
        last = end + 64;
    }
    EXPECT(counted[FRAME_FREE] == frame_counts.free);
    EXPECT(counted[FRAME_FREE] + counted[FRAME_KERNEL] +
               counted[FRAME_RESERVED] ==
           frame_counts.ram);
    EXPECT(counted[FRAME_RESERVED] > 0 && counted[FRAME_KERNEL] > 0);
    EXPECT(frame_record(vm_image_run().start >> FRAME_SHIFT)->type ==
           FRAME_KERNEL);
    EXPECT(frame_record(0)->type == FRAME_ABSENT);
    EXPECT(frame_record(FRAME_LIMIT - 1)->type == FRAME_ABSENT);
}

/* The kernel's map keeps the promises at the top of kern/vm.c. */
static uint64_t mapped_leaves;

static void
check_leaf(uint64_t address, pte_t entry, unsigned level)
{
    const struct memory_map *map = &kernel_memory;
    struct memory_run image = vm_image_run();
    paddr_t start = pte_address(entry);
    paddr_t end = start + SPAN(level);
    bool in_image_window = address >= KERNEL_BASE;
    bool in_arena = address - ARENA_BASE < ARENA_SIZE;
    unsigned kernel_level;

    mapped_leaves++;
    if (address < DIRECT_BASE) { /* exported to envs, from USER_END on */
        EXPECT(address >= USER_END && address < USER_END + SPAN(2));
        EXPECT((entry & (PTE_U | PTE_R | PTE_W | PTE_X)) == (PTE_U | PTE_R));
        EXPECT(
            pte_address(vm_walk(address - INFORMATION_FRAMES + FRAME_TABLE_BASE,
                                &kernel_level)) == start &&
            kernel_level == level);
        /* Beside the records, only places that have a name. */
        EXPECT(address < INFORMATION_BOOT ||
               (address < INFORMATION_END && level == 0 &&
                frame_record(start >> FRAME_SHIFT)->type == FRAME_KERNEL));
        return;
    }
    EXPECT((entry & (PTE_W | PTE_X)) != (PTE_W | PTE_X));
    EXPECT(!(entry & PTE_U) && (entry & PTE_G));
    EXPECT(start % SPAN(level) == 0);
    EXPECT(!(entry & PTE_X) || in_arena ||
           (in_image_window &&
            address < KERNEL_BASE + (uint64_t)(rodata_start - image_start)));
    /* The pages of downloaded code are mapped nowhere else. */
    EXPECT(in_arena ||
           !memory_runs_overlap((struct memory_run){start, end}, arena_run()));
    /* The image's frames are mapped in its window, and the page of absent
       records, which nobody can write, in the frame table's. */
    if (!in_image_window && start < image.end && end > image.start) {
        EXPECT(!(entry & PTE_W));
        EXPECT(address >= FRAME_TABLE_BASE &&
               address < FRAME_TABLE_BASE + FRAME_TABLE_SIZE);
    }
    if (address < DIRECT_BASE + DIRECT_SIZE) {
        EXPECT(address - DIRECT_BASE == start);
        EXPECT(run_holds(map->bank, map->bank_count, start));
    }
    /* What is reserved is not mapped, but for what the kernel was given: the
       image, and the tree, which the direct map has read-only. */
    for (unsigned i = 0; i < map->reserved_count; i++) {
        const struct memory_run *run = &map->reserved[i];

        if (!in_image_window && start < run->end && end > run->start) {
            EXPECT(!(entry & PTE_W) && level == 0);
            EXPECT(frame_record(start >> FRAME_SHIFT)->type == FRAME_KERNEL);
        }
    }
}

static void
check_leaves(uint64_t start, uint64_t end)
{
    unsigned level;

    for (uint64_t address = start; address != end; address += SPAN(level)) {
        pte_t entry = vm_walk(address, &level);

        if (entry != 0) {
            check_leaf(address, entry, level);
        }
    }
}

static void
check_map(void)
{
    unsigned level;
    int code = arena_take(2, true); /* one page to write, one to run */

    EXPECT(code >= 0);
    arena_seal((unsigned)code, 1);
    EXPECT((vm_walk((uint64_t)arena_address((unsigned)code), &level) &
            PTE_LEAF) == (PTE_R | PTE_X));
    EXPECT((vm_walk((uint64_t)arena_address((unsigned)code + 1), &level) &
            PTE_LEAF) == (PTE_R | PTE_W));
    mapped_leaves = 0;
    check_leaves(0, -DIRECT_BASE); /* the lower half is as large */
    check_leaves(DIRECT_BASE, 0);
    EXPECT(mapped_leaves > 16);
    arena_give((unsigned)code, 2);
    EXPECT(vm_walk((uint64_t)arena_address((unsigned)code), &level) == 0);
    for (unsigned i = 0; i < hart_count; i++) {
        uint64_t slot = (uint64_t)hart_table[i] - HART_BLOCK_OFFSET;

        EXPECT(vm_walk(slot, &level) == 0);
        EXPECT(vm_walk(slot + HART_GUARD_SIZE, &level) & PTE_W);
        EXPECT(vm_walk(slot + HART_BLOCK_OFFSET, &level) & PTE_W);
    }
    /* Free memory can be reached, its ends and some of what is between (each
       touch may cost the host a huge page), and is distinct. */
    for (unsigned i = 0; i < kernel_memory.free_count; i++) {
        const struct memory_run *run = &kernel_memory.free[i];
        uint64_t part = (run->end - run->start) / 16 & ~(FRAME_SIZE - 1);
        uint64_t step = part == 0 ? FRAME_SIZE : part;

        for (paddr_t at = run->start;
             at<run->end; at += step> 0 ? step : FRAME_SIZE) {
            *(volatile uint64_t *)direct_map(at) = at;
        }
        *(volatile uint64_t *)direct_map(run->end - 8) = run->end;
        for (paddr_t at = run->start;
             at<run->end; at += step> 0 ? step : FRAME_SIZE) {
            EXPECT(*(volatile uint64_t *)direct_map(at) == at);
        }
    }
}

/* Every hart of the machine answers, every time. */
#define PING_ROUNDS 200

static void
ping(struct hart *hart, uint64_t round, uint64_t deadline)
{
    hart_signal(hart, HART_SIGNAL_PING);
    while (hart->count_ping < round) {
        EXPECT(time_now() < deadline);
        /* Sleep, not spin: under -icount the others would not run. */
        time_set(time_now() + time_ticks(100000));
        wait_for_interrupt();
    }
}

static void
check_interrupt(void)
{
    for (unsigned i = 1; i < hart_count; i++) {
        struct hart *hart = hart_table[i];
        uint64_t deadline = time_now() + 20 * time_frequency;

        EXPECT(hart->state == HART_UP);
        for (uint64_t round = 1; round <= PING_ROUNDS; round++) {
            ping(hart, round, deadline);
        }
        EXPECT(hart->count_ping == PING_ROUNDS);
        EXPECT(hart->count_software > 0);
    }
    time_set(TIME_NEVER);
}

/* Timer interrupts come, not before their time, and one for each setting. */
static void
check_timer(void)
{
    struct hart *self = hart_self();
    uint64_t interval = time_ticks(2000000);

    for (unsigned i = 0; i < 20; i++) {
        uint64_t before = self->count_timer;
        uint64_t deadline = time_now() + interval;

        time_set(deadline);
        while (self->count_timer == before) {
            EXPECT(time_now() < deadline + 10 * time_frequency);
            interrupt_wait();
        }
        EXPECT(time_now() >= deadline);
        EXPECT(self->count_timer == before + 1);
    }
    /* One that is taken back does not come. */
    uint64_t before = self->count_timer;
    time_set(time_now() + interval);
    time_set(TIME_NEVER);
    uint64_t until = time_now() + 2 * interval;
    while (time_now() < until) {
        (void)interrupt_poll();
    }
    EXPECT(self->count_timer == before);
}

/* What is typed arrives by interrupt: one line, printed back. */
static void
check_input(void)
{
    char line[64];
    unsigned length = 0;

    printk(PRINT_INFO, "check: type a line\n");
    for (;;) {
        int c = console_read();

        if (c < 0) {
            interrupt_wait();
        } else if (c == '\r' || c == '\n') {
            break;
        } else if (length + 1 < sizeof(line)) {
            line[length++] = (char)c;
        }
    }
    line[length] = 0;
    EXPECT(hart_self()->count_external > 0);
    printk(PRINT_INFO, "check: got <%s>\n", line);
}

/* What the conversions make, as a console sees it. */
static char printed[128];
static size_t printed_length;

static void
print_keep(char c)
{
    if (printed_length + 1 < sizeof(printed)) {
        printed[printed_length++] = c;
    }
}

static void
check_print(void)
{
    static const char wanted[] = "-7 8 9 ab\r\n"
                                 "  -42|-0042|ffffffffffffffff|z%|ab  |\r\n"
                                 "-9223372036854775808 3\r\n";
    void (*console)(char c) = print_put;

    print_put = print_keep;
    printk(PRINT_ERROR, "%d %d %u %x\n", -7, 8, 9u, 0xabu);
    printk(PRINT_ERROR, "%5d|%05d|%lx|%c%%|%4s|\n", -42, -42, ~0ul, 'z', "ab");
    printk(PRINT_ERROR, "%ld %zu\n", INT64_MIN, (size_t)3);
    print_put = console;
    EXPECT(text_equals(printed, wanted));
}

/* Those below end the machine. */

static void
check_panic(void)
{
    panic("on purpose: %d", 42);
}

__attribute__((noinline)) static uint64_t
overflow(uint64_t depth)
{
    volatile uint64_t room[32];

    room[depth % 32] = depth;
    return depth == UINT64_MAX ? 0 : overflow(depth + 1) + room[depth % 32];
}

static void
check_overflow(void)
{
    printk(PRINT_INFO, "check: depth %lu\n", overflow(0));
}

static void
check_text(void)
{
    *(volatile uint32_t *)(void *)rodata_start = 0;
}

static void
check_execute(void)
{
    static uint32_t code[] = {0x00008067}; /* ret */

    __asm__ volatile("fence.i" ::: "memory");
    ((void (*)(void))(uintptr_t)code)();
}

static void
check_null(void)
{
    volatile uint64_t *nothing = NULL;

    __asm__("" : "+r"(nothing));
    printk(PRINT_INFO, "check: read %lu\n", *nothing);
}

static void
check_firmware(void)
{
    volatile uint64_t *firmware = NULL;

    for (unsigned i = 0; i < kernel_memory.reserved_count; i++) {
        if (kernel_memory.reserved[i].start < vm_image_run().start) {
            firmware = direct_map(kernel_memory.reserved[i].start);
        }
    }
    EXPECT(firmware != NULL);
    printk(PRINT_INFO, "check: read %lu\n", *firmware);
}

static void
check_assert(void)
{
    static struct lock lock;

    lock_acquire(&lock);
    EXPECT(lock_held(&lock));
    lock_acquire(&lock);
}

struct check {
    const char *name;
    void (*run)(void);
};

static const struct check checks[] = {
    {"frames", check_frames},
    {"map", check_map},
    {"interrupt", check_interrupt},
    {"timer", check_timer},
    {"print", check_print},
    {"input", check_input},
    {"panic", check_panic},
    {"overflow", check_overflow},
    {"text", check_text},
    {"execute", check_execute},
    {"null", check_null},
    {"firmware", check_firmware},
    {"assert", check_assert},
    {"disk", check_disk},
    {"disk-error", check_disk_error},
    {"disk-slow", check_disk_slow},
};

static const struct check *
check_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (memcmp(checks[i].name, name, length) == 0 &&
            checks[i].name[length] == 0) {
            return &checks[i];
        }
    }
    return NULL;
}

_Noreturn void
check_run(const char *names, size_t length)
{
    unsigned run = 0;
    char name[32];

    do {
        size_t one = 0;
        const struct check *check;

        while (one < length && names[one] != ',') {
            one++;
        }
        check = check_find(names, one);
        if (check == NULL) {
            one = one < sizeof(name) ? one : sizeof(name) - 1;
            memcpy(name, names, one);
            name[one] = 0;
            boot_fail("argument check= names no self-check at \"%s\"", name);
        }
        current = check->name;
        check->run();
        printk(PRINT_INFO, "check: %s ok\n", check->name);
        run++;
        names += one < length ? one + 1 : one;
        length -= one < length ? one + 1 : one;
    } while (length > 0);
    printk(PRINT_INFO, "check: %u passed\n", run);
    machine_exit(EXIT_PASS);
}
