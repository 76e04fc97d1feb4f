/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_PLATFORM_MMIO_H
#define CHITIN_PLATFORM_MMIO_H
/*
 * Stands in for platform/mmio.h in host tests: registers are those of
 * test/host/virtio_model.h, which may also do something at each fence.
 */
#include "kern/abi/types.h"

uint32_t model_read(unsigned offset);
void model_write(unsigned offset, uint32_t value);
void model_fence(void);

static inline uint32_t
mmio_read(volatile void *registers, unsigned offset)
{
    (void)registers;
    return model_read(offset);
}

static inline void
mmio_write(volatile void *registers, unsigned offset, uint32_t value)
{
    (void)registers;
    model_write(offset, value);
}

static inline void
dma_publish(void)
{
    model_fence();
}

static inline void
dma_before_register(void)
{
    model_fence();
}

static inline void
dma_take(void)
{
    model_fence();
}

static inline void
dma_after_register(void)
{
    model_fence();
}

#endif
