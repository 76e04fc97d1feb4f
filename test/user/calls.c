/* SPDX-License-Identifier: MIT */
/*
 * Unknown calls and bad arguments are errors that change nothing; what a call
 * returns in the registers it may clobber is zero, nothing of the kernel's.
 */
#include "kern/abi/cap.h"
#include "lib/exo/exo.h"
#include "test/user/expect.h"

/* ORs together what a call leaves in t0 to t6 and a1 to a7, which were zero;
   but its number may stay in a7. */
static uint64_t
leftovers(uint64_t wanted)
{
    uint64_t number = wanted;
    uint64_t all;

    __asm__ volatile("mv a7, %1\n"
                     "li a0, 99\n"
                     "li t0, 0; li t1, 0; li t2, 0; li t3, 0; li t4, 0\n"
                     "li t5, 0; li t6, 0; li a1, 0; li a2, 0; li a3, 0\n"
                     "li a4, 0; li a5, 0; li a6, 0\n"
                     "ecall\n"
                     "or t0, t0, t1\n"
                     "or t0, t0, t2\n"
                     "or t0, t0, t3\n"
                     "or t0, t0, t4\n"
                     "or t0, t0, t5\n"
                     "or t0, t0, t6\n"
                     "or t0, t0, a1\n"
                     "or t0, t0, a2\n"
                     "or t0, t0, a3\n"
                     "or t0, t0, a4\n"
                     "or t0, t0, a5\n"
                     "or t0, t0, a6\n"
                     "mv %0, t0\n"
                     "mv %1, a7\n"
                     : "=&r"(all), "+&r"(number)
                     :
                     : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a0", "a1",
                       "a2", "a3", "a4", "a5", "a6", "a7", "memory");
    return number == wanted ? all : all | number;
}

static void
numbers(void)
{
    for (uint64_t number = 0; number < 300; number++) {
        bool known = false;
#define KNOWN(n, name, path, arguments, meaning) known = known || number == (n);
        CALL_TABLE(KNOWN)
        if (!known) {
            EXPECT(call_raw(number, 0, 0, 0, 0, 0, 0), -ENOSYS);
        }
    }
    EXPECT(call_raw(~(uint64_t)0, 0, 0, 0, 0, 0, 0), -ENOSYS);
    EXPECT(call_raw((uint64_t)1 << 63, 0, 0, 0, 0, 0, 0), -ENOSYS);
}

static void
caps(void)
{
    EXPECT(sys_cap_derive(0, 1, 7, CAP_READ | CAP_FRESH), 0);
    EXPECT(sys_cap_derive(1, 1, 0, CAP_READ), -EBUSY);
    EXPECT(sys_cap_derive(64, 2, 0, CAP_READ), -EBADF);
    EXPECT(sys_cap_derive(~(uint64_t)0, 2, 0, CAP_READ), -EBADF);
    EXPECT(sys_cap_derive(1, 64, 0, CAP_READ), -ERANGE);
    EXPECT(sys_cap_derive(1, 2, 0x8000, CAP_READ), -EINVAL);
    EXPECT(sys_cap_derive(1, 2, 0x10001, CAP_READ), -EINVAL);
    EXPECT(sys_cap_derive(1, 2, 0, 0x20), -EINVAL);
    EXPECT(sys_cap_derive(1, 2, 0, CAP_RIGHTS_ALL), 0); /* keeps what it had */
    EXPECT(sys_frame_alloc(2, 0, 0), -EPERM);           /* no write */
    EXPECT(sys_cap_fresh(1, 3), 0);
    EXPECT(sys_cap_fresh(3, 4), 0);
    EXPECT(sys_cap_derive(2, 5, 0, 0), 0);
    EXPECT(sys_cap_fresh(5, 6), -EPERM);
    EXPECT(sys_console_write(1, 'x', 1), -EPERM); /* does not dominate */
    EXPECT(sys_console_write(0, 0, 9), -EINVAL);
    EXPECT(sys_console_write(9, 0, 0), -EBADF);
    EXPECT(sys_machine_exit(1, 0), -EPERM);
    EXPECT(sys_machine_exit(0, 256), -EINVAL);
    for (uint64_t i = 1; i < 6; i++) {
        EXPECT(sys_cap_drop(i), 0);
        EXPECT(sys_cap_drop(i), -EBADF);
    }
}

int
main(void)
{
    numbers();
    caps();
    EXPECT((int64_t)leftovers(0), 0);    /* null: a fast path */
    EXPECT((int64_t)leftovers(4000), 0); /* unknown */
    EXPECT((int64_t)leftovers(7), 0);    /* cap_drop: in C */
    printf("test: calls ok\n");
    return 0;
}
