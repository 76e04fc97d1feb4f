/* SPDX-License-Identifier: MIT */
/*
 * How harts come up. The boot hart gives each further hart a slot, whose
 * physical address SBI hands to it; the hart reads satp and its stack from
 * there, arrives in hart_main, and says so. Hart numbers may have gaps; the
 * kernel counts its harts from 0, the boot hart first.
 */
#include "kern/hart.h"

#include "kern/boot/boot_memory.h"
#include "kern/context.h"
#include "kern/csr.h"
#include "kern/disk/drive.h"
#include "kern/image.h"
#include "kern/interrupt.h"
#include "kern/panic.h"
#include "kern/print.h"
#include "kern/sbi.h"
#include "kern/slot.h"
#include "kern/string.h"
#include "kern/syscall.h"
#include "kern/time.h"
#include "platform/device.h"

#define AT(field, name) (offsetof(struct hart, field) == HART_##name)
_Static_assert(AT(scratch_a7, SCRATCH_A7) && AT(uarea, UAREA) &&
                   AT(user_ra, USER_RA) && AT(user_sp, USER_SP) &&
                   AT(user_pc, USER_PC) && AT(calls, CALLS) &&
                   AT(functions, FUNCTIONS) && AT(context, CONTEXT) &&
                   AT(directory, DIRECTORY) && AT(flush, FLUSH) &&
                   AT(phase, PHASE) && AT(float_owner, FLOAT) &&
                   AT(slot, SLOT) && AT(edge, EDGE) && AT(alarm, ALARM) &&
                   AT(timer_fast, TIMER_FAST) && AT(next, NEXT) &&
                   AT(vector, VECTOR) && AT(slot_ticks, SLOT_TICKS) &&
                   AT(grace_ticks, GRACE_TICKS) && AT(fresh, FRESH) &&
                   AT(grace_end, GRACE_END) && AT(self, SELF) &&
                   AT(satp, SATP) && AT(registers, REGISTERS),
               "hart_offsets.h is not what the compiler laid out");
_Static_assert(sizeof(struct hart) <= HART_BLOCK_SIZE,
               "struct hart outgrew its place in the slot");

#define ARRIVAL_NANOSECONDS 1000000000
#define RETRY_NANOSECONDS 5000000

struct hart *hart_table[HARTS_MAX];
unsigned hart_count;
bool hart_alone;

static struct hart *
hart_add(struct hart *hart, uint64_t id)
{
    *hart = (struct hart){.self = hart, .id = id, .index = hart_count};
    hart_table[hart_count++] = hart;
    return hart;
}

void
hart_init_boot(uint64_t id)
{
    hart_add(hart_self(), id)->state = HART_UP;
}

static bool
hart_exists(uint64_t id)
{
    for (unsigned i = 0; i < hart_count; i++) {
        if (hart_table[i]->id == id) {
            return true;
        }
    }
    return false;
}

unsigned
hart_count_in(enum hart_state state)
{
    unsigned count = 0;

    for (unsigned i = 0; i < hart_count; i++) {
        count += hart_table[i]->state == state;
    }
    return count;
}

/* Whether the `riscv,isa` string names an extension: single letters stand
   behind "rv64", longer names after them, each behind an underscore. */
static bool
isa_has(const char *isa, const char *extension)
{
    bool in_letters = true;

    for (const char *p = text_after(isa, "rv64"); p != NULL && *p != 0; p++) {
        const char *rest = text_after(p, extension);
        bool is_letter = in_letters && extension[1] == 0;
        bool is_word =
            rest != NULL && p[-1] == '_' && (*rest == 0 || *rest == '_');

        if (is_word || (rest != NULL && is_letter)) {
            return true;
        }
        in_letters = in_letters && *p != '_';
    }
    return false;
}

/* Whether the hart of this node has it, by the list riscv,isa-extensions where
   there is one, else by the older string riscv,isa. */
static bool
hart_has(const struct fdt *tree, fdt_node_t node, const char *extension)
{
    static const char list[] = "riscv,isa-extensions";
    const char *isa = fdt_prop_string(tree, node, "riscv,isa");

    return fdt_prop_string(tree, node, list) != NULL
               ? fdt_prop_has_string(tree, node, list, extension)
               : isa != NULL && isa_has(isa, extension);
}

static void
hart_describe(struct hart *hart, const struct fdt *tree, fdt_node_t node)
{
    hart->node = node;
    hart->has_stimecmp = hart_has(tree, node, "sstc");
    hart->has_float = hart_has(tree, node, "d");
}

/* Whether the kernel can run on the hart of this node: available, and with an
   MMU. Every mode that the bindings name includes Sv39. */
static bool
hart_usable(const struct fdt *tree, fdt_node_t node)
{
    return fdt_prop_has_string(tree, node, "device_type", "cpu") &&
           fdt_node_is_okay(tree, node) &&
           (fdt_prop_has_string(tree, node, "mmu-type", "riscv,sv39") ||
            fdt_prop_has_string(tree, node, "mmu-type", "riscv,sv48") ||
            fdt_prop_has_string(tree, node, "mmu-type", "riscv,sv57"));
}

/* Gives a hart its slot: 12 KiB of memory behind a page that is not mapped. */
static struct hart *
hart_create(uint64_t id)
{
    uint64_t slot = HART_SLOT_BASE + (uint64_t)hart_count * HART_SLOT_SIZE;
    uint64_t size = HART_SLOT_SIZE - HART_GUARD_SIZE;
    paddr_t memory = boot_memory_take(size, FRAME_SIZE);

    vm_map(slot + HART_GUARD_SIZE, memory, size, PTE_KERNEL_RW);
    return hart_add((struct hart *)(slot + HART_BLOCK_OFFSET), id);
}

void
hart_find_all(const struct fdt *tree)
{
    fdt_node_t cpus = fdt_node_by_path(tree, "/cpus");
    struct hart *self = hart_self();
    bool found = false;

    for (fdt_node_t node = fdt_node_child(tree, cpus); node != FDT_NONE;
         node = fdt_node_sibling(tree, node)) {
        struct fdt_range range;

        if (!hart_usable(tree, node) ||
            fdt_reg_local(tree, node, 0, &range) < 0) {
            continue;
        }
        if (range.address == self->id && !found) {
            hart_describe(self, tree, node);
            found = true;
        } else if (hart_exists(range.address)) {
            boot_fail("the device tree has two harts %lu", range.address);
        } else if (hart_count == HARTS_MAX) {
            printk(PRINT_WARN, "hart %lu: left out: the kernel starts %d\n",
                   range.address, HARTS_MAX);
        } else {
            hart_describe(hart_create(range.address), tree, node);
        }
    }
    if (!found) {
        boot_fail("the device tree does not have the hart that booted, %lu",
                  self->id);
    }
}

/* What each hart does for itself before it counts as up. */
static void
hart_init_self(void)
{
    struct hart *self = hart_self();

    csr_write(satp, vm_satp() | (uint64_t)SATP_ASID_MASK << SATP_ASID_SHIFT);
    self->asid_mask = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    csr_write(satp, vm_satp());
    tlb_flush();
    self->flush = self->asid_mask < ENVS_MAX - 1;
    syscall_init_hart(self);
    context_init_hart(self);
    time_init_hart();
    slot_init_hart(self);
    device_init_hart();
    interrupt_init_hart();
}

/* Arrived: entry.S calls this on the hart's own stack. */
_Noreturn void hart_main(struct hart *self);
_Noreturn void
hart_main(struct hart *self)
{
    ASSERT(self == hart_self());
    hart_init_self();
    atomic_store_explicit(&self->state, HART_UP, memory_order_release);
    sbi_interrupt_send(hart_table[0]->id); /* it waits in wfi */
    slot_run();
}

static bool
hart_start(struct hart *hart)
{
    unsigned level;
    paddr_t block = pte_address(vm_walk((uint64_t)hart, &level));

    hart->satp = vm_satp();
    return sbi_hart_start(hart->id, vm_image_address(hart_entry), block);
}

/* Starts those again that came in by the wrong door and stopped themselves:
   see boot_again in entry.S. */
static void
harts_retry(void)
{
    for (unsigned i = 1; i < hart_count; i++) {
        struct hart *hart = hart_table[i];

        if (hart->state == HART_ABSENT && sbi_hart_stopped(hart->id)) {
            (void)hart_start(hart);
        }
    }
}

void
hart_start_all(void)
{
    uint64_t deadline;
    unsigned missing;

    hart_init_self();
    if (hart_count > 1 && !sbi_features.fence) {
        printk(PRINT_WARN, "harts: the firmware has no remote fence: only the "
                           "boot hart runs\n");
        return;
    }
    for (unsigned i = 1; i < hart_count; i++) {
        if (!hart_start(hart_table[i])) {
            hart_table[i]->state = HART_REFUSED;
            printk(PRINT_WARN, "hart %lu: the firmware does not start it\n",
                   hart_table[i]->id);
        }
    }
    deadline = time_now() + time_ticks(ARRIVAL_NANOSECONDS);
    missing = hart_count_in(HART_ABSENT);
    while (missing > 0 && time_now() < deadline) {
        time_set(time_now() + time_ticks(RETRY_NANOSECONDS));
        interrupt_wait();
        if (hart_count_in(HART_ABSENT) < missing) {
            missing = hart_count_in(HART_ABSENT);
            deadline = time_now() + time_ticks(ARRIVAL_NANOSECONDS);
        }
        harts_retry();
    }
    time_set(TIME_NEVER);
    hart_alone = hart_count_in(HART_REFUSED) == hart_count - 1;
    for (unsigned i = 0; i < hart_count; i++) {
        if (hart_table[i]->state == HART_ABSENT) {
            printk(PRINT_WARN, "hart %lu: did not arrive: left out\n",
                   hart_table[i]->id);
        }
    }
}

void
hart_signal(struct hart *target, unsigned signals)
{
    /* Release: what the sender wrote before is visible to the handler. */
    atomic_fetch_or_explicit(&target->signals, signals, memory_order_release);
    if (target == hart_self()) { /* as soon as it leaves the kernel */
        csr_set(sip, 1 << INTERRUPT_SOFTWARE);
    } else {
        sbi_interrupt_send(target->id);
    }
}

void
hart_attend(struct hart *target, unsigned index)
{
    atomic_fetch_or_explicit(&target->attend[index / 64],
                             (uint64_t)1 << index % 64, memory_order_release);
    hart_signal(target, HART_SIGNAL_ATTEND);
}

void
hart_signals_take(void)
{
    struct hart *self = hart_self();
    unsigned signals =
        atomic_exchange_explicit(&self->signals, 0, memory_order_acquire);

    if (signals & HART_SIGNAL_STOP) {
        hart_park();
    }
    if (signals & HART_SIGNAL_PING) {
        atomic_fetch_add_explicit(&self->count_ping, 1, memory_order_release);
    }
    if (signals & HART_SIGNAL_ATTEND) {
        context_attend_all();
    }
    if (signals & HART_SIGNAL_DISK) {
        drive_attend();
    }
}

/* Hardware numbers may be anything, and one call names 64 in a row. */
static void
fence_remote(uint64_t harts, struct hart *self)
{
    while (harts != 0) {
        uint64_t base = UINT64_MAX;
        uint64_t mask = 0;

        for (unsigned i = 0; i < hart_count; i++) {
            if ((harts >> i & 1) && hart_table[i]->id < base) {
                base = hart_table[i]->id;
            }
        }
        for (unsigned i = 0; i < hart_count; i++) {
            if ((harts >> i & 1) && hart_table[i]->id - base < 64) {
                mask |= (uint64_t)1 << (hart_table[i]->id - base);
                harts &= ~((uint64_t)1 << i);
            }
        }
        counter_add(&self->count_fence_remote);
        if (!sbi_fence(mask, base)) {
            panic("the firmware does not fence harts 0x%lx from %lu", mask,
                  base);
        }
    }
}

void
hart_fence_all(uint64_t harts)
{
    struct hart *self = hart_self();
    uint64_t others = 0;

    if (harts >> self->index & 1) {
        hart_fence_self(self);
    }
    for (unsigned i = 0; i < hart_count; i++) {
        /* One that is not up flushes everything before it runs a program. */
        if ((harts >> i & 1) && i != self->index &&
            atomic_load_explicit(&hart_table[i]->state, memory_order_relaxed) ==
                HART_UP) {
            others |= (uint64_t)1 << i;
        }
    }
    if (others != 0) {
        /* What was written before is what the others read afterwards. */
        atomic_thread_fence(memory_order_seq_cst);
        fence_remote(others, self);
    }
}

void
code_fence(uint64_t harts)
{
    atomic_thread_fence(memory_order_seq_cst);
    for (unsigned i = 0; i < hart_count; i++) {
        if (i == hart_self()->index) {
            code_flush();
        } else if ((harts >> i & 1) && !sbi_fence_code(hart_table[i]->id)) {
            panic("the firmware does not fence hart %lu", hart_table[i]->id);
        }
    }
}

_Noreturn void
hart_park(void)
{
    csr_write(sie, 0);
    atomic_store_explicit(&hart_self()->state, HART_STOPPED,
                          memory_order_release);
    for (;;) {
        wait_for_interrupt();
    }
}
