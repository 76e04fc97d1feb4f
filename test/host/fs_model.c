/* SPDX-License-Identifier: MIT */
#include "test/host/fs_model.h"

#include "kern/abi/error.h"
#include "test/host/check.h"

#define PATH_MAX 64
#define NAMES_OF_A_KIND 400

uint8_t
model_byte(uint32_t id, size_t at)
{
    uint32_t x = (id + 1) * 2654435761u ^ (uint32_t)at * 2246822519u;

    x = (x ^ x >> 15) & 0xff;
    return (uint8_t)(x == 0 ? 1 : x);
}

void
model_begin(struct model *m, uint64_t seed, uint32_t wide)
{
    memset(m, 0, sizeof(*m));
    m->random = seed * 0x9e3779b97f4a7c15 + 1;
    m->wide = wide;
    m->next_id = 1;
    m->inode[MODEL_ROOT].kind = FS_DIRECTORY;
    m->inode[MODEL_ROOT].names = 1;
}

void
model_end(struct model *m)
{
    unsigned i;

    for (i = 0; i < MODEL_INODES; i++) {
        free(m->inode[i].bytes);
        m->inode[i].bytes = NULL;
    }
}

void
model_copy(struct model *to, const struct model *from)
{
    unsigned i;

    model_end(to);
    *to = *from;
    for (i = 0; i < MODEL_INODES; i++) {
        const struct model_inode *n = &from->inode[i];

        to->inode[i].bytes = NULL;
        if (n->bytes != NULL) {
            to->inode[i].bytes = malloc(n->size + 1);
            CHECK(to->inode[i].bytes != NULL);
            memcpy(to->inode[i].bytes, n->bytes, n->size);
        }
    }
}

void
model_forget(struct model *m)
{
    unsigned i;

    for (i = 0; i < MODEL_INODES; i++) {
        struct model_inode *n = &m->inode[i];

        n->written = false;
        n->removed = false;
        if (n->names == 0 && n->kind != 0) {
            free(n->bytes);
            memset(n, 0, sizeof(*n));
        }
    }
    for (i = 0; i < MODEL_NAMES; i++) {
        m->name[i].touched = false;
        if (m->name[i].gone) {
            m->name[i].used = false;
            m->name[i].gone = false;
        }
    }
}

struct model_name *
model_find(struct model *m, uint32_t directory, const char *name)
{
    unsigned i;

    for (i = 0; i < MODEL_NAMES; i++) {
        struct model_name *n = &m->name[i];

        if (n->used && !n->gone && n->directory == directory &&
            strcmp(n->name, name) == 0) {
            return n;
        }
    }
    return NULL;
}

const struct model_name *
model_name_of(const struct model *m, uint32_t inode)
{
    const struct model_name *found = NULL;
    unsigned i;

    for (i = 0; i < MODEL_NAMES; i++) {
        const struct model_name *n = &m->name[i];

        if (n->used && !n->gone && n->inode == inode &&
            (found == NULL || found->touched)) {
            found = n;
        }
    }
    CHECK(found != NULL);
    return found;
}

unsigned
model_path(const struct model *m, uint32_t inode, uint32_t *path, unsigned room)
{
    unsigned depth = 0;
    unsigned i;

    while (inode != MODEL_ROOT) {
        CHECK(depth < room);
        path[depth++] = inode;
        inode = model_name_of(m, inode)->directory;
    }
    for (i = 0; i < depth / 2; i++) {
        uint32_t swap = path[i];

        path[i] = path[depth - 1 - i];
        path[depth - 1 - i] = swap;
    }
    return depth;
}

/*
 * Choosing.
 */

/* A random inode of a kind; MODEL_INODES if there is none. */
static uint32_t
choose_inode(struct model *m, enum fs_file_kind kind)
{
    uint32_t start = (uint32_t)random_below(&m->random, MODEL_INODES);
    uint32_t i;

    for (i = 0; i < MODEL_INODES; i++) {
        uint32_t at = (start + i) % MODEL_INODES;

        if (m->inode[at].kind == kind && m->inode[at].names > 0) {
            return at;
        }
    }
    return MODEL_INODES;
}

static uint32_t
choose_name(struct model *m)
{
    uint32_t start = (uint32_t)random_below(&m->random, MODEL_NAMES);
    uint32_t i;

    for (i = 0; i < MODEL_NAMES; i++) {
        uint32_t at = (start + i) % MODEL_NAMES;

        if (m->name[at].used && !m->name[at].gone) {
            return at;
        }
    }
    return MODEL_NAMES;
}

static void
new_name(struct model *m, struct model_operation *o)
{
    (void)snprintf(
        o->new_name, sizeof(o->new_name), "n%llu",
        (unsigned long long)random_below(&m->random, NAMES_OF_A_KIND));
}

/* Whether directory `inode` is `of`, or below it. */
static bool
is_below(const struct model *m, uint32_t inode, uint32_t of)
{
    while (inode != of && inode != MODEL_ROOT) {
        inode = model_name_of(m, inode)->directory;
    }
    return inode == of;
}

static bool
directory_empty(const struct model *m, uint32_t inode)
{
    unsigned i;

    for (i = 0; i < MODEL_NAMES; i++) {
        if (m->name[i].used && !m->name[i].gone &&
            m->name[i].directory == inode) {
            return false;
        }
    }
    return true;
}

static bool
has_room(const struct model *m)
{
    unsigned names = 0;
    unsigned inodes = 0;
    unsigned i;

    for (i = 0; i < MODEL_NAMES; i++) {
        names += !m->name[i].used;
    }
    for (i = 0; i < MODEL_INODES; i++) {
        inodes += m->inode[i].kind == 0;
    }
    return names > 1 && inodes > 1;
}

/*
 * Doing.
 */
static void
name_add(struct model *m, uint32_t directory, const char *name, uint32_t inode)
{
    unsigned i = 0;

    while (m->name[i].used) {
        i++;
        CHECK(i < MODEL_NAMES);
    }
    m->name[i] = (struct model_name){
        .used = true, .directory = directory, .inode = inode, .touched = true};
    memcpy(m->name[i].name, name, MODEL_NAME_BYTES);
}

static void
name_remove(struct model *m, struct model_name *n)
{
    struct model_inode *inode = &m->inode[n->inode];

    n->gone = true;
    n->touched = true;
    inode->names--;
    inode->removed |= inode->names == 0;
}

static uint32_t
inode_add(struct model *m, const struct model_operation *o)
{
    uint32_t i = 0;

    while (m->inode[i].kind != 0) {
        i++;
        CHECK(i < MODEL_INODES);
    }
    m->inode[i] = (struct model_inode){
        .kind = o->kind == MODEL_SYMLINK ? FS_SYMLINK : o->file_kind,
        .id = o->id,
        .names = 1,
        .written = true};
    return i;
}

static void
resize(struct model_inode *n, size_t size)
{
    n->bytes = realloc(n->bytes, size + 1);
    CHECK(n->bytes != NULL);
    if (size > n->size) {
        memset(n->bytes + n->size, 0, size - n->size);
    }
    n->size = size;
    n->written = true;
}

static void
write_apply(struct model_inode *n, const struct model_operation *o)
{
    size_t i;

    if (o->offset + o->count > n->size) {
        resize(n, o->offset + o->count);
    }
    n->written = true;
    for (i = o->offset; i < o->offset + o->count; i++) {
        n->bytes[i] = model_byte(n->id, i);
    }
}

static void
rename_apply(struct model *m, const struct model_operation *o)
{
    struct model_name *old = model_find(m, o->to, o->new_name);
    struct model_name *from = &m->name[o->name];
    uint32_t inode = from->inode;

    if (old == from || (old != NULL && old->inode == inode)) {
        return;
    }
    m->inode[inode].names++;
    if (old != NULL) {
        name_remove(m, old);
    }
    name_remove(m, from);
    name_add(m, o->to, o->new_name, inode);
}

static void
apply(struct model *m, const struct model_operation *o)
{
    uint32_t made;

    switch (o->kind) {
    case MODEL_CREATE:
    case MODEL_SYMLINK:
        if (!o->exists) {
            made = inode_add(m, o);
            name_add(m, o->directory, o->new_name, made);
            m->made = made;
            if (o->kind == MODEL_SYMLINK) {
                write_apply(&m->inode[made], o);
            }
        }
        break;
    case MODEL_WRITE:
        write_apply(&m->inode[o->inode], o);
        break;
    case MODEL_TRUNCATE:
        resize(&m->inode[o->inode], o->offset);
        break;
    case MODEL_UNLINK:
        name_remove(m, &m->name[o->name]);
        break;
    case MODEL_RENAME:
        rename_apply(m, o);
        break;
    case MODEL_LINK:
        if (!o->exists) {
            name_add(m, o->directory, o->new_name, o->inode);
            m->inode[o->inode].names++;
        }
        break;
    default:
        break;
    }
}

static struct model_operation
choose_make(struct model *m)
{
    struct model_operation o = {.kind = MODEL_CREATE, .file_kind = FS_FILE};
    uint64_t what = random_below(&m->random, 10);

    if (what == 0) {
        o.kind = MODEL_SYMLINK;
        o.count = 1 + random_below(&m->random, 60);
    } else if (what < 3) {
        o.file_kind = FS_DIRECTORY;
    } else if (what == 3) {
        o.kind = MODEL_LINK;
        o.inode = choose_inode(m, FS_FILE);
        if (o.inode == MODEL_INODES) {
            o.kind = MODEL_NOTHING;
        }
    }
    o.directory = random_below(&m->random, 3) == 0
                      ? MODEL_ROOT
                      : choose_inode(m, FS_DIRECTORY);
    new_name(m, &o);
    o.exists = model_find(m, o.directory, o.new_name) != NULL;
    o.id = m->next_id++;
    return o;
}

static struct model_operation
choose_rename(struct model *m)
{
    struct model_operation o = {.kind = MODEL_RENAME, .name = choose_name(m)};
    const struct model_name *old;
    const struct model_name *from;

    if (o.name == MODEL_NAMES) {
        o.kind = MODEL_NOTHING;
        return o;
    }
    from = &m->name[o.name];
    o.to = choose_inode(m, FS_DIRECTORY);
    new_name(m, &o);
    old = model_find(m, o.to, o.new_name);
    /* What is refused is for fs_cases.c. */
    if ((m->inode[from->inode].kind == FS_DIRECTORY &&
         is_below(m, o.to, from->inode)) ||
        (old != NULL && (m->inode[from->inode].kind == FS_DIRECTORY) !=
                            (m->inode[old->inode].kind == FS_DIRECTORY)) ||
        (old != NULL && m->inode[old->inode].kind == FS_DIRECTORY &&
         old != from && !directory_empty(m, old->inode))) {
        o.kind = MODEL_NOTHING;
    }
    return o;
}

/* Often that which was made last. */
static uint32_t
choose_file(struct model *m)
{
    const struct model_inode *made = &m->inode[m->made];

    return random_below(&m->random, 2) == 0 && made->kind == FS_FILE &&
                   made->names > 0
               ? m->made
               : choose_inode(m, FS_FILE);
}

static struct model_operation
choose_bytes(struct model *m)
{
    struct model_operation o = {.kind = MODEL_WRITE, .inode = choose_file(m)};
    size_t size;

    if (o.inode == MODEL_INODES) {
        o.kind = MODEL_NOTHING;
        return o;
    }
    size = m->inode[o.inode].size;
    switch (random_below(&m->random, 6)) {
    case 0:
        o.kind = MODEL_TRUNCATE;
        o.offset = random_below(&m->random, size + 10000);
        break;
    case 1: /* somewhere, perhaps beyond the end */
        o.offset = random_below(&m->random, MODEL_FILE_MAX);
        o.count = 1 + random_below(&m->random, 5000);
        break;
    case 2: /* within */
        o.offset = random_below(&m->random, size + 1);
        o.count = 1 + random_below(&m->random, 20000);
        break;
    default: /* at the end */
        o.offset = size;
        o.count = 1 + random_below(&m->random, 9000);
    }
    o.offset = o.offset < MODEL_FILE_MAX ? o.offset : MODEL_FILE_MAX;
    return o;
}

struct model_operation
model_next(struct model *m)
{
    struct model_operation o = {.kind = MODEL_NOTHING};
    uint64_t what = random_below(&m->random, 100);
    const struct model_name *n;

    if (what < m->wide) {
        if (has_room(m)) {
            o = choose_make(m);
        }
    } else if (what < m->wide + 30) {
        o = choose_bytes(m);
    } else if (what < m->wide + 45) {
        if (has_room(m)) {
            o = choose_rename(m);
        }
    } else {
        o.name = choose_name(m);
        n = &m->name[o.name];
        if (o.name < MODEL_NAMES && (m->inode[n->inode].kind != FS_DIRECTORY ||
                                     directory_empty(m, n->inode))) {
            o.kind = MODEL_UNLINK;
        }
    }
    apply(m, &o);
    m->done++;
    return o;
}
