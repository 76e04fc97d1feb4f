/* SPDX-License-Identifier: MIT */
#include "kern/time.h"

#include "kern/hart.h"
#include "kern/panic.h"
#include "kern/sbi.h"

#define NANOSECONDS_PER_SECOND 1000000000

uint64_t time_frequency;

/* In entry.S. */
bool stimecmp_probe(void);

void
time_init(const struct fdt *tree)
{
    uint32_t frequency;
    fdt_node_t cpus = fdt_node_by_path(tree, "/cpus");

    if (fdt_prop_u32(tree, cpus, "timebase-frequency", &frequency) < 0 ||
        frequency == 0) {
        boot_fail("the device tree has no /cpus/timebase-frequency");
    }
    time_frequency = frequency;
}

void
time_init_hart(void)
{
    struct hart *self = hart_self();

    self->has_stimecmp = self->has_stimecmp && stimecmp_probe();
    if (!self->has_stimecmp && !sbi_features.timer) {
        boot_fail("hart %lu has no timer: neither Sstc nor SBI TIME", self->id);
    }
    time_set(TIME_NEVER);
}

void
time_set(uint64_t deadline)
{
    if (hart_self()->has_stimecmp) {
        csr_write(CSR_STIMECMP, deadline);
    } else {
        sbi_timer_set(deadline);
    }
}

/* Split so that the product stays below 64 bits for any frequency under
   2^32 and any span under centuries. */
static uint64_t
scale(uint64_t value, uint64_t to, uint64_t from)
{
    return value / from * to + value % from * to / from;
}

uint64_t
time_ticks(uint64_t nanoseconds)
{
    return scale(nanoseconds, time_frequency, NANOSECONDS_PER_SECOND);
}

uint64_t
time_nanoseconds(uint64_t ticks)
{
    return scale(ticks, NANOSECONDS_PER_SECOND, time_frequency);
}
