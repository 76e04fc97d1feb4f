/* SPDX-License-Identifier: MIT */
/*
 * The UART of SiFive's chips (SiFive FU540-C000 Manual, chapter 13). The
 * divisor that the firmware chose is kept.
 */
#include "kern/csr.h"
#include "platform/driver.h"

/* Registers of 32 bits, by index. */
#define TXDATA 0
#define RXDATA 1
#define TXCTRL 2
#define RXCTRL 3
#define IE 4
#define REGISTERS 7

#define TXDATA_FULL 0x80000000u
#define RXDATA_EMPTY 0x80000000u
#define CTRL_ENABLE 0x1u
#define RXCTRL_WATERMARK 0x00070000u /* interrupt when more than this waits */
#define IE_RECEIVED 0x2u

static volatile uint32_t *base;

static bool
sifive_uart_room(void)
{
    return !(base[TXDATA] & TXDATA_FULL);
}

static void
sifive_uart_put(char c)
{
    while (!sifive_uart_room()) {
        cpu_relax();
    }
    base[TXDATA] = (unsigned char)c;
}

static int
sifive_uart_get(void)
{
    uint32_t data = base[RXDATA];

    return data & RXDATA_EMPTY ? -1 : (int)(data & 0xff);
}

static void
sifive_uart_listen(bool on)
{
    base[IE] = on ? IE_RECEIVED : 0;
}

static const struct console_driver driver = {
    sifive_uart_put, sifive_uart_room, sifive_uart_get, sifive_uart_listen};

const struct console_driver *
sifive_uart_init(const struct fdt *tree, fdt_node_t node)
{
    base = driver_registers(tree, node, REGISTERS * sizeof(*base));
    if (base == NULL) {
        return NULL;
    }
    /* Firmware that has its console elsewhere leaves the UART off, and then
       there never is room to send. */
    base[IE] = 0;
    base[TXCTRL] |= CTRL_ENABLE;
    base[RXCTRL] = (base[RXCTRL] & ~RXCTRL_WATERMARK) | CTRL_ENABLE;
    return &driver;
}
