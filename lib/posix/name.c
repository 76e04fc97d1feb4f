/* SPDX-License-Identifier: MIT */
/*
 * The cache of names: one place for each hash. The node that a name leads to is
 * used by it, and uses the directory, so neither index is given to something
 * else. A name whose file is also somewhere else (a hard link: its handle is in
 * the directory of links) is not kept.
 */
#include "lib/posix/inode.h"

#include <errno.h>
#include <string.h>

static struct name *
place_of(unsigned parent, uint32_t hash)
{
    return &inode_system()->name[(hash + parent * 31) % NAMES];
}

uint32_t
name_hash(const char *name, size_t bytes)
{
    uint32_t hash = NAME_HASH;
    size_t i;

    for (i = 0; i < bytes; i++) {
        hash = name_hash_add(hash, name[i]);
    }
    return hash;
}

static bool
name_is(const struct name *n, unsigned parent, const char *name, size_t bytes,
        uint32_t hash)
{
    size_t i;

    if (n->hash != hash || n->parent != parent || n->bytes != bytes) {
        return false;
    }
    for (i = 0; i < bytes && n->text[i] == name[i]; i++) {
    }
    return i == bytes;
}

/* The place is empty; only then what it used may be closed. */
static void
name_end(struct name *n)
{
    if (n->bytes != 0) {
        n->bytes = 0;
        inode_put(n->child);
    }
}

static void
name_keep(struct name *n, unsigned parent, const char *name, size_t bytes,
          uint32_t hash, unsigned child)
{
    const struct fs_file *file = inode_file(child);

    name_end(n);
    if (bytes < NAME_BYTES && file->directory == inode_file(parent)) {
        inode_use(child);
        n->hash = hash;
        n->parent = (uint16_t)parent;
        n->child = (uint16_t)child;
        memcpy(n->text, name, bytes);
        n->bytes = (uint8_t)bytes;
    }
}

int64_t
name_find(unsigned parent, const char *name, size_t bytes, uint32_t hash)
{
    struct file_system *s = inode_system();
    struct name *n = place_of(parent, hash);
    struct fs_file *file;
    int64_t child;

    if (name_is(n, parent, name, bytes, hash)) {
        inode_use(n->child);
        return n->child;
    }
    child = fs_open(&s->fs, inode_file(parent), name, bytes, &file);
    if (child == -ENFILE) {
        name_clear(true);
        child = fs_open(&s->fs, inode_file(parent), name, bytes, &file);
    }
    child = child == 0 ? inode_of(file) : posix_error(child);
    if (child >= 0) {
        name_keep(n, parent, name, bytes, hash, (unsigned)child);
    }
    return child;
}

void
name_drop(unsigned parent, const char *name, size_t bytes)
{
    uint32_t hash = name_hash(name, bytes);
    struct name *n = place_of(parent, hash);

    if (name_is(n, parent, name, bytes, hash)) {
        name_end(n);
    }
}

void
name_drop_node(unsigned node)
{
    unsigned i;

    for (i = 0; i < NAMES; i++) {
        struct name *n = &inode_system()->name[i];

        if (n->bytes != 0 && n->child == node) {
            name_end(n);
        }
    }
}

void
name_clear(bool close)
{
    unsigned i;

    for (i = 0; i < NAMES; i++) {
        struct name *n = &inode_system()->name[i];

        if (close) {
            name_end(n);
        }
        n->bytes = 0;
    }
}
