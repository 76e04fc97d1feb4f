/* SPDX-License-Identifier: MIT */
#include "test/user/disk_format.h"

#include <string.h>

#include "kern/disk/type.h"
#include "lib/exo/map.h"
#include "test/user/expect.h"

static const struct code {
    uint8_t opcode;
    uint8_t registers;
    int16_t offset;
    int32_t immediate;
} owns[] = {
    {0xbf, 0x16, 0, 0},  /* r6 = r1 */
    {0x79, 0x67, 0, 0},  /* r7 = count */
    {0x15, 0x07, 7, 0},  /* if r7 == 0 goto out */
    {0x79, 0x61, 32, 0}, /* r1 = first */
    {0x61, 0x62, 40, 0}, /* r2 = count */
    {0x61, 0x63, 44, 0}, /* r3 = type */
    {0x85, 0x00, 0, 1},  /* emit */
    {0x07, 0x06, 0, 16}, /* r6 += 16 */
    {0x07, 0x07, 0, -1}, /* r7 -= 1 */
    {0x05, 0x00, -8, 0}, /* again */
    {0xb7, 0x00, 0, 0},  /* out: r0 = 0 */
    {0x95, 0x00, 0, 0},
};
static const struct code access_code[] = {
    {0xb7, 0x00, 0, 8}, /* the guard is at byte 8 */
    {0x95, 0x00, 0, 0},
};

_Alignas(4096) uint8_t format_bytes[DISK_BLOCK_BYTES];

static void
hash(const uint8_t *from, size_t length, uint8_t to[DISK_HASH_BYTES])
{
    struct sha256 s;

    sha256_begin(&s);
    for (; length >= 64; length -= 64, from += 64) {
        sha256_block(&s, from);
    }
    sha256_end(&s, from, length, to);
}

void
format_fill(uint64_t frame)
{
    void *at = exo_map_borrow(0, frame);

    memcpy(at, format_bytes, sizeof(format_bytes));
    exo_map_return();
}

void
format_label(uint64_t disk, uint64_t raw, uint64_t frame)
{
    struct disk_label *label = (struct disk_label *)format_bytes;

    memset(format_bytes, 0, sizeof(format_bytes));
    *label = (struct disk_label){.magic = DISK_LABEL_MAGIC,
                                 .version = DISK_VERSION,
                                 .types = DISK_TYPES,
                                 .blocks = DISK_ROW[disk].blocks,
                                 .catalogue = DISK_CATALOGUE_BLOCK};
    hash(format_bytes, 32, label->hash);
    format_fill(frame);
    EXPECT(sys_disk_write(0, raw, 0, disk_piece(frame, 0, 1), 1), 0);
    EXPECT(disk_wait(1), 0);
    EXPECT(sys_disk_flush(raw, 1), 0);
    EXPECT(disk_wait(1), 0);
}

void
format_recover(uint64_t disk, uint64_t reading)
{
    int64_t wanted;

    while ((wanted = sys_disk_recover(0, disk)) != 0) {
        if (wanted > 0) {
            EXPECT(sys_registry_read(0, DISK_WHOLE | disk, (uint64_t)wanted - 1,
                                     reading, 0, 2),
                   0);
            EXPECT(disk_wait(2), 0);
            reading = 0;
        }
    }
}

void
format_type_of(uint64_t frame, const struct format_programs *programs)
{
    struct disk_type *type = (struct disk_type *)format_bytes;

    memset(format_bytes, 0, sizeof(format_bytes));
    *type = (struct disk_type){.magic = DISK_TYPE_MAGIC,
                               .owns = 128,
                               .owns_count = programs->owns_count,
                               .access = 1024,
                               .access_count = programs->access_count};
    (void)strncpy(type->name, programs->name, sizeof(type->name) - 1);
    memcpy(format_bytes + type->owns, programs->owns,
           programs->owns_count * sizeof(struct code));
    memcpy(format_bytes + type->access, programs->access,
           programs->access_count * sizeof(struct code));
    hash(format_bytes + 40, sizeof(format_bytes) - 40, type->hash);
    format_fill(frame);
}

void
format_type(uint64_t frame)
{
    static const struct format_programs programs = {
        "node", owns, sizeof(owns) / sizeof(owns[0]), access_code,
        sizeof(access_code) / sizeof(access_code[0])};

    format_type_of(frame, &programs);
}

void
format_node(unsigned extents)
{
    struct node *n = (struct node *)format_bytes;

    memset(format_bytes, 0, sizeof(format_bytes));
    n->count = extents;
    for (unsigned i = 0; i < extents; i++) {
        n->extent[i] =
            (struct disk_extent){DATA + i * DATA_BLOCKS, DATA_BLOCKS, 0};
    }
}
