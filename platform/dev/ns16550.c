/* SPDX-License-Identifier: MIT */
/*
 * The NS16550A UART (National Semiconductor PC16550D data sheet, table II).
 * The firmware has set its speed and format; both are kept.
 */
#include "kern/csr.h"
#include "platform/driver.h"

/* Registers, in steps of 1 << shift bytes. */
#define RBR 0 /* received byte (read) */
#define THR 0 /* byte to send (write) */
#define IER 1
#define FCR 2
#define LSR 5
#define REGISTERS 8

#define IER_RECEIVED 0x01
#define FCR_ENABLE 0x01
#define FCR_CLEAR 0x06
#define LSR_READY 0x01 /* a byte has been received */
#define LSR_ROOM 0x20  /* THR is empty */

static volatile uint8_t *base;
static unsigned shift;
static bool wide; /* registers take 32-bit accesses */

static uint8_t
read(unsigned number)
{
    volatile uint8_t *at = base + (number << shift);

    return wide ? (uint8_t) * (volatile uint32_t *)(volatile void *)at : *at;
}

static void
write(unsigned number, uint8_t value)
{
    volatile uint8_t *at = base + (number << shift);

    if (wide) {
        *(volatile uint32_t *)(volatile void *)at = value;
    } else {
        *at = value;
    }
}

static bool
ns16550_room(void)
{
    return read(LSR) & LSR_ROOM;
}

static void
ns16550_put(char c)
{
    while (!ns16550_room()) {
        cpu_relax();
    }
    write(THR, (uint8_t)c);
}

static int
ns16550_get(void)
{
    return read(LSR) & LSR_READY ? read(RBR) : -1;
}

static void
ns16550_listen(bool on)
{
    write(IER, on ? IER_RECEIVED : 0);
}

static const struct console_driver driver = {ns16550_put, ns16550_room,
                                             ns16550_get, ns16550_listen};

const struct console_driver *
ns16550_init(const struct fdt *tree, fdt_node_t node)
{
    uint32_t value;

    if (fdt_prop_u32(tree, node, "reg-shift", &value) == 0) {
        if (value > 2) {
            return NULL;
        }
        shift = value;
    }
    if (fdt_prop_u32(tree, node, "reg-io-width", &value) == 0) {
        if (value != 1 && !(value == 4 && shift == 2)) {
            return NULL;
        }
        wide = value == 4;
    }
    base = driver_registers(tree, node, (uint64_t)REGISTERS << shift);
    if (base == NULL) {
        return NULL;
    }
    write(IER, 0);
    write(FCR, FCR_ENABLE | FCR_CLEAR);
    return &driver;
}
