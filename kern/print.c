/* SPDX-License-Identifier: MIT */
#include "kern/print.h"

#include "kern/lock.h"
#include "kern/sbi.h"

enum print_level print_limit = PRINT_INFO;

static struct lock console_lock = {.rank = LOCK_LEAF};
static void (*console_put)(char c) = sbi_console_put;

/* Where formatted bytes go: a device, or a buffer that may be too small. */
struct sink {
    void (*put)(char c); /* NULL: into the buffer */
    char *buffer;
    size_t size;
    size_t length; /* bytes produced, whether they fitted or not */
};

/* One conversion of a format. */
struct conversion {
    unsigned width;
    bool zeros; /* pad with 0 */
    bool wide;  /* l, ll, z: 64 bits */
};

static void
sink_byte(struct sink *sink, char c)
{
    if (sink->put != NULL) {
        if (c == '\n') {
            sink->put('\r');
        }
        sink->put(c);
    } else if (sink->length + 1 < sink->size) {
        sink->buffer[sink->length] = c;
    }
    sink->length++;
}

static void
sink_text(struct sink *sink, const char *text, unsigned width)
{
    unsigned length = 0;

    for (const char *p = text != NULL ? text : "(null)"; *p != 0; p++) {
        sink_byte(sink, *p);
        length++;
    }
    for (; length < width; length++) {
        sink_byte(sink, ' ');
    }
}

static void
sink_number(struct sink *sink, uint64_t value, unsigned base, bool negative,
            const struct conversion *how)
{
    char digits[24];
    unsigned count = 0;
    unsigned width = how->width;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative && how->zeros) {
        sink_byte(sink, '-');
        width -= width > 0;
    } else if (negative) {
        digits[count++] = '-';
    }
    for (; width > count; width--) {
        sink_byte(sink, how->zeros ? '0' : ' ');
    }
    while (count > 0) {
        sink_byte(sink, digits[--count]);
    }
}

/* Reads flags, width and length modifiers; returns the first byte after. */
static const char *
conversion_parse(const char *p, struct conversion *how)
{
    *how = (struct conversion){0};
    how->zeros = *p == '0';
    for (; *p >= '0' && *p <= '9'; p++) {
        how->width = how->width * 10 + (unsigned)(*p - '0');
    }
    for (; *p == 'l' || *p == 'z'; p++) {
        how->wide = true;
    }
    return p;
}

static void
print_signed(struct sink *sink, int64_t value, const struct conversion *how)
{
    bool negative = value < 0;

    sink_number(sink, negative ? -(uint64_t)value : (uint64_t)value, 10,
                negative, how);
}

static void
format_to(struct sink *sink, const char *format, va_list *arguments)
{
    struct conversion how;

    for (const char *p = format; *p != 0; p++) {
        if (*p != '%') {
            sink_byte(sink, *p);
            continue;
        }
        p = conversion_parse(p + 1, &how);
        switch (*p) {
        case 'd':
        case 'i':
            print_signed(sink,
                         how.wide ? va_arg(*arguments, int64_t)
                                  : va_arg(*arguments, int),
                         &how);
            break;
        case 'u':
        case 'x':
            sink_number(sink,
                        how.wide ? va_arg(*arguments, uint64_t)
                                 : va_arg(*arguments, unsigned),
                        *p == 'x' ? 16 : 10, false, &how);
            break;
        case 'p':
            sink_text(sink, "0x", 0);
            sink_number(sink, (uintptr_t)va_arg(*arguments, void *), 16, false,
                        &(struct conversion){.width = 16, .zeros = true});
            break;
        case 'c':
            sink_byte(sink, (char)va_arg(*arguments, int));
            break;
        case 's':
            sink_text(sink, va_arg(*arguments, const char *), how.width);
            break;
        case 0:
            return;
        default:
            sink_byte(sink, *p);
            break;
        }
    }
}

void
printk(enum print_level level, const char *format, ...)
{
    struct sink sink = {.put = console_put};
    va_list arguments;

    if (level > print_limit) {
        return;
    }
    lock_acquire(&console_lock);
    va_start(arguments, format);
    format_to(&sink, format, &arguments);
    va_end(arguments);
    lock_release(&console_lock);
}

void
print_attach(void (*put)(char c))
{
    lock_acquire(&console_lock);
    console_put = put;
    lock_release(&console_lock);
}

void
print_attach_panic(void (*put)(char c))
{
    console_put = put;
}

void
print_byte(char c)
{
    struct sink sink = {.put = console_put};

    lock_acquire(&console_lock);
    sink_byte(&sink, c);
    lock_release(&console_lock);
}

void
print_panic(const char *format, ...)
{
    struct sink sink = {.put = console_put};
    va_list arguments;

    va_start(arguments, format);
    format_to(&sink, format, &arguments);
    va_end(arguments);
}

size_t
print_format_list(char *buffer, size_t size, const char *format,
                  va_list arguments)
{
    struct sink sink = {.buffer = buffer, .size = size};
    va_list copy;

    va_copy(copy, arguments);
    format_to(&sink, format, &copy);
    va_end(copy);
    buffer[sink.length < size ? sink.length : size - 1] = 0;
    return sink.length;
}

size_t
print_format(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = print_format_list(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}
