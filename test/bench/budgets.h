/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_BENCH_BUDGETS_H
#define CHITIN_TEST_BENCH_BUDGETS_H
/*
 * What scripts/bench measures, and how much each may cost: X(name, budget,
 * what is counted). Counts are guest instructions under -icount shift=0,
 * release build, one hart; image_bytes counts bytes.
 */
#define BOOT_BUDGETS(X)                                                        \
    X(boot_128m, 1000000, "firmware's jump to all harts up, 128 MiB")          \
    X(boot_8g, 40000000, "the same with 8 GiB")                                \
    X(image_bytes, 65536, "text, read-only data and data of the kernel")

#endif
