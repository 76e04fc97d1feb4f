/* SPDX-License-Identifier: MIT */
#include "kern/print.h"

#include "kern/lock.h"
#include "kern/sbi.h"

enum print_level print_limit = PRINT_INFO;

static struct lock console_lock = {.rank = LOCK_LEAF};
void (*print_put)(char c) = sbi_console_put;

/* One conversion of a format. */
struct conversion {
    unsigned width;
    bool zeros; /* pad with 0 */
    bool wide;  /* l, ll, z: 64 bits */
};

static void
put_byte(char c)
{
    if (c == '\n') {
        print_put('\r');
    }
    print_put(c);
}

static void
put_text(const char *text, unsigned width)
{
    for (const char *p = text != NULL ? text : "(null)"; *p != 0; p++) {
        put_byte(*p);
        width -= width > 0;
    }
    for (; width > 0; width--) {
        put_byte(' ');
    }
}

static void
put_number(uint64_t value, unsigned base, bool negative,
           const struct conversion *how)
{
    char digits[24]; /* and the sign, from behind */
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (how->zeros && count + negative < how->width &&
           count + 1 < sizeof(digits)) {
        digits[count++] = '0';
    }
    if (negative) {
        digits[count++] = '-';
    }
    for (unsigned width = how->width; width > count; width--) {
        put_byte(' ');
    }
    while (count > 0) {
        put_byte(digits[--count]);
    }
}

/* Reads flags, width and length modifiers; returns the first byte after. */
static const char *
conversion_parse(const char *p, struct conversion *how)
{
    *how = (struct conversion){.zeros = *p == '0'};
    for (; *p >= '0' && *p <= '9'; p++) {
        how->width = how->width * 10 + (unsigned)(*p - '0');
    }
    for (; *p == 'l' || *p == 'z'; p++) {
        how->wide = true;
    }
    return p;
}

void
print_panic_list(const char *format, va_list arguments)
{
    for (const char *p = format; *p != 0; p++) {
        struct conversion how;
        int64_t number;

        if (*p != '%') {
            put_byte(*p);
            continue;
        }
        p = conversion_parse(p + 1, &how);
        switch (*p) {
        case 'd':
            number =
                how.wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);
            put_number(number < 0 ? -(uint64_t)number : (uint64_t)number, 10,
                       number < 0, &how);
            break;
        case 'u':
        case 'x':
            put_number(how.wide ? va_arg(arguments, uint64_t)
                                : va_arg(arguments, unsigned),
                       *p == 'x' ? 16 : 10, false, &how);
            break;
        case 'c':
            put_byte((char)va_arg(arguments, int));
            break;
        case 's':
            put_text(va_arg(arguments, const char *), how.width);
            break;
        case 0:
            return;
        default:
            put_byte(*p);
            break;
        }
    }
}

void
print_panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_panic_list(format, arguments);
    va_end(arguments);
}

void
printk(enum print_level level, const char *format, ...)
{
    va_list arguments;

    if (level > print_limit) {
        return;
    }
    lock_acquire(&console_lock);
    va_start(arguments, format);
    print_panic_list(format, arguments);
    va_end(arguments);
    lock_release(&console_lock);
}

void
print_byte(char c)
{
    lock_acquire(&console_lock);
    put_byte(c);
    lock_release(&console_lock);
}
