/* SPDX-License-Identifier: MIT */
/*
 * What lib/disk makes in memory: the hash by the examples of FIPS 180-4 and of
 * RFC 6234, labels, types, catalogues, and next fit against a search that tries
 * every place.
 */
#include "kern/abi/error.h"
#include "lib/disk/format.h"
#include "lib/disk/sha256.h"
#include "lib/disk/space.h"
#include "lib/log/format.h"
#include "test/host/check.h"

static void
hash_check(const void *bytes, size_t size, const char *expected)
{
    uint8_t hash[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];
    size_t i;

    sha256(bytes, size, hash);
    for (i = 0; i < SHA256_BYTES; i++) {
        (void)snprintf(text + i * 2, 3, "%02x", hash[i]);
    }
    CHECK(strcmp(text, expected) == 0);
}

static void
hashes_check(void)
{
    static char many[1000000];

    check_subject = "hash";
    memset(many, 'a', sizeof(many));
    hash_check(
        "", 0,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_check(
        "abc", 3,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_check(
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    hash_check(
        many, sizeof(many),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    hash_check(
        many, 55,
        "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    hash_check(
        many, 64,
        "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

static void
label_check(void)
{
    _Alignas(8) uint8_t block[DISK_BLOCK_BYTES];
    size_t i;

    check_subject = "label";
    disk_format_label(block, 1000);
    CHECK_EQUAL(disk_format_blocks(block), 1000);
    for (i = 0; i < sizeof(struct disk_label); i++) {
        block[i] ^= 4;
        CHECK_EQUAL(disk_format_blocks(block), -EINVAL);
        block[i] ^= 4;
    }
    disk_format_label(block, 60);
    CHECK_EQUAL(disk_format_blocks(block), -EINVAL);
}

static void
type_check(void)
{
    _Alignas(8) uint8_t block[DISK_BLOCK_BYTES];
    struct code_error error = {0};
    const struct disk_type *type = (void *)block;
    static const char line[8] = {'r', '0', ' ', '=', ' ', 'r', '1', '\n'};
    static char large[DISK_BLOCK_BYTES * 8];
    size_t i;

    check_subject = "type";
    CHECK_EQUAL(
        disk_format_type(block, LOG_TYPE_NAME, log_owns, log_access, &error),
        0);
    CHECK_EQUAL(disk_format_type_check(block), 0);
    CHECK(strcmp(type->name, LOG_TYPE_NAME) == 0);
    CHECK_EQUAL(type->access, 128 + type->owns_count * 8);
    for (i = 0; i < sizeof(block); i += 7) {
        block[i] ^= 4;
        CHECK_EQUAL(disk_format_type_check(block), -EINVAL);
        block[i] ^= 4;
    }
    CHECK_EQUAL(disk_format_type(block, "x", "nonsense", "exit", &error),
                -EINVAL);
    CHECK(error.fault != NULL);
    CHECK_EQUAL(
        disk_format_type(block, "a name too long!", "exit", "exit", &error),
        -ENOSPC);
    for (i = 0; i < 500; i++) {
        memcpy(large + i * sizeof(line), line, sizeof(line));
    }
    CHECK_EQUAL(disk_format_type(block, "x", "exit", large, &error), -EINVAL);
}

static void
catalogue_check(void)
{
    static struct disk_tree trees[DISK_TREES];
    struct disk_tree tree = {.name = "middle", .first = 100, .count = 10};
    uint64_t i;

    check_subject = "catalogue";
    CHECK_EQUAL(disk_format_tree_add(trees, &tree), 0);
    tree = (struct disk_tree){.name = "last", .first = 110, .count = 1};
    CHECK_EQUAL(disk_format_tree_add(trees, &tree), 0);
    tree = (struct disk_tree){.name = "first", .first = 99, .count = 1};
    CHECK_EQUAL(disk_format_tree_add(trees, &tree), 0);
    for (i = 90; i < 115; i++) {
        tree = (struct disk_tree){.name = "over", .first = i, .count = 10};
        CHECK_EQUAL(disk_format_tree_add(trees, &tree),
                    i + 10 <= 99 || i > 110 ? 0 : -EOVERFLOW);
        if (i + 10 <= 99 || i > 110) {
            CHECK_EQUAL(disk_format_tree_remove(trees, i), 0);
        }
    }
    CHECK_EQUAL(disk_format_tree_find(trees, "first")->first, 99);
    CHECK_EQUAL(disk_format_tree_find(trees, "middle")->count, 10);
    CHECK(disk_format_tree_find(trees, "over") == NULL);
    CHECK_EQUAL(disk_format_tree_remove(trees, 101), -ENOENT);
    CHECK_EQUAL(disk_format_tree_remove(trees, 100), 0);
    CHECK(disk_format_tree_find(trees, "middle") == NULL);
    CHECK_EQUAL(trees[2].count, 0);
    for (i = 0; i < DISK_TREES - 2; i++) {
        tree = (struct disk_tree){.name = "t", .first = 1000 - i, .count = 1};
        CHECK_EQUAL(disk_format_tree_add(trees, &tree), 0);
    }
    tree.first = 5000;
    CHECK_EQUAL(disk_format_tree_add(trees, &tree), -ENOSPC);
    for (i = 1; i < DISK_TREES; i++) {
        CHECK(trees[i].first > trees[i - 1].first);
    }
}

static bool
run_is_free(const uint8_t *table, uint64_t first, uint64_t count)
{
    while (count > 0 && table[first] == BLOCK_FREE) {
        first++;
        count--;
    }
    return count == 0;
}

static void
space_check(void)
{
    uint8_t table[DISK_FIRST_BLOCK + 40];
    struct space space = {table, sizeof(table), 0};
    uint64_t random = 5;
    int round;

    check_subject = "space";
    for (round = 0; round < 100000; round++) {
        uint64_t count = 1 + random_below(&random, 6);
        uint64_t first;
        bool any = false;
        int64_t found;

        memset(table, BLOCK_USED, DISK_FIRST_BLOCK);
        for (first = DISK_FIRST_BLOCK; first < sizeof(table); first++) {
            table[first] = (uint8_t)(random_below(&random, 3) != 0);
        }
        space.next = random_below(&random, sizeof(table) + 2);
        for (first = DISK_FIRST_BLOCK; first + count <= sizeof(table);
             first++) {
            any |= run_is_free(table, first, count);
        }
        found = space_find(&space, count);
        CHECK_EQUAL(found >= 0, any);
        if (any) {
            CHECK(run_is_free(table, (uint64_t)found, count));
            CHECK_EQUAL(space.next, (uint64_t)found + count);
        }
    }
    CHECK_EQUAL(space_find(&space, 0), -ENOSPC);
    CHECK_EQUAL(space_find(&space, 1000), -ENOSPC);
    memset(table, BLOCK_USED, sizeof(table));
    table[70] = BLOCK_FREE;
    CHECK_EQUAL(space_free(&space), 1);
}

int
main(void)
{
    hashes_check();
    label_check();
    type_check();
    catalogue_check();
    space_check();
    return 0;
}
