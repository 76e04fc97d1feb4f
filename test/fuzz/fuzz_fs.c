/* SPDX-License-Identifier: MIT */
/*
 * Images and operations. The first byte of the input says which:
 *
 *   even   bytes of a good image are changed, five bytes of input for each: a
 *          node, where in it, and what is put there; then it is recovered,
 *          mounted, repaired, read and written. Whatever comes of it, nothing
 *          crashes, nothing is without end
 *   odd    the input is a list of operations on a new one, which must be right
 *          afterwards, and own what the kernel has
 */
#include "kern/abi/error.h"
#include "lib/fs/check.h"
#include "test/host/check.h"
#include "test/host/fs_host.h"

#define BLOCKS ((uint64_t)400)
#define BYTES (BLOCKS * FS_BLOCK)
#define ENTRIES 256
#define NODES_MAX 64
#define LOOKS_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *good;
static uint8_t *image;
static struct fs fs;
static struct fs_volume *volume;
static uint64_t nodes[NODES_MAX];
static unsigned node_count;
static uint8_t bytes[3 * FS_BLOCK];

static struct fs_file *
make(struct fs_file *directory, const char *name, enum fs_file_kind kind)
{
    const struct fs_status status = {.kind = kind, .mode = 0600};
    struct fs_file *f = NULL;

    CHECK_EQUAL(fs_create(&fs, directory, name, strlen(name), &status, &f), 0);
    return f;
}

static void
empty_make(uint8_t *disk)
{
    static const struct cap_name everybody;

    memset(disk, 0, BYTES);
    fs_host_format(disk, BLOCKS);
    CHECK_EQUAL(fs_host_begin(disk, BLOCKS, NULL, ENTRIES), 0);
    CHECK_EQUAL(fs_host_tree(FS_TREE_NAME, true, &volume), 0);
    CHECK_EQUAL(fs_make(&fs, volume, &everybody, &everybody), 0);
}

/* One with everything: a directory with an index, a file with nodes of its own,
   links of both kinds, and something that is dying. */
static void
good_make(void)
{
    struct fs_file *d;
    struct fs_file *f;
    uint64_t b;
    unsigned i;

    good = calloc(1, BYTES);
    image = calloc(1, BYTES);
    CHECK(good != NULL && image != NULL);
    empty_make(good);
    d = make(fs_root(&fs), "d", FS_DIRECTORY);
    for (i = 0; i < 120; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "f%u", i);
        f = make(d, name, FS_FILE);
        CHECK_EQUAL(fs_write(&fs, f, 0, bytes, i % 5 == 0), i % 5 == 0);
        fs_close(&fs, f);
    }
    f = make(fs_root(&fs), "sparse", FS_FILE);
    for (i = 0; i < 60; i++) {
        CHECK_EQUAL(fs_write(&fs, f, (uint64_t)i * 100000, bytes, 1), 1);
    }
    CHECK_EQUAL(fs_link(&fs, f, d, "hard", 4), 0);
    CHECK_EQUAL(fs_symlink(&fs, d, "soft", 4, "../sparse", 9), 0);
    f = make(d, "dying", FS_FILE);
    CHECK_EQUAL(fs_write(&fs, f, 0, bytes, 9000), 9000);
    CHECK_EQUAL(fs_unlink(&fs, d, "dying", 5), 0);
    CHECK_EQUAL(fs_sync(&fs), 0);
    for (b = DISK_FIRST_BLOCK; b < BLOCKS && node_count < NODES_MAX; b++) {
        if (memcmp(good + b * FS_BLOCK, &(uint64_t){FS_MAGIC}, 8) == 0) {
            nodes[node_count++] = b;
        }
    }
    CHECK(node_count > 5);
}

/* Looks at what is there, and changes some of it. */
static void
walk(struct fs_file *directory, unsigned *looks, bool change)
{
    struct fs_cursor cursor = {0};

    while ((*looks)++ < LOOKS_MAX && fs_next(&fs, directory, &cursor) == 1) {
        struct fs_status status;
        struct fs_file *f;

        if (fs_open(&fs, directory, cursor.name, cursor.name_bytes, &f) != 0) {
            continue;
        }
        if (fs_stat(&fs, f, &status) == 0) {
            (void)fs_read(&fs, f, status.size / 2, bytes, sizeof(bytes));
            (void)fs_readlink(&fs, f, (char *)bytes, sizeof(bytes));
            if (status.kind == FS_DIRECTORY) {
                walk(f, looks, change);
            } else if (change && *looks % 3 == 0) {
                (void)fs_write(&fs, f, status.size, bytes, 5000);
                (void)fs_truncate(&fs, f, status.size / 3);
            }
        }
        fs_close(&fs, f);
        if (change && *looks % 5 == 0) {
            (void)fs_unlink(&fs, directory, cursor.name, cursor.name_bytes);
        } else if (change && *looks % 5 == 1) {
            const struct fs_text name = {cursor.name, cursor.name_bytes};

            (void)fs_rename(&fs, directory, name, fs_root(&fs), name);
        }
    }
}

static void
fuzz_image(const uint8_t *data, size_t size)
{
    struct fs_check report;
    unsigned looks = 0;
    size_t i;

    memcpy(image, good, BYTES);
    for (i = 0; i + 5 <= size; i += 5) {
        uint64_t node = nodes[data[i] % node_count];
        size_t at = (data[i + 1] | (size_t)data[i + 2] << 8) % FS_BLOCK;

        image[node * FS_BLOCK + at] = data[i + 3];
        image[node * FS_BLOCK + (at + 1) % FS_BLOCK] ^= data[i + 4];
    }
    if (fs_host_begin(image, BLOCKS, NULL, ENTRIES) != 0 ||
        fs_host_tree(FS_TREE_NAME, false, &volume) != 0 ||
        fs_mount(&fs, volume) < 0) {
        return;
    }
    walk(fs_root(&fs), &looks, false);
    (void)fs_check(&fs, true, NULL, NULL, &report);
    looks = 0;
    walk(fs_root(&fs), &looks, true);
    (void)fs_unmount(&fs);
}

static void
one_operation(const uint8_t *data)
{
    struct fs_status status = {.kind =
                                   (data[0] & 8) != 0 ? FS_DIRECTORY : FS_FILE};
    char name[2] = {(char)('a' + data[1] % 16), 0};
    char other[2] = {(char)('a' + data[2] % 16), 0};
    struct fs_file *root = fs_root(&fs);
    struct fs_file *d = root;
    struct fs_file *f = NULL;

    if ((data[0] & 0x10) != 0 && fs_open(&fs, root, other, 1, &d) != 0) {
        d = root;
    }
    switch (data[0] & 7) {
    case 0:
        if (fs_create(&fs, d, name, 1, &status, &f) == 0) {
            fs_close(&fs, f);
        }
        break;
    case 1:
        (void)fs_unlink(&fs, d, name, 1);
        break;
    case 2:
        (void)fs_rename(&fs, root, (struct fs_text){name, 1}, d,
                        (struct fs_text){other, 1});
        break;
    case 3:
        (void)fs_symlink(&fs, d, name, 1, "target", 6);
        break;
    case 4:
        (void)fs_sync(&fs);
        break;
    default:
        if (fs_open(&fs, d, name, 1, &f) == 0) {
            uint64_t at = (uint64_t)data[3] << (data[2] & 15);

            if ((data[0] & 7) == 5) {
                (void)fs_write(&fs, f, at, bytes, 1 + at % sizeof(bytes));
            } else if ((data[0] & 7) == 6) {
                (void)fs_truncate(&fs, f, at);
            } else {
                (void)fs_link(&fs, f, root, other, 1);
            }
            fs_close(&fs, f);
        }
    }
    if (d != root) {
        fs_close(&fs, d);
    }
}

static void
fuzz_operations(const uint8_t *data, size_t size)
{
    struct fs_check report;
    size_t i;

    empty_make(image);
    for (i = 0; i + 4 <= size && i < 4000; i += 4) {
        one_operation(data + i);
    }
    CHECK_EQUAL(fs_check(&fs, false, NULL, NULL, &report), 0);
    CHECK_EQUAL(report.faults, 0);
    CHECK_EQUAL(fs_unmount(&fs), 0);
    CHECK(fs_host_check() == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (good == NULL) {
        good_make();
    }
    if (size > 0 && data[0] % 2 == 0) {
        fuzz_image(data + 1, size - 1);
    } else if (size > 0) {
        fuzz_operations(data + 1, size - 1);
    }
    return 0;
}
