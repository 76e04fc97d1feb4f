/* SPDX-License-Identifier: MIT */
/*
 * One archive for each reason to refuse one, built by hand from the smallest
 * valid one, and for each deviation that is tolerated. Every archive is opened
 * in a buffer of exactly its size, at an odd address.
 */
#include "kern/abi/error.h"
#include "kern/boot/archive.h"
#include "test/host/check.h"

#define REGULAR 0100644U

/* The numbers of a header. */
enum {
    INODE,
    MODE,
    UID,
    GID,
    LINKS,
    MTIME,
    FILE_SIZE,
    MAJOR,
    MINOR,
    SPECIAL_MAJOR,
    SPECIAL_MINOR,
    NAME_SIZE,
    CHECKSUM,
    NUMBERS,
};

struct image {
    uint8_t bytes[32768];
    size_t size;
    uint8_t padding; /* the byte to pad with */
};

static void
bytes_put(struct image *image, const void *bytes, size_t size)
{
    CHECK(size <= sizeof(image->bytes) - image->size);
    if (size > 0) {
        memcpy(image->bytes + image->size, bytes, size);
    }
    image->size += size;
}

static void
padding_put(struct image *image)
{
    while (image->size % 4 != 0) {
        bytes_put(image, &image->padding, 1);
    }
}

static void
number_put(struct image *image, size_t entry, int number, uint32_t value)
{
    char digits[9];

    (void)snprintf(digits, sizeof(digits), "%08X", value);
    memcpy(image->bytes + entry + 6 + 8 * (size_t)number, digits, 8);
}

/* Adds an entry, whose name has so many bytes with its NULs. */
static size_t
entry_put_sized(struct image *image, uint32_t mode, const char *name,
                size_t name_size, const char *data)
{
    size_t at = image->size;

    bytes_put(image, "070701", 6);
    for (int i = 0; i < NUMBERS; i++) {
        bytes_put(image, "00000000", 8);
    }
    number_put(image, at, MODE, mode);
    number_put(image, at, LINKS, 1);
    number_put(image, at, FILE_SIZE, (uint32_t)strlen(data));
    number_put(image, at, NAME_SIZE, (uint32_t)name_size);
    bytes_put(image, name, strlen(name));
    for (size_t i = strlen(name); i < name_size; i++) {
        bytes_put(image, "", 1);
    }
    padding_put(image);
    bytes_put(image, data, strlen(data));
    padding_put(image);
    return at;
}

static size_t
entry_put(struct image *image, uint32_t mode, const char *name,
          const char *data)
{
    return entry_put_sized(image, mode, name, strlen(name) + 1, data);
}

static void
trailer_put(struct image *image)
{
    (void)entry_put(image, 0, "TRAILER!!!", "");
}

/* "init" with "hello" at 0, "b" with "yz" at INIT_END, then the trailer. */
#define INIT_END 124U
#define B_END 240U

static struct image
image_valid(void)
{
    struct image image = {{0}, 0, 0};

    CHECK_EQUAL(entry_put(&image, REGULAR, "init", "hello"), 0);
    CHECK_EQUAL(entry_put(&image, REGULAR, "b", "yz"), INIT_END);
    CHECK_EQUAL(image.size, B_END);
    trailer_put(&image);
    return image;
}

/* The caller frees the copy, of which archive->blob is the second byte. */
static uint8_t *
image_open(const struct image *image, struct archive *archive)
{
    uint8_t *buffer = malloc(image->size + 1);
    int error;

    CHECK(buffer != NULL);
    memcpy(buffer + 1, image->bytes, image->size);
    error = archive_open(archive, buffer + 1, image->size);
    CHECK_EQUAL(error, archive->fault == NULL ? 0 : -EINVAL);
    return buffer;
}

/* Checks the reason by a part of it. */
static void
refuse(const struct image *image, const char *reason, size_t at)
{
    struct archive archive;
    uint8_t *buffer = image_open(image, &archive);
    struct archive_file file = {0};

    check_subject = reason;
    CHECK(archive.fault != NULL);
    if (strstr(archive.fault, reason) == NULL) {
        check_subject = archive.fault;
        check_fail(__FILE__, __LINE__, reason);
    }
    CHECK_EQUAL(archive.fault_at, at);
    CHECK(!archive_next(&archive, &(struct archive_file){0}));
    CHECK(!archive_next(&archive, &file));
    CHECK_EQUAL(archive_find(&archive, "init", &file), -ENOENT);
    free(buffer);
}

/* The files are these names, each followed by its data, and no others. */
static void
accept(const struct image *image, const char *what, const char *const *expect)
{
    struct archive archive;
    uint8_t *buffer = image_open(image, &archive);
    struct archive_file file = {0};

    check_subject = what;
    if (archive.fault != NULL) {
        check_subject = archive.fault;
        check_fail(__FILE__, __LINE__, what);
    }
    for (; *expect != NULL; expect += 2) {
        CHECK(archive_next(&archive, &file));
        CHECK(strcmp(file.name, expect[0]) == 0);
        CHECK_EQUAL(file.size, strlen(expect[1]));
        CHECK(memcmp(file.data, expect[1], file.size) == 0);
    }
    CHECK(!archive_next(&archive, &file));
    free(buffer);
}

/* The names and data follow; NULL if there are none. */
#define ACCEPT(image, what, ...)                                               \
    accept(image, what, (const char *const[]){__VA_ARGS__, NULL})

static void
number_refuse(size_t entry, int number, uint32_t value, const char *reason)
{
    struct image image = image_valid();

    number_put(&image, entry, number, value);
    refuse(&image, reason, entry);
}

static void
byte_refuse(size_t entry, size_t at, char byte, const char *reason)
{
    struct image image = image_valid();

    image.bytes[entry + at] = (uint8_t)byte;
    refuse(&image, reason, entry);
}

static void
headers_check(void)
{
    static const char wrong[] = "g/:@G`xX- \xb0";
    struct image image = image_valid();
    struct archive archive;

    CHECK_EQUAL(archive_open(&archive, NULL, 4096), -EINVAL);
    CHECK(strstr(archive.fault, "without a trailer") != NULL);
    image.size = 0;
    refuse(&image, "without a trailer", 0);
    image.size = INIT_END;
    refuse(&image, "without a trailer", INIT_END);
    image.size = B_END;
    refuse(&image, "without a trailer", B_END);
    image.size = B_END - 2; /* cut off in the padding */
    refuse(&image, "without a trailer", B_END - 2);
    image.size = INIT_END + 109;
    refuse(&image, "header is cut off", INIT_END);

    byte_refuse(0, 0, '\x1f', "magic"); /* gzip */
    byte_refuse(INIT_END, 5, '7', "magic");
    byte_refuse(INIT_END, 5, '0', "magic");
    byte_refuse(B_END, 5, '3', "magic");
    for (size_t i = 0; i < 5; i++) {
        byte_refuse(INIT_END, i, '1', "magic");
    }
    for (size_t at = 6; at < 110; at++) {
        for (size_t i = 0; i < sizeof(wrong); i++) { /* the NUL included */
            byte_refuse(INIT_END, at, wrong[i], "not hexadecimal");
        }
    }
}

static void
sizes_check(void)
{
    struct image image = image_valid();
    char name[4097];

    number_refuse(INIT_END, NAME_SIZE, 0, "not terminated");
    number_refuse(INIT_END, NAME_SIZE, 1, "not terminated");
    number_refuse(INIT_END, NAME_SIZE, 4097, "too long");
    number_refuse(INIT_END, NAME_SIZE, UINT32_MAX, "too long");
    number_refuse(INIT_END, NAME_SIZE, 4096, "name is cut off");
    number_refuse(INIT_END, NAME_SIZE,
                  (uint32_t)image.size - INIT_END - 110 + 1, "name is cut off");
    byte_refuse(INIT_END, 110, '\0', "name is empty");
    byte_refuse(B_END, 120, '?', "not terminated");
    number_refuse(INIT_END, FILE_SIZE, UINT32_MAX, "data is cut off");
    number_refuse(INIT_END, FILE_SIZE, 0x80000000, "data is cut off");
    number_refuse(INIT_END, FILE_SIZE,
                  (uint32_t)image.size - INIT_END - 112 + 1, "data is cut off");
    /* As much as there is swallows the trailer. */
    number_put(&image, INIT_END, FILE_SIZE,
               (uint32_t)image.size - INIT_END - 112);
    refuse(&image, "without a trailer", image.size);
    image = image_valid();
    trailer_put(&image);
    number_put(&image, B_END, FILE_SIZE, 4);
    refuse(&image, "trailer has data", B_END);

    image.size = 0;
    memset(name, 'n', sizeof(name));
    name[4095] = '\0';
    (void)entry_put(&image, REGULAR, name, "data");
    trailer_put(&image);
    ACCEPT(&image, "the longest name", name, "data");
    image.size = 0;
    name[4095] = 'n';
    name[4096] = '\0';
    (void)entry_put(&image, REGULAR, name, "data");
    trailer_put(&image);
    refuse(&image, "too long", 0);
}

static void
meanings_check(void)
{
    struct image image = image_valid();

    number_put(&image, INIT_END, LINKS, 2);
    ACCEPT(&image, "a hard link with data", "init", "hello", "b", "yz");
    image.size = 0;
    number_put(&image, entry_put(&image, REGULAR, "l", ""), LINKS, 2);
    trailer_put(&image);
    refuse(&image, "hard link", 0);
    number_put(&image, 0, LINKS, 1);
    ACCEPT(&image, "an empty file", "l", "");
    number_put(&image, 0, LINKS, 2);
    number_put(&image, 0, MODE, 040755);
    ACCEPT(&image, "a directory has many links", NULL);

    image = image_valid();
    image.bytes[INIT_END + 5] = '2';
    refuse(&image, "checksum", INIT_END);
    number_put(&image, INIT_END, CHECKSUM, 'y' + 'z');
    ACCEPT(&image, "a checksum", "init", "hello", "b", "yz");
    number_put(&image, INIT_END, CHECKSUM, 'y' + 'z' + 1);
    refuse(&image, "checksum", INIT_END);
    image.bytes[INIT_END + 5] = '1';
    ACCEPT(&image, "a checksum of no meaning", "init", "hello", "b", "yz");
}

static void
tolerated_check(void)
{
    struct image image = image_valid();

    ACCEPT(&image, "the valid archive", "init", "hello", "b", "yz");
    for (size_t i = 0; i < 110; i++) {
        image.bytes[i] |= 0x20 & image.bytes[i] >> 1; /* lower case */
    }
    ACCEPT(&image, "digits in lower case", "init", "hello", "b", "yz");
    for (int i = 0; i < NUMBERS; i++) {
        if (i != MODE && i != FILE_SIZE && i != NAME_SIZE) {
            number_put(&image, 0, i, 0xfeDCba98);
            number_put(&image, B_END, i, UINT32_MAX);
        }
    }
    ACCEPT(&image, "other numbers", "init", "hello", "b", "yz");
    number_put(&image, B_END, MODE, REGULAR);
    ACCEPT(&image, "a regular trailer", "init", "hello", "b", "yz");

    image = image_valid();
    image.size = B_END + 121;
    ACCEPT(&image, "no padding behind", "init", "hello", "b", "yz");
    image = image_valid();
    bytes_put(&image, "\xff\xff\xff", 3);
    ACCEPT(&image, "something behind", "init", "hello", "b", "yz");
    (void)entry_put(&image, REGULAR, "more", "");
    ACCEPT(&image, "a file behind", "init", "hello", "b", "yz");

    image = (struct image){{0}, 0, 0};
    trailer_put(&image);
    ACCEPT(&image, "an archive of nothing", NULL);

    image = (struct image){{0}, 0, 0xa5};
    (void)entry_put_sized(&image, REGULAR, "padded", 3000, "data");
    (void)entry_put(&image, REGULAR, "./TRAILER!!!", "no");
    (void)entry_put_sized(&image, 0, "TRAILER!!!", 100, "");
    ACCEPT(&image, "padding", "padded", "data", "TRAILER!!!", "no");
}

static void
kinds_check(void)
{
    struct image image = {{0}, 0, 0};

    for (uint32_t type = 0; type < 16; type++) {
        (void)entry_put(&image, type << 12 | 0755, "kind", "data");
    }
    trailer_put(&image);
    ACCEPT(&image, "only type 8 is a regular file", "kind", "data");
}

/* Whatever the lengths, what was put in is what comes out. */
static void
padding_check(void)
{
    const char *letters = "abcdefghi";

    for (size_t name = 0; name < 9; name++) {
        for (size_t data = 0; data <= 9; data++) {
            struct image image = {{0}, 0, '0'};
            (void)entry_put(&image, REGULAR, letters + name, letters + data);
            (void)entry_put(&image, REGULAR, letters + data % 9, "x");
            trailer_put(&image);
            ACCEPT(&image, "lengths", letters + name, letters + data,
                   letters + data % 9, "x");
        }
    }
}

/* Looks for a name; data is NULL if it is not to be found. */
static void
find(const struct image *image, const char *name, const char *data)
{
    struct archive archive;
    uint8_t *buffer = image_open(image, &archive);
    struct archive_file file = {.size = 77};
    int error = archive_find(&archive, name, &file);

    check_subject = name;
    CHECK_EQUAL(error, data != NULL ? 0 : -ENOENT);
    CHECK_EQUAL(file.size, data != NULL ? strlen(data) : 77);
    if (data != NULL) {
        CHECK(memcmp(file.data, data, file.size) == 0);
        CHECK_EQUAL(file.mode, REGULAR);
    }
    free(buffer);
}

static void
names_check(void)
{
    static const char *const prefixes[] = {"", "./", "/", "//", ".//", "././"};
    static const char *const others[] = {
        "",      "i",       "ini",     "inits",    "Init",     ".init",
        "init/", "../init", "in/init", "bin/init", "etc/motd", "TRAILER!!!",
    };
    struct image image;

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        char name[16];
        image = (struct image){{0}, 0, 0};
        (void)snprintf(name, sizeof(name), "%sinit", prefixes[i]);
        (void)entry_put(&image, 040755, ".", "");
        (void)entry_put(&image, REGULAR, name, "it");
        (void)entry_put(&image, 040755, "etc/motd", "not a file");
        trailer_put(&image);
        ACCEPT(&image, name, "init", "it");
        for (size_t k = 0; k < sizeof(prefixes) / sizeof(*prefixes); k++) {
            (void)snprintf(name, sizeof(name), "%sinit", prefixes[k]);
            find(&image, name, "it");
        }
        for (size_t k = 0; k < sizeof(others) / sizeof(*others); k++) {
            find(&image, others[k], NULL);
        }
    }

    image = (struct image){{0}, 0, 0};
    (void)entry_put(&image, REGULAR, "init", "first");
    (void)entry_put(&image, REGULAR, "b/c", "");
    (void)entry_put(&image, REGULAR, "./init", "second");
    (void)entry_put(&image, 040755, "init", "");
    (void)entry_put(&image, REGULAR, ".hidden", "h");
    (void)entry_put(&image, REGULAR, "../up", "u");
    trailer_put(&image);
    ACCEPT(&image, "a name twice", "init", "first", "b/c", "", "init", "second",
           ".hidden", "h", "../up", "u");
    find(&image, "init", "second");
    find(&image, "/b/c", "");
    find(&image, "b//c", NULL);
    find(&image, ".hidden", "h");
    find(&image, "hidden", NULL);
    find(&image, "up", NULL);
}

/* Every archive that is cut off is refused, unless only padding is. */
static void
truncation_check(void)
{
    struct image image = image_valid();

    check_subject = "truncation";
    image.bytes[INIT_END + 5] = '2';
    number_put(&image, INIT_END, CHECKSUM, 'y' + 'z');
    for (size_t size = 0; size < image.size; size++) {
        struct image shorter = image;
        struct archive archive;
        uint8_t *buffer;
        shorter.size = size;
        buffer = image_open(&shorter, &archive);
        CHECK_EQUAL(archive.fault == NULL, size >= B_END + 121);
        CHECK(archive.fault_at <= size);
        free(buffer);
    }
}

int
main(void)
{
    headers_check();
    sizes_check();
    meanings_check();
    tolerated_check();
    kinds_check();
    padding_check();
    names_check();
    truncation_check();
    return 0;
}
