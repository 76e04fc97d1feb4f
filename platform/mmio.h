/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_PLATFORM_MMIO_H
#define CHITIN_PLATFORM_MMIO_H
/*
 * Device registers, and the order in which a device sees what a hart does. A
 * hart reaches memory (r, w) and registers (i, o) in any order that it likes;
 * FENCE orders them as other harts and devices see them (RISC-V Unprivileged
 * 20191213, 2.7). Each fence here is named after what it is for. Host tests
 * have their own of this header, with a device behind it.
 */
#include "kern/abi/types.h"

static inline uint32_t
mmio_read(volatile void *registers, unsigned offset)
{
    return *(volatile uint32_t *)((volatile char *)registers + offset);
}

static inline void
mmio_write(volatile void *registers, unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)((volatile char *)registers + offset) = value;
}

/* The device sees what was written to memory before what will be. */
static inline void
dma_publish(void)
{
    __asm__ volatile("fence w, w" ::: "memory");
}

/* The device sees what was written to memory before registers are written;
   and memory is read, from now on, as it is after that. */
static inline void
dma_before_register(void)
{
    __asm__ volatile("fence w, or" ::: "memory");
}

/* What is done to memory from now on comes after what has been read of it. */
static inline void
dma_take(void)
{
    __asm__ volatile("fence r, rw" ::: "memory");
}

/* What is done to memory from now on comes after what was done to registers. */
static inline void
dma_after_register(void)
{
    __asm__ volatile("fence io, rw" ::: "memory");
}

#endif
