/* SPDX-License-Identifier: MIT */
/*
 * Semihosting (RISC-V Semihosting 1.0; operations as in ARM's Semihosting for
 * AArch32 and AArch64, SYS_EXIT_EXTENDED). Without a host that serves it the
 * sequence is a breakpoint; stvec is turned to the instruction behind it for
 * as long, so that it is a no-op then.
 */
#include "kern/csr.h"
#include "platform/driver.h"

#define SYS_EXIT_EXTENDED 0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

void
semihosting_exit(unsigned status)
{
    uint64_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, status};
    register uint64_t a0 __asm__("a0") = SYS_EXIT_EXTENDED;
    register uint64_t a1 __asm__("a1") = (uint64_t)block;
    uint64_t saved = csr_read(stvec);

    /* The three instructions must be uncompressed and within one page; what
       aligns them is c.nop, for the assembler's own choice is not executable.
     */
    __asm__ volatile("   .option push\n"
                     "   .option norelax\n"
                     "   lla t0, 1f\n"
                     "   csrw stvec, t0\n"
                     "   .balignw 16, 0x0001\n"
                     "   .option norvc\n"
                     "   slli zero, zero, 0x1f\n"
                     "   ebreak\n"
                     "   srai zero, zero, 7\n"
                     "   .balign 4\n"
                     "1: csrw stvec, %[saved]\n"
                     "   .option pop\n"
                     : "+r"(a0)
                     : "r"(a1), [saved] "r"(saved)
                     : "t0", "memory");
}
