/* SPDX-License-Identifier: MIT */
#include "kern/sbi.h"

/* Extension numbers (SBI 1.0, chapters 4 to 10; DBCN: SBI 2.0, 12). */
#define EXTENSION_LEGACY_PUTCHAR 0x01
#define EXTENSION_BASE 0x10
#define EXTENSION_TIME 0x54494d45
#define EXTENSION_IPI 0x735049
#define EXTENSION_RFENCE 0x52464e43
#define EXTENSION_HSM 0x48534d
#define EXTENSION_SRST 0x53525354
#define EXTENSION_DBCN 0x4442434e

#define BASE_VERSION 0
#define BASE_IMPLEMENTATION 1
#define BASE_IMPLEMENTATION_VERSION 2
#define BASE_PROBE 3
#define DBCN_WRITE_BYTE 2
#define RFENCE_FENCE_I 0
#define RFENCE_SFENCE_VMA 1
#define HSM_STATUS 2
#define HSM_STOPPED 1
#define SRST_SHUTDOWN 0
#define SRST_COLD_REBOOT 1
#define SRST_NO_REASON 0
#define SRST_SYSTEM_FAILURE 1

struct sbi_result {
    int64_t error, value;
};

struct sbi_features sbi_features;

static struct sbi_result
sbi_call(uint64_t extension, uint64_t function, uint64_t first, uint64_t second,
         uint64_t third)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a2 __asm__("a2") = third;
    register uint64_t a3 __asm__("a3") = 0; /* no call here needs a fourth */
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;

    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a6), "r"(a7)
                     : "memory");
    return (struct sbi_result){(int64_t)a0, (int64_t)a1};
}

static uint64_t
sbi_base(uint64_t function, uint64_t extension)
{
    struct sbi_result result =
        sbi_call(EXTENSION_BASE, function, extension, 0, 0);

    return result.error == 0 ? (uint64_t)result.value : 0;
}

void
sbi_init(void)
{
    sbi_features = (struct sbi_features){
        .version = (uint32_t)sbi_base(BASE_VERSION, 0),
        .implementation = sbi_base(BASE_IMPLEMENTATION, 0),
        .implementation_version = sbi_base(BASE_IMPLEMENTATION_VERSION, 0),
        .timer = sbi_base(BASE_PROBE, EXTENSION_TIME) != 0,
        .fence = sbi_base(BASE_PROBE, EXTENSION_RFENCE) != 0,
        .console = sbi_base(BASE_PROBE, EXTENSION_DBCN) != 0,
        .legacy_console = sbi_base(BASE_PROBE, EXTENSION_LEGACY_PUTCHAR) != 0,
    };
}

void
sbi_console_put(char c)
{
    if (sbi_features.console) {
        sbi_call(EXTENSION_DBCN, DBCN_WRITE_BYTE, (unsigned char)c, 0, 0);
    } else if (sbi_features.legacy_console) {
        sbi_call(EXTENSION_LEGACY_PUTCHAR, 0, (unsigned char)c, 0, 0);
    }
}

void
sbi_timer_set(uint64_t deadline)
{
    sbi_call(EXTENSION_TIME, 0, deadline, 0, 0);
}

void
sbi_interrupt_send(uint64_t id)
{
    sbi_call(EXTENSION_IPI, 0, 1, id, 0);
}

bool
sbi_fence(uint64_t mask, uint64_t base)
{
    /* Start 0 and size 0: all addresses (SBI 1.0, 8). */
    return sbi_call(EXTENSION_RFENCE, RFENCE_SFENCE_VMA, mask, base, 0).error ==
           0;
}

bool
sbi_fence_code(uint64_t id)
{
    return sbi_call(EXTENSION_RFENCE, RFENCE_FENCE_I, 1, id, 0).error == 0;
}

bool
sbi_hart_start(uint64_t id, paddr_t entry, uint64_t opaque)
{
    return sbi_call(EXTENSION_HSM, 0, id, entry, opaque).error == 0;
}

bool
sbi_hart_stopped(uint64_t id)
{
    struct sbi_result result = sbi_call(EXTENSION_HSM, HSM_STATUS, id, 0, 0);

    return result.error == 0 && result.value == HSM_STOPPED;
}

void
sbi_shutdown(bool failed)
{
    uint64_t reason = failed ? SRST_SYSTEM_FAILURE : SRST_NO_REASON;

    sbi_call(EXTENSION_SRST, 0, SRST_SHUTDOWN, reason, 0);
    /* The HiFive Unleashed has no shutdown, only a reset line. */
    sbi_call(EXTENSION_SRST, 0, SRST_COLD_REBOOT, reason, 0);
}

void
sbi_reboot(void)
{
    sbi_call(EXTENSION_SRST, 0, SRST_COLD_REBOOT, SRST_NO_REASON, 0);
}
