/* SPDX-License-Identifier: MIT */
/*
 * The first hart to panic owns the console from then on; every other one parks
 * when it is interrupted, waits for a lock, or panics itself. Nothing here
 * takes a lock, and everything fits the 2 KiB of the emergency stack.
 */
#include "kern/panic.h"

#include <stdarg.h>

#include "kern/abi/exit.h"
#include "kern/csr.h"
#include "kern/image.h"
#include "kern/print.h"
#include "kern/sbi.h"
#include "kern/time.h"
#include "platform/device.h"

#define BACKTRACE_MAX 32
#define STOP_WAIT_NANOSECONDS 10000000

const char *boot_reading;

static _Atomic(struct hart *) panicking;
static unsigned repeated; /* faults of the hart that reports */

/* Where a trap that led to a panic happened, in case its report fails. */
static struct place {
    uint64_t cause, pc, value;
} first_trap;

/* Privileged, table 4.2. */
static const char *const cause_names[16] = {
    "instruction address misaligned",
    "instruction access fault",
    "illegal instruction",
    "breakpoint",
    "load address misaligned",
    "load access fault",
    "store address misaligned",
    "store access fault",
    "call from U-mode",
    "call from S-mode",
    "cause 10",
    "cause 11",
    "instruction page fault",
    "load page fault",
    "cause 14",
    "store page fault",
};

static const char *const register_names[32] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

void
panic_check(void)
{
    struct hart *owner = atomic_load_explicit(&panicking, memory_order_relaxed);

    if (owner != NULL && owner != hart_self()) {
        hart_park();
    }
}

/* Becomes the one hart that panics, or does not return. */
static void
panic_enter(void)
{
    struct hart *self = hart_self();
    struct hart *owner = NULL;

    if (atomic_compare_exchange_strong(&panicking, &owner, self)) {
        return;
    }
    if (owner != self) {
        hart_park();
    }
    /* Something that the report needs is broken too: do with less. */
    print_put = sbi_console_put;
    if (++repeated == 1) {
        print_panic("panic: again, while reporting a panic: hart %lu, scause "
                    "0x%lx at pc 0x%lx, stval 0x%lx; before that scause 0x%lx "
                    "at pc 0x%lx, stval 0x%lx\n",
                    self->id, csr_read(scause), csr_read(sepc), csr_read(stval),
                    first_trap.cause, first_trap.pc, first_trap.value);
        machine_exit(EXIT_PANIC);
    }
    if (repeated == 2) {
        sbi_shutdown(true);
    }
    hart_park();
}

/* Others than this one. */
static unsigned
harts_running(void)
{
    return hart_count_in(HART_UP) - (hart_self()->state == HART_UP);
}

/* Stops the other harts, and waits a moment for each to say that it has. In
   wfi, because under -icount a hart that spins starves the others. */
static void
harts_stop(void)
{
    uint64_t step = time_ticks(STOP_WAIT_NANOSECONDS) / 16;

    for (unsigned i = 0; i < hart_count; i++) {
        if (hart_table[i] != hart_self() && hart_table[i]->state == HART_UP) {
            hart_signal(hart_table[i], HART_SIGNAL_STOP);
        }
    }
    csr_write(sie, (uint64_t)1 << INTERRUPT_TIMER);
    for (unsigned i = 0; i < 16 && harts_running() > 0; i++) {
        time_set(time_now() + step);
        wait_for_interrupt();
    }
    if (harts_running() > 0) {
        print_panic("panic: %u harts did not stop\n", harts_running());
    }
}

static bool
in_text(uint64_t address)
{
    return address >= (uint64_t)image_start && address < (uint64_t)rodata_start;
}

/* Whether two words at `address` can be read as part of the stack. */
static bool
in_stack(uint64_t address)
{
    uint64_t slot = (uint64_t)hart_self() - HART_BLOCK_OFFSET;

    return address % 8 == 0 && address >= slot + HART_GUARD_SIZE &&
           address <= slot + HART_BLOCK_OFFSET - 16;
}

/* Follows the frame pointers: below where one points stand the return address
   and the caller's frame pointer. Numbers after 0 are return addresses. */
static void
backtrace_print(uint64_t pc, uint64_t ra, uint64_t fp)
{
    unsigned depth = 0;

    print_panic("backtrace:\n");
    print_panic("  #%u 0x%lx\n", depth++, pc);
    /* A function that calls nothing keeps its return address in ra and only
       its caller's frame pointer on the stack; so does a jump to nowhere. */
    if (ra != 0 && in_stack(fp - 16)) {
        uint64_t saved = ((const uint64_t *)(fp - 16))[1];

        if (!in_text(pc) || !in_text(saved)) {
            print_panic("  #%u 0x%lx\n", depth++, ra);
        }
        if (in_text(pc) && in_stack(saved - 16)) {
            fp = saved;
        }
    }
    while (depth < BACKTRACE_MAX && in_stack(fp - 16)) {
        const uint64_t *frame = (const uint64_t *)(fp - 16);

        if (!in_text(frame[1])) {
            break;
        }
        print_panic("  #%u 0x%lx\n", depth++, frame[1]);
        if (frame[0] <= fp) {
            break;
        }
        fp = frame[0];
    }
}

_Noreturn void
panic(const char *format, ...)
{
    va_list arguments;
    const uint64_t *frame = __builtin_frame_address(0);

    panic_enter();
    harts_stop();
    print_panic("\npanic: hart %lu: ", hart_self()->id);
    va_start(arguments, format);
    print_panic_list(format, arguments);
    va_end(arguments);
    print_panic("\n");
    /* From the caller on: its frame and the address to return to stand below
       ours. Inside the call, not behind it: nothing need follow there. */
    backtrace_print(frame[-1] - 2, 0, frame[-2]);
    machine_exit(EXIT_PANIC);
}

static void
registers_print(const struct hart *hart)
{
    for (unsigned i = 1; i < 32; i++) {
        print_panic("  %s%s 0x%016lx%s", register_names[i],
                    register_names[i][2] == 0 ? " " : "", hart->registers[i],
                    i % 3 == 0 || i == 31 ? "\n" : "");
    }
}

_Noreturn void
trap_panic(struct hart *hart)
{
    uint64_t cause = csr_read(scause);
    uint64_t value = csr_read(stval);
    uint64_t pc = csr_read(sepc);
    uint64_t sp = hart->registers[2];
    uint64_t slot = (uint64_t)hart - HART_BLOCK_OFFSET;
    const char *name = cause < 16 ? cause_names[cause] : "unknown cause";

    if (boot_reading != NULL && panicking == NULL) {
        boot_fail("%s cannot be read: %s at 0x%lx", boot_reading, name, value);
    }
    panic_enter();
    first_trap = (struct place){cause, pc, value};
    harts_stop();
    print_panic("\npanic: hart %lu: %s (scause 0x%lx) at pc 0x%lx, stval "
                "0x%lx, sstatus 0x%lx\n",
                hart->id, name, cause, pc, value, csr_read(sstatus));
    if (value - slot < HART_GUARD_SIZE || sp - slot < HART_GUARD_SIZE) {
        print_panic("panic: the kernel stack of this hart overflowed\n");
    }
    registers_print(hart);
    backtrace_print(pc, hart->registers[1], hart->registers[8]);
    machine_exit(EXIT_PANIC);
}

_Noreturn void
boot_fail(const char *format, ...)
{
    va_list arguments;

    print_panic("boot: cannot start: ");
    va_start(arguments, format);
    print_panic_list(format, arguments);
    va_end(arguments);
    print_panic("\n");
    machine_exit(EXIT_BOOT_DATA);
}

_Noreturn void
machine_exit(unsigned status)
{
    if (status == EXIT_REBOOT) {
        sbi_reboot();
    }
    device_exit(status);
    sbi_shutdown(status != EXIT_PASS);
    print_panic("the machine cannot be turned off: status %u\n", status);
    hart_park();
}
