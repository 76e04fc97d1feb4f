/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_CSR_H
#define CHITIN_KERN_CSR_H
/*
 * Control and status registers of supervisor mode (RISC-V Privileged 20211203,
 * chapter 4), and the few instructions that C cannot say. This header is also
 * read by the assembler.
 */

#define SSTATUS_SIE (1 << 1)
#define SSTATUS_SPIE (1 << 5)
#define SSTATUS_SPP (1 << 8)
#define SSTATUS_FS (3 << 13)
#define SSTATUS_VS (3 << 9)
#define SSTATUS_SUM (1 << 18)

/* Bits of sie and sip, and cause numbers of the same interrupts. */
#define INTERRUPT_SOFTWARE 1
#define INTERRUPT_TIMER 5
#define INTERRUPT_EXTERNAL 9

#define CAUSE_ILLEGAL 2
#define CAUSE_USER_CALL 8

/* satp, Privileged 4.1.11. */
#define SATP_MODE_SV39 8
#define SATP_MODE_SHIFT 60
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK 0xffff

/* stimecmp (extension Sstc); older assemblers do not know its name. */
#define CSR_STIMECMP 0x14d

#ifndef __ASSEMBLER__
#include <stdint.h>

#define CSR_STRING_(x) #x
#define CSR_STRING(x) CSR_STRING_(x)

#define csr_read(name)                                                         \
    ({                                                                         \
        uint64_t csr_value_;                                                   \
        __asm__ volatile("csrr %0, " CSR_STRING(name) : "=r"(csr_value_));     \
        csr_value_;                                                            \
    })
#define csr_write(name, value)                                                 \
    __asm__ volatile("csrw " CSR_STRING(name) ", %0" ::"rK"((uint64_t)(value)) \
                     : "memory")
#define csr_set(name, bits)                                                    \
    __asm__ volatile("csrs " CSR_STRING(name) ", %0" ::"rK"((uint64_t)(bits))  \
                     : "memory")
#define csr_clear(name, bits)                                                  \
    __asm__ volatile("csrc " CSR_STRING(name) ", %0" ::"rK"((uint64_t)(bits))  \
                     : "memory")

/* Sleeps until an interrupt that sie enables is pending; it is not taken, for
   interrupts stay off inside the kernel (Privileged 3.3.3). */
static inline void
wait_for_interrupt(void)
{
    __asm__ volatile("wfi" ::: "memory");
}

/* Orders all earlier page-table writes of this hart before its later
   translations. Always the full form: SiFive's CIP-1200 makes the form with an
   address miss entries. */
static inline void
tlb_flush(void)
{
    __asm__ volatile("sfence.vma zero, zero" ::: "memory");
}

/* Makes this hart fetch what it has written. */
static inline void
code_flush(void)
{
    __asm__ volatile("fence.i" ::: "memory");
}

/* Hint that this hart spins: `pause`, written out because it is Zihintpause,
   and a no-op (a FENCE with no predecessor) on harts without. */
static inline void
cpu_relax(void)
{
    __asm__ volatile(".4byte 0x0100000f" ::: "memory");
}
#endif

#endif
