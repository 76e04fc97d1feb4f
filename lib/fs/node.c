/* SPDX-License-Identifier: MIT */
#include "lib/fs/node.h"

#include <string.h>

#define IDS 256 /* an id is less */

void
node_make(struct fs_node *n, enum fs_kind kind, uint64_t number,
          const struct fs_head *like)
{
    const struct fs_head head = {.magic = FS_MAGIC,
                                 .kind = (uint8_t)kind,
                                 .flags = like->flags & FS_READ_ANYONE,
                                 .number = number,
                                 .high = UINT32_MAX,
                                 .read = like->read,
                                 .write = like->write};

    memset(n, 0, sizeof(*n));
    n->head = head;
}

int
node_room(const struct fs_node *n)
{
    return (int)sizeof(n->body) - n->head.entry_bytes -
           n->head.records * (int)sizeof(struct fs_record);
}

struct fs_record *
node_records_of(struct fs_node *n)
{
    return (struct fs_record *)(void *)(n->body + sizeof(n->body)) -
           n->head.records;
}

const struct fs_record *
node_records(const struct fs_node *n)
{
    return (const struct fs_record *)(const void *)(n->body + sizeof(n->body)) -
           n->head.records;
}

void
node_copy(struct fs_node *to, const struct fs_node *from)
{
    size_t low = from->head.entry_bytes;
    size_t high = from->head.records * sizeof(struct fs_record);
    size_t old_low = to->head.entry_bytes;
    size_t old_high = to->head.records * sizeof(struct fs_record);
    uint8_t *end = to->body + sizeof(to->body);

    if (old_low > low) {
        memset(to->body + low, 0, old_low - low);
    }
    if (old_high > high) {
        memset(end - old_high, 0, old_high - high);
    }
    memcpy(to, from, sizeof(to->head) + low);
    memcpy(end - high, node_records(from), high);
}

const struct fs_entry *
node_entry_first(const struct fs_node *n)
{
    return n->head.entries == 0
               ? NULL
               : (const struct fs_entry *)(const void *)n->body;
}

const struct fs_entry *
node_entry_next(const struct fs_node *n, const struct fs_entry *e)
{
    const uint8_t *next = (const uint8_t *)e + e->bytes;

    return next == n->body + n->head.entry_bytes
               ? NULL
               : (const struct fs_entry *)(const void *)next;
}

unsigned
entry_bytes(size_t name_bytes, size_t target_bytes)
{
    return (unsigned)(sizeof(struct fs_entry) + name_bytes + target_bytes + 7) &
           ~7u;
}

const char *
entry_target(const struct fs_entry *e)
{
    return e->name + e->name_bytes;
}

/*
 * Checks.
 */
static bool
bit_take(uint64_t *bits, unsigned bit)
{
    bool was = (bits[bit / 64] >> bit % 64 & 1) != 0;

    bits[bit / 64] |= (uint64_t)1 << bit % 64;
    return was;
}

/* One entry, of which `left` bytes are in the node. */
static const char *
entry_check(const struct fs_entry *e, size_t left)
{
    if (left < sizeof(*e) || e->bytes > left ||
        e->bytes != entry_bytes(e->name_bytes, e->target_bytes)) {
        return "an entry is cut off";
    }
    if (e->kind < FS_FILE || e->kind > FS_DYING || e->was > FS_LINK ||
        (e->kind == FS_DYING) != (e->was != 0) || e->number == 0 ||
        e->id == 0 || e->id >= IDS) {
        return "an entry is of no kind, or has no number";
    }
    if (e->name_bytes == 0 || e->target_bytes > FS_TARGET_MAX) {
        return "an entry has no name, or too long a target";
    }
    return NULL;
}

static const char *
entries_check(const struct fs_node *n, uint64_t *ids)
{
    const uint8_t *at = n->body;
    const uint8_t *end = n->body + n->head.entry_bytes;
    unsigned i;

    for (i = 0; i < n->head.entries; i++) {
        const struct fs_entry *e = (const struct fs_entry *)(const void *)at;
        const char *why = entry_check(e, (size_t)(end - at));

        if (why != NULL) {
            return why;
        }
        if (bit_take(ids, e->id)) {
            return "two entries have the same id";
        }
        at += e->bytes;
    }
    return at == end ? NULL : "entries are of another length";
}

/* Whether one record may be in such a node. */
static const char *
record_check(const struct fs_node *n, const struct fs_record *r, uint32_t type,
             uint64_t *ids)
{
    bool node = r->type != DISK_TYPE_DATA;
    bool spare = (r->flags & FS_RECORD_SPARE) != 0;

    if ((node && r->type != type) || (node && record_count(r) != 1) ||
        (spare && !node) || (r->flags & ~FS_RECORD_SPARE) != 0) {
        return "a record is of no kind";
    }
    if (record_count(r) - 1 > UINT32_MAX - r->key) {
        return "a record goes beyond all files";
    }
    switch (n->head.kind) {
    case FS_INDEX:
        return !node || r->id != 0 ? "an index has something else than nodes"
                                   : NULL;
    case FS_EXTENTS:
        return r->id != 0 || (node && !spare) ? "a node of a file has nodes"
                                              : NULL;
    default:
        if (r->id >= IDS || (r->id != 0 && !bit_take(ids, r->id)) ||
            (r->id == 0 && !spare)) {
            return "a record is of no entry";
        }
        return NULL;
    }
}

static const char *
records_check(const struct fs_node *n, uint32_t type, uint64_t blocks,
              uint64_t *ids)
{
    const struct fs_record *r = node_records(n);
    uint64_t end = DISK_FIRST_BLOCK;
    bool low = n->head.kind != FS_INDEX;
    unsigned i;

    for (i = 0; i < n->head.records; i++, r++) {
        const char *why;

        if (record_count(r) == 0 || record_first(r) < end ||
            record_first(r) + record_count(r) > blocks) {
            return "records are not in order, or not on the disk";
        }
        end = record_first(r) + record_count(r);
        why = record_check(n, r, type, ids);
        if (why != NULL) {
            return why;
        }
        low |= (r->flags & FS_RECORD_SPARE) == 0 && r->key == n->head.low;
    }
    return low ? NULL : "an index does not begin where its range does";
}

const char *
node_check(const struct fs_node *n, uint32_t type, uint64_t blocks)
{
    uint64_t ids[IDS / 64] = {0};
    bool entries = n->head.kind == FS_LEAF || n->head.kind == FS_ROOT;
    const char *why;

    if (n->head.magic != FS_MAGIC || n->head.kind < FS_ROOT ||
        n->head.kind > FS_EXTENTS || n->head.low > n->head.high) {
        return "it is no node";
    }
    if (n->head.records > FS_RECORDS_MAX || n->head.entry_bytes % 8 != 0 ||
        n->head.entry_bytes > sizeof(n->body) || node_room(n) < 0 ||
        (!entries && (n->head.entries | n->head.entry_bytes) != 0)) {
        return "it has more than fits";
    }
    why = entries ? entries_check(n, ids) : NULL;
    return why != NULL ? why : records_check(n, type, blocks, ids);
}

/*
 * Records.
 */
bool
node_record_add(struct fs_node *n, const struct fs_record *r, int reserve)
{
    struct fs_record *records;
    unsigned i = 0;

    if (n->head.records + reserve / (int)sizeof(*r) >= FS_RECORDS_MAX ||
        node_room(n) < (int)sizeof(*r) + reserve) {
        return false;
    }
    records = node_records_of(n) - 1;
    n->head.records++;
    for (; i + 1 < n->head.records &&
           record_first(&records[i + 1]) < record_first(r);
         i++) {
        records[i] = records[i + 1];
    }
    records[i] = *r;
    return true;
}

void
node_record_remove(struct fs_node *n, unsigned index)
{
    struct fs_record *records = node_records_of(n);

    for (; index > 0; index--) {
        records[index] = records[index - 1];
    }
    records[0] = (struct fs_record){0};
    n->head.records--;
}

unsigned
node_records_count(const struct fs_node *n, uint16_t id)
{
    const struct fs_record *r = node_records(n);
    unsigned count = 0;
    unsigned i;

    for (i = 0; i < n->head.records; i++) {
        count += r[i].id == id;
    }
    return count;
}

const struct fs_record *
node_record_find(const struct fs_node *n, uint16_t id, uint32_t key,
                 uint64_t *next)
{
    const struct fs_record *r = node_records(n);
    const struct fs_record *found = NULL;
    unsigned i;

    *next = UINT64_MAX;
    for (i = 0; i < n->head.records; i++, r++) {
        if (r->id != id || (r->flags & FS_RECORD_SPARE) != 0) {
            continue;
        }
        if (r->key > key) {
            *next = r->key < *next ? r->key : *next;
        } else if (found == NULL || r->key > found->key) {
            found = r;
        }
    }
    return found;
}

/*
 * Entries.
 */
const struct fs_entry *
node_entry_find(const struct fs_node *n, uint32_t hash, const char *name,
                size_t bytes)
{
    const struct fs_entry *e = node_entry_first(n);

    while (e != NULL &&
           (e->hash != hash || e->kind == FS_DYING || e->name_bytes != bytes ||
            memcmp(e->name, name, bytes) != 0)) {
        e = node_entry_next(n, e);
    }
    return e;
}

/* A reference has the number of what it refers to, and is not it. */
const struct fs_entry *
node_entry_number(const struct fs_node *n, uint64_t number)
{
    const struct fs_entry *e = node_entry_first(n);

    while (e != NULL &&
           (e->number != number || e->kind == FS_LINK || e->was == FS_LINK)) {
        e = node_entry_next(n, e);
    }
    return e;
}

static uint16_t
id_free(const struct fs_node *n)
{
    uint64_t ids[IDS / 64] = {0};
    const struct fs_entry *e = node_entry_first(n);
    uint16_t id = 1;

    for (; e != NULL; e = node_entry_next(n, e)) {
        (void)bit_take(ids, e->id);
    }
    while ((ids[id / 64] >> id % 64 & 1) != 0) {
        id++; /* there are fewer entries than ids */
    }
    return id;
}

struct fs_entry *
node_entry_add(struct fs_node *n, const struct fs_entry *e, const char *name,
               const char *target)
{
    unsigned bytes = entry_bytes(e->name_bytes, e->target_bytes);
    struct fs_entry *added =
        (struct fs_entry *)(void *)(n->body + n->head.entry_bytes);
    uint16_t id;

    if (node_room(n) < (int)bytes + FS_RESERVE) {
        return NULL;
    }
    id = id_free(n);
    memset(added, 0, bytes);
    *added = *e;
    added->bytes = (uint16_t)bytes;
    added->id = id;
    memcpy(added->name, name, e->name_bytes);
    memcpy(added->name + e->name_bytes, target, e->target_bytes);
    n->head.entries++;
    n->head.entry_bytes = (uint16_t)(n->head.entry_bytes + bytes);
    return added;
}

void
node_entry_remove(struct fs_node *n, const struct fs_entry *e)
{
    uint8_t *at = n->body + ((const uint8_t *)e - n->body);
    uint8_t *end = n->body + n->head.entry_bytes;
    uint16_t bytes = e->bytes;

    memmove(at, at + bytes, (size_t)(end - at) - bytes);
    memset(end - bytes, 0, bytes);
    n->head.entries--;
    n->head.entry_bytes = (uint16_t)(n->head.entry_bytes - bytes);
}

bool
node_entry_move(struct fs_node *from, const struct fs_entry *e,
                struct fs_node *to, const struct fs_name *name)
{
    unsigned records = node_records_count(from, e->id);
    struct fs_entry moved = *e;
    struct fs_entry *added;
    unsigned i = 0;

    if (from != to &&
        (node_room(to) < (int)(entry_bytes(name->bytes, e->target_bytes) +
                               records * sizeof(struct fs_record)) +
                             FS_RESERVE ||
         to->head.records + records +
                 (size_t)FS_RESERVE / sizeof(struct fs_record) >
             FS_RECORDS_MAX)) {
        return false;
    }
    moved.hash = name->hash;
    moved.name_bytes = (uint8_t)name->bytes;
    moved.moves++;
    added = node_entry_add(to, &moved, name->name, entry_target(e));
    if (added == NULL) {
        return false;
    }
    while (i < from->head.records) {
        struct fs_record r = node_records(from)[i];

        if (r.id != e->id) {
            i++;
            continue;
        }
        node_record_remove(from, i);
        r.id = added->id;
        (void)node_record_add(to, &r, 0);
    }
    node_entry_remove(from, e);
    return true;
}

/* FNV-1a over 64 bits, begun with the seed, and mixed, so that its upper half
   depends on all. */
uint32_t
fs_hash(uint64_t seed, const char *name, size_t bytes)
{
    uint64_t h = seed ^ 0xcbf29ce484222325;
    size_t i;

    for (i = 0; i < bytes; i++) {
        h = (h ^ (uint8_t)name[i]) * 0x100000001b3;
    }
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93;
    return (uint32_t)(h >> 32);
}
