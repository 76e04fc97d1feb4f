/* SPDX-License-Identifier: MIT */
/* The parts of kern/disk that changes are made of, one by one. */
#include "kern/abi/error.h"
#include "test/host/disk_machine.h"

static void
sha_check(const char *text, size_t times, const char *hex)
{
    size_t length = strlen(text);
    char *all = malloc(length * times + 1);
    uint8_t hash[DISK_HASH_BYTES];
    char found[2 * DISK_HASH_BYTES + 1];
    struct sha256 s;
    size_t at = 0;

    CHECK(all != NULL);
    for (size_t i = 0; i < length * times; i++) {
        all[i] = text[i % length];
    }
    length *= times;
    sha256_begin(&s);
    for (; length - at >= 64; at += 64) {
        sha256_block(&s, (const uint8_t *)all + at);
    }
    sha256_end(&s, (const uint8_t *)all + at, length - at, hash);
    for (unsigned i = 0; i < DISK_HASH_BYTES; i++) {
        (void)snprintf(found + (size_t)2 * i, 3, "%02x", hash[i]);
    }
    check_subject = text;
    CHECK(strcmp(found, hex) == 0);
    free(all);
}

/* The examples of FIPS 180-2, appendix B, and the empty one. */
static void
sha_cases(void)
{
    sha_check(
        "", 1,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha_check(
        "abc", 1,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha_check(
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    sha_check(
        "a", 1000000,
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    check_subject = "";
}

static int
type_check_all(const uint8_t *block)
{
    struct type_check c;
    int error;

    type_check_begin(&c, block);
    do {
        error = type_check_step(&c);
    } while (error == -EAGAIN);
    return error;
}

/* One wrong bit anywhere makes label and type invalid. */
static void
header_cases(void)
{
    static _Alignas(16) uint8_t block[DISK_BLOCK_BYTES];
    struct disk_label *label = (struct disk_label *)block;

    label_make(label, BLOCKS);
    CHECK_EQUAL(label_check(label, BLOCKS), 0);
    CHECK_EQUAL(label_check(label, BLOCKS + 1), 0);
    CHECK_EQUAL(label_check(label, BLOCKS - 1), -EINVAL);
    for (unsigned bit = 0; bit < 8 * sizeof(*label); bit++) {
        block[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK_EQUAL(label_check(label, BLOCKS), -EINVAL);
        block[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    memcpy(block, machine->durable[TREE_TYPE], sizeof(block));
    CHECK_EQUAL(type_check_all(block), 0);
    for (unsigned bit = 0; bit < 8 * sizeof(block); bit += 97) {
        block[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK_EQUAL(type_check_all(block), -EINVAL);
        block[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    /* A right hash does not make a program lie in the block. */
    disk_type_make(block, "long", (struct code_instruction *)(block + 2048), 1,
                   (struct code_instruction *)(block + 2048), 1);
    CHECK_EQUAL(type_check_all(block), 0);
    ((struct disk_type *)block)->owns_count = 512;
    CHECK_EQUAL(type_check_all(block), -EINVAL);
}

/* Programs and what stands for them say the same of any bytes. */
static void
program_cases(void)
{
    static _Alignas(16) uint8_t image[DISK_BLOCK_BYTES];
    static struct owned_set sets[2];
    unsigned good = 0;

    for (unsigned i = 0; i < 4000; i++) {
        unsigned type = i % 2 == 0 ? TREE_TYPE : LOG_TYPE;
        struct tree_image *tree = (struct tree_image *)image;
        struct log_image *log = (struct log_image *)image;
        uint64_t first = DISK_FIRST_BLOCK;
        int error[2];

        memset(image, 0, sizeof(image));
        tree->magic = type == TREE_TYPE ? TREE_MAGIC : LOG_MAGIC;
        tree->magic = machine_below(100) == 0 ? SPIN_MAGIC : tree->magic;
        tree->count = (uint32_t)machine_below(20);
        log->next = type == LOG_TYPE ? 64 + machine_below(BLOCKS) : 0;
        for (unsigned x = 0; x < tree->count; x++) {
            first += machine_below(20);
            tree->extent[x].first = first;
            tree->extent[x].count = 1 + (uint32_t)machine_below(12);
            tree->extent[x].type = (uint32_t)machine_below(5);
            first += tree->extent[x].count - (machine_below(100) == 0);
            if (type == LOG_TYPE) {
                tree->extent[x].type = 0; /* upper half of the count */
                log->next_type = (uint32_t)machine_below(4);
            }
        }
        for (unsigned k = 0; k < 2; k++) {
            machine->interpret = k == 1;
            error[k] =
                type_owns(&machine->v.types, type, image, BLOCKS, &sets[k]);
        }
        CHECK_EQUAL(error[0], error[1]);
        CHECK_EQUAL(sets[0].count, sets[1].count);
        CHECK(memcmp(sets[0].extent, sets[1].extent,
                     sets[0].count * sizeof(sets[0].extent[0])) == 0);
        for (unsigned k = 0; k < 4; k++) {
            uint64_t at = k / 2 == 0 ? CODE_ACCESS_SELF : first;
            uint64_t right = k % 2 == 0 ? CAP_READ : CAP_WRITE;
            uint64_t r0;

            machine->interpret = true;
            CHECK(program_access(2 * type + 1, image, at, right, &r0) == 0);
            CHECK_EQUAL(r0, disk_access_native(type, at, right));
        }
        good += error[0] == 0;
    }
    machine->interpret = false;
    CHECK(good > 400);
}

/* When images say the same of all extents: not of a type that asks which. */
static void
alike_cases(void)
{
    static _Alignas(16) uint8_t before[DISK_BLOCK_BYTES];
    static _Alignas(16) uint8_t after[DISK_BLOCK_BYTES];
    const struct type_table *types = &machine->v.types;
    struct tree_image *tree = (struct tree_image *)after;

    machine->interpret = true;
    tree->magic = TREE_MAGIC;
    memcpy(before, after, sizeof(before));
    tree->count = 1;
    CHECK_EQUAL(type_alike(types, TREE_TYPE, before, after), 1);
    tree->read.word[0] = 1;
    CHECK_EQUAL(type_alike(types, TREE_TYPE, before, after), 0);
    tree->read.word[0] = 0;
    tree->write.word[0] = 1;
    CHECK_EQUAL(type_alike(types, TREE_TYPE, before, after), 0);
    CHECK_EQUAL(type_alike(types, LOG_TYPE, before, before), 0);
    CHECK_EQUAL(type_alike(types, DISK_TYPE_CATALOGUE, before, before), 0);
    machine->interpret = false;
}

/* Extents with gaps, of which some are those of the other set. */
static void
set_make(struct owned_set *set, const struct owned_set *other)
{
    uint64_t at = DISK_FIRST_BLOCK;

    owned_begin(set, BLOCKS, 1);
    for (uint32_t i = 0; i < 20 && at < BLOCKS - 16; i++) {
        uint64_t first = at + machine_below(6);
        uint64_t count = 1 + machine_below(6);

        if (other != NULL && i < other->count && machine_below(10) != 1 &&
            other->extent[i].first >= at) {
            first = other->extent[i].first;
            count = other->extent[i].count;
        }
        CHECK_EQUAL(owned_emit(set, first, count, 0), 0);
        at = first + count;
    }
}

/* Outside of the range in which they differ two sets have the same blocks, and
   it is empty if they are one. */
static void
differ_cases(void)
{
    static struct owned_set a;
    static struct owned_set b;

    for (unsigned i = 0; i < 2000; i++) {
        struct owned_range range = {UINT64_MAX, 0};

        set_make(&a, NULL);
        set_make(&b, &a);
        owned_differ(&a, &a, &range);
        CHECK(range.first > range.end);
        owned_differ(&a, &b, &range);
        for (uint64_t block = 0; block < BLOCKS; block++) {
            CHECK((block >= range.first && block < range.end) ||
                  (owned_find(&a, block) == NULL) ==
                      (owned_find(&b, block) == NULL));
        }
        range = (struct owned_range){UINT64_MAX, 0};
        owned_differ(&a, NULL, &range);
        CHECK(range.first == a.extent[0].first && range.end == a.after);
    }
}

/* The table of doubles against an array. */
static void
double_cases(void)
{
    static struct disk_double entries[DISK_DOUBLES_MAX];
    static uint32_t source[4096]; /* of each block; 0: not in the table */
    struct double_table t = {entries, 0};
    unsigned full = 0;

    for (unsigned i = 0; i < 20000; i++) {
        uint64_t first = machine_below(4000);
        uint32_t count = 1 + (uint32_t)machine_below(3);
        const struct disk_double *found;
        uint64_t run = double_run(&t, first, count, &found);

        CHECK_EQUAL(found == NULL ? 0 : found->source, source[first]);
        CHECK(run >= 1 && run <= count);
        for (uint64_t b = first; b < first + run; b++) {
            CHECK_EQUAL(source[b], source[first]);
        }
        if (found == NULL) {
            struct disk_double x = {.first = first,
                                    .count = (uint32_t)run,
                                    .kind = DOUBLE_MOVED,
                                    .source = 1 + machine_below(4)};

            if (!double_add(&t, &x)) {
                CHECK_EQUAL(t.count, DISK_DOUBLES_MAX);
                full++;
                continue;
            }
            for (uint64_t b = first; b < first + run; b++) {
                source[b] = (uint32_t)x.source;
            }
        } else if (machine_below(3) == 0 &&
                   double_take(&t, first, (uint32_t)run)) {
            memset(&source[first], 0, run * sizeof(source[0]));
        }
    }
    CHECK(full > 0);
    for (uint32_t at = 0; !double_settle(&t, 2, 0, &at);) {
    }
    for (unsigned b = 0; b < 4000; b++) {
        const struct disk_double *found;

        (void)double_run(&t, b, 1, &found);
        CHECK_EQUAL(found == NULL ? 0 : found->source,
                    source[b] == 2 ? 0 : source[b]);
    }
}

int
main(void)
{
    machine_begin(5);
    sha_cases();
    header_cases();
    program_cases();
    alike_cases();
    differ_cases();
    double_cases();
    machine_end();
    return 0;
}
