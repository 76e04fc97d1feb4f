/* SPDX-License-Identifier: MIT */
/*
 * One blob for each reason to refuse a device tree, built by hand from the
 * smallest valid one, and for each deviation that is tolerated. Every blob is
 * opened in a buffer of exactly its size, at an odd address.
 */
#include "kern/abi/error.h"
#include "kern/boot/fdt.h"
#include "test/host/check.h"

enum {
    RESERVE = 40,
    STRUCTURE = 72,
    BEGIN_NODE = 1,
    END_NODE = 2,
    PROP = 3,
    NOP = 4,
    END = 9,
    NAME_A = 0x61000000, /* "a" and its padding */
};

/* The header's words. */
enum {
    H_MAGIC,
    H_SIZE,
    H_STRUCTURE,
    H_STRINGS,
    H_RESERVE,
    H_VERSION,
    H_COMPATIBLE,
    H_BOOT_CPU,
    H_STRINGS_SIZE,
    H_STRUCTURE_SIZE,
};

struct image {
    uint8_t bytes[2048];
    uint32_t size;
};

static void
word_put(struct image *image, uint32_t at, uint32_t word)
{
    for (uint32_t i = 0; i < 4; i++) {
        image->bytes[at + i] = (uint8_t)(word >> (24 - 8 * i));
    }
}

static uint32_t
word_get(const struct image *image, uint32_t at)
{
    const uint8_t *p = image->bytes + at;

    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

/* The strings block is "p", then one that is not terminated. */
static struct image
image_build(const uint32_t *words, size_t count)
{
    struct image image = {{0}, 0};
    uint32_t strings = STRUCTURE + 4 * (uint32_t)count;
    const uint32_t header[] = {
        0xd00dfeed, strings + 4, STRUCTURE, strings, RESERVE,
        17,         16,          0,         4,       4 * (uint32_t)count,
    };

    for (uint32_t i = 0; i < 10; i++) {
        word_put(&image, 4 * i, header[i]);
    }
    word_put(&image, RESERVE + 4, 0x1000);
    word_put(&image, RESERVE + 12, 0x2000);
    for (uint32_t i = 0; i < count; i++) {
        word_put(&image, STRUCTURE + 4 * i, words[i]);
    }
    memcpy(image.bytes + strings, "p\0xy", 4);
    image.size = strings + 4;
    return image;
}

static const uint32_t valid[] = {
    BEGIN_NODE, 0,   PROP,       5,      0,        0x01020304, 0x05000000, NOP,
    NOP,        NOP, BEGIN_NODE, NAME_A, END_NODE, END_NODE,   END,
};

static struct image
image_valid(void)
{
    return image_build(valid, sizeof(valid) / 4);
}

/* Opens a copy of the image; returns the fault, or NULL. */
static const char *
image_open(const struct image *image, uint32_t *fault_at)
{
    uint8_t *buffer = malloc(image->size + 1);
    struct fdt tree;
    const char *fault;
    int error;

    CHECK(buffer != NULL);
    memcpy(buffer + 1, image->bytes, image->size);
    error = fdt_open(&tree, buffer + 1, image->size);
    fault = tree.fault;
    *fault_at = tree.fault_at;
    CHECK_EQUAL(error, fault == NULL ? 0 : -EINVAL);
    CHECK((fault == NULL) == (tree.root != FDT_NONE));
    free(buffer);
    return fault;
}

static void
accept(const struct image *image, const char *what)
{
    uint32_t at;
    const char *fault = image_open(image, &at);

    check_subject = what;
    if (fault != NULL) {
        (void)fprintf(stderr, "refused: %s, at %u\n", fault, at);
    }
    CHECK(fault == NULL);
}

/* Checks the reason by a part of it. */
static void
refuse(const struct image *image, const char *reason, uint32_t at)
{
    uint32_t fault_at = 0;
    const char *fault = image_open(image, &fault_at);

    check_subject = reason;
    CHECK(fault != NULL);
    if (strstr(fault, reason) == NULL) {
        check_subject = fault;
        check_fail(__FILE__, __LINE__, reason);
    }
    CHECK_EQUAL(fault_at, at);
}

static void
header_refuse(uint32_t field, uint32_t value, const char *reason)
{
    struct image image = image_valid();

    word_put(&image, 4 * field, value);
    refuse(&image, reason, 0);
}

static void
headers_check(void)
{
    struct image image = image_valid();
    uint32_t size = image.size;
    struct fdt tree;

    header_refuse(H_MAGIC, 0xedfe0dd0, "magic");
    header_refuse(H_SIZE, size + 1, "truncated");
    header_refuse(H_SIZE, UINT32_MAX, "truncated");
    header_refuse(H_SIZE, 39, "less than its header");
    header_refuse(H_SIZE, 0, "less than its header");
    header_refuse(H_VERSION, 15, "version");
    header_refuse(H_COMPATIBLE, 18, "version");
    word_put(&image, 4 * H_VERSION, 16);
    word_put(&image, 4 * H_COMPATIBLE, 17);
    refuse(&image, "version", 0);
    image = image_valid();
    header_refuse(H_STRUCTURE, STRUCTURE + 2, "misplaced");
    header_refuse(H_STRUCTURE, UINT32_MAX - 3, "misplaced");
    header_refuse(H_STRUCTURE, (size + 4) & ~3U, "misplaced");
    header_refuse(H_STRUCTURE_SIZE, size - STRUCTURE + 1, "outside the blob");
    header_refuse(H_STRUCTURE_SIZE, UINT32_MAX, "outside the blob");
    header_refuse(H_STRINGS, size - 3, "outside the blob");
    header_refuse(H_STRINGS, size + 1, "outside the blob");
    header_refuse(H_STRINGS_SIZE, 5, "outside the blob");
    header_refuse(H_STRINGS_SIZE, UINT32_MAX, "outside the blob");
    header_refuse(H_RESERVE, RESERVE + 4, "not aligned");
    header_refuse(H_RESERVE, UINT32_MAX - 7, "do not end");
    header_refuse(H_RESERVE, (size + 8) & ~7U, "do not end");
    /* Nothing but tokens and strings from there on: no entry of zeroes. */
    header_refuse(H_RESERVE, STRUCTURE, "do not end");

    check_subject = "no blob";
    CHECK_EQUAL(fdt_open(&tree, NULL, 4096), -EINVAL);
    CHECK_EQUAL(fdt_open(&tree, image.bytes, 0), -EINVAL);
    CHECK_EQUAL(fdt_open(&tree, image.bytes, 7), -EINVAL);
    CHECK_EQUAL(fdt_open(&tree, image.bytes, size - 1), -EINVAL);
    CHECK_EQUAL(tree.size, size);
}

static void
overlaps_check(void)
{
    struct image image = image_valid();

    /* The blocks are found, each is whole, but they share bytes. */
    word_put(&image, 4 * H_STRINGS, STRUCTURE + 28);
    refuse(&image, "overlap", STRUCTURE + sizeof(valid) - 4);
    image = image_valid();
    word_put(&image, 4 * H_STRINGS, RESERVE + 28);
    refuse(&image, "overlap", STRUCTURE + sizeof(valid) - 4);
    image = image_valid();
    word_put(&image, 4 * H_STRINGS, 36);
    refuse(&image, "overlap", STRUCTURE + sizeof(valid) - 4);
    /* A reservation block that begins in the header: "version", and so on. */
    image = image_valid();
    word_put(&image, 4 * H_RESERVE, 24);
    refuse(&image, "overlap", STRUCTURE + sizeof(valid) - 4);
}

static void
tokens_refuse(const uint32_t *words, size_t size, const char *reason,
              uint32_t word)
{
    struct image image = image_build(words, size / 4);

    refuse(&image, reason, STRUCTURE + 4 * word);
}

#define TOKENS_REFUSE(reason, word, ...)                                       \
    tokens_refuse((const uint32_t[]){__VA_ARGS__},                             \
                  sizeof((const uint32_t[]){__VA_ARGS__}), reason, word)

static void
tokens_check(void)
{
    TOKENS_REFUSE("ends before", 0, END);
    TOKENS_REFUSE("ends before", 1, NOP, END);
    TOKENS_REFUSE("ends before", 2, BEGIN_NODE, 0, END);
    TOKENS_REFUSE("cut off", 1, NOP);
    TOKENS_REFUSE("cut off", 2, BEGIN_NODE, 0);
    TOKENS_REFUSE("cut off", 3, BEGIN_NODE, 0, END_NODE);
    TOKENS_REFUSE("did not begin", 0, END_NODE, END);
    TOKENS_REFUSE("did not begin", 3, BEGIN_NODE, 0, END_NODE, END_NODE, END);
    TOKENS_REFUSE("more than one root", 3, BEGIN_NODE, 0, END_NODE, BEGIN_NODE,
                  0, END_NODE, END);
    TOKENS_REFUSE("unknown token", 2, BEGIN_NODE, 0, 5, END_NODE, END);
    TOKENS_REFUSE("unknown token", 2, BEGIN_NODE, 0, 0, END_NODE, END);
    TOKENS_REFUSE("name does not end", 0, BEGIN_NODE);
    TOKENS_REFUSE("name does not end", 0, BEGIN_NODE, 0x61616161, 0x61616161);
    TOKENS_REFUSE("outside a node", 0, PROP, 0, 0, END);
    TOKENS_REFUSE("outside a node", 3, BEGIN_NODE, 0, END_NODE, PROP, 0, 0,
                  END);
    TOKENS_REFUSE("after a child", 5, BEGIN_NODE, 0, BEGIN_NODE, NAME_A,
                  END_NODE, PROP, 0, 0, END_NODE, END);
    TOKENS_REFUSE("cut off", 2, BEGIN_NODE, 0, PROP, 0);
    TOKENS_REFUSE("value does not fit", 2, BEGIN_NODE, 0, PROP, 9, 0, END_NODE,
                  END);
    TOKENS_REFUSE("value does not fit", 2, BEGIN_NODE, 0, PROP, UINT32_MAX, 0,
                  END_NODE, END);
    TOKENS_REFUSE("value does not fit", 2, BEGIN_NODE, 0, PROP, UINT32_MAX - 11,
                  0, END_NODE, END);
    TOKENS_REFUSE("not in the strings", 2, BEGIN_NODE, 0, PROP, 0, 2, END_NODE,
                  END);
    TOKENS_REFUSE("not in the strings", 2, BEGIN_NODE, 0, PROP, 0, UINT32_MAX,
                  END_NODE, END);
}

static void
nesting_check(void)
{
    uint32_t words[3 * (FDT_DEPTH_MAX + 1) + 1];
    struct image image;
    uint32_t count;

    for (uint32_t depth = FDT_DEPTH_MAX; depth <= FDT_DEPTH_MAX + 1; depth++) {
        count = 0;
        for (uint32_t i = 0; i < depth; i++) {
            words[count++] = BEGIN_NODE;
            words[count++] = 0;
        }
        for (uint32_t i = 0; i < depth; i++) {
            words[count++] = END_NODE;
        }
        words[count++] = END;
        image = image_build(words, count);
        if (depth == FDT_DEPTH_MAX) {
            accept(&image, "as many levels as there may be");
        } else {
            refuse(&image, "too deep", STRUCTURE + 8 * FDT_DEPTH_MAX);
        }
    }
}

static void
tolerated_check(void)
{
    static const uint32_t padded[] = {NOP, NOP,      BEGIN_NODE, 0,
                                      NOP, END_NODE, NOP,        END};
    static const uint32_t behind[] = {BEGIN_NODE, 0, END_NODE, END, 77, 0};
    struct image image = image_valid();
    uint32_t strings = word_get(&image, 4 * H_STRINGS);

    accept(&image, "the valid blob");
    word_put(&image, 4 * H_COMPATIBLE, 1);
    accept(&image, "compatible with long ago");
    image = image_valid();
    word_put(&image, 4 * H_VERSION, 18);
    word_put(&image, 4 * H_COMPATIBLE, 17);
    accept(&image, "a later version compatible with ours");
    image = image_valid();
    word_put(&image, 4 * H_VERSION, 16);
    word_put(&image, 4 * H_STRUCTURE_SIZE, UINT32_MAX);
    accept(&image, "version 16, which has no size of the structure block");
    image = image_valid();
    word_put(&image, 4 * H_SIZE, image.size + 512);
    image.size += 512;
    accept(&image, "padding behind");
    image = image_build(padded, sizeof(padded) / 4);
    accept(&image, "FDT_NOP anywhere");
    image = image_build(behind, sizeof(behind) / 4);
    accept(&image, "something behind FDT_END");
    image = image_valid();
    word_put(&image, 4 * H_STRUCTURE_SIZE, sizeof(valid) + 3);
    accept(&image, "a size of the structure block that is no multiple of 4");
    /* The strings in front of the structure block, after the reservations. */
    image = image_valid();
    memmove(image.bytes + STRUCTURE + 4, image.bytes + STRUCTURE,
            sizeof(valid));
    memcpy(image.bytes + STRUCTURE, "p\0xy", 4);
    word_put(&image, 4 * H_STRUCTURE, STRUCTURE + 4);
    word_put(&image, 4 * H_STRINGS, STRUCTURE);
    accept(&image, "strings in front of the structure");
    CHECK_EQUAL(strings + 4, image.size);
}

/* What stands in the valid blob is what the reader finds. */
static void
content_check(void)
{
    struct image image = image_valid();
    struct fdt_range range = {0, 0};
    struct fdt_prop prop = {0};
    struct fdt tree;

    check_subject = "the valid blob";
    CHECK_EQUAL(fdt_open(&tree, image.bytes, sizeof(image.bytes)), 0);
    CHECK_EQUAL(tree.reserve_entries, 1);
    CHECK_EQUAL(fdt_reserve_read(&tree, 0, &range), 0);
    CHECK_EQUAL(range.address, 0x1000);
    CHECK_EQUAL(range.size, 0x2000);
    CHECK(fdt_prop_next(&tree, tree.root, &prop));
    CHECK(strcmp(prop.name, "p") == 0);
    CHECK_EQUAL(prop.length, 5);
    CHECK(memcmp(prop.value, "\1\2\3\4\5", 5) == 0);
    CHECK(!fdt_prop_next(&tree, tree.root, &prop));
    CHECK(strcmp(prop.name, "p") == 0);

    word_put(&image, RESERVE, UINT32_MAX);
    word_put(&image, RESERVE + 4, UINT32_MAX);
    CHECK_EQUAL(fdt_open(&tree, image.bytes, sizeof(image.bytes)), 0);
    CHECK_EQUAL(fdt_reserve_read(&tree, 0, &range), -ERANGE);
    CHECK_EQUAL(range.address, 0x1000);
}

int
main(void)
{
    headers_check();
    overlaps_check();
    tokens_check();
    nesting_check();
    tolerated_check();
    content_check();
    return 0;
}
