/* SPDX-License-Identifier: MIT */
/* The operations of the model, done to lib/fs; and all of it compared. */
#include "kern/abi/error.h"
#include "test/host/check.h"
#include "test/host/fs_model.h"

#define PATH_MAX 64

/* Opens a name, and closes its directory. */
static struct fs_file *
step(struct fs *fs, struct fs_file *directory, const char *name)
{
    struct fs_file *file = NULL;

    check_subject = name;
    CHECK_EQUAL(fs_open(fs, directory, name, strlen(name), &file), 0);
    if (directory != fs_root(fs)) {
        fs_close(fs, directory);
    }
    return file;
}

struct fs_file *
model_open(struct fs *fs, const struct model *m, uint32_t inode)
{
    struct fs_file *f = fs_root(fs);
    uint32_t path[PATH_MAX];
    unsigned depth;
    unsigned i;
    const struct model_name *n;

    if (inode == MODEL_ROOT) {
        return f;
    }
    n = model_name_of(m, inode);
    depth = model_path(m, n->directory, path, PATH_MAX);
    for (i = 0; i < depth; i++) {
        f = step(fs, f, model_name_of(m, path[i])->name);
    }
    return step(fs, f, n->name);
}

static void
shut(struct fs *fs, struct fs_file *file)
{
    if (file != fs_root(fs)) {
        fs_close(fs, file);
    }
}

static uint8_t bytes[MODEL_FILE_MAX + 40000];

static void
fill(uint32_t id, size_t offset, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        bytes[i] = model_byte(id, offset + i);
    }
}

/* A file that was made by fs_create_later, open for the next operation. */
static struct fs_file *late;
static uint32_t late_id;

void
model_close(struct fs *fs)
{
    struct fs_file *f = late;

    late = NULL;
    if (f != NULL) {
        fs_close(fs, f);
    }
}

static int64_t
create_do(struct fs *fs, struct fs_file *d, const struct model_operation *o,
          const struct fs_status *status, struct fs_file **f)
{
    size_t length = strlen(o->new_name);
    int64_t error;

    if (o->file_kind != FS_FILE || o->id % 2 == 0) {
        return fs_create(fs, d, o->new_name, length, status, f);
    }
    error = fs_create_later(fs, d, o->new_name, length, status, f);
    if (error == 0) {
        late = *f;
        late_id = o->id;
        *f = NULL;
    }
    return error;
}

static void
make_do(struct fs *fs, const struct model *m, const struct model_operation *o)
{
    struct fs_file *d = model_open(fs, m, o->directory);
    struct fs_file *f = NULL;
    struct fs_status status = {
        .kind = o->file_kind, .mode = 0644, .uid = o->id};
    size_t length = strlen(o->new_name);
    int64_t error;

    if (o->kind == MODEL_CREATE) {
        error = create_do(fs, d, o, &status, &f);
    } else if (o->kind == MODEL_SYMLINK) {
        fill(o->id, 0, o->count);
        error = fs_symlink(fs, d, o->new_name, length, (const char *)bytes,
                           o->count);
        if (error == 0) {
            CHECK_EQUAL(fs_open(fs, d, o->new_name, length, &f), 0);
            CHECK_EQUAL(fs_set(fs, f, FS_SET_OWNER, &status), 0);
        }
    } else {
        f = model_open(fs, m, o->inode);
        error = fs_link(fs, f, d, o->new_name, length);
    }
    CHECK_EQUAL(error, o->exists ? -EEXIST : 0);
    if (f != NULL) {
        fs_close(fs, f);
    }
    shut(fs, d);
}

/* The model is as it is after it; so directories are found by what is there. */
void
model_do(struct fs *fs, const struct model *m, const struct model_operation *o)
{
    const struct model_name *n = &m->name[o->name];
    struct fs_file *before = late;
    struct fs_file *f = NULL;
    struct fs_file *d = NULL;

    late = NULL;
    switch (o->kind) {
    case MODEL_NOTHING:
        break;
    case MODEL_WRITE:
        if (before != NULL && m->inode[o->inode].id == late_id) {
            f = before;
            before = NULL;
        } else {
            f = model_open(fs, m, o->inode);
        }
        fill(m->inode[o->inode].id, o->offset, o->count);
        CHECK_EQUAL(fs_write(fs, f, o->offset, bytes, o->count), o->count);
        break;
    case MODEL_TRUNCATE:
        f = model_open(fs, m, o->inode);
        CHECK_EQUAL(fs_truncate(fs, f, o->offset), 0);
        break;
    case MODEL_UNLINK:
        d = model_open(fs, m, n->directory);
        CHECK_EQUAL(fs_unlink(fs, d, n->name, strlen(n->name)), 0);
        break;
    case MODEL_RENAME:
        f = model_open(fs, m, n->directory);
        d = model_open(fs, m, o->to);
        CHECK_EQUAL(
            fs_rename(fs, f, (struct fs_text){n->name, strlen(n->name)}, d,
                      (struct fs_text){o->new_name, strlen(o->new_name)}),
            0);
        break;
    default:
        make_do(fs, m, o);
    }
    if (f != NULL) {
        shut(fs, f);
    }
    if (d != NULL) {
        shut(fs, d);
    }
    if (before != NULL) {
        fs_close(fs, before);
    }
}

static void
compare_file(struct fs *fs, struct fs_file *f, const struct model_inode *n)
{
    struct fs_status status;

    CHECK_EQUAL(fs_stat(fs, f, &status), 0);
    CHECK_EQUAL(status.kind, n->kind);
    CHECK_EQUAL(status.uid, n->id);
    if (n->kind == FS_DIRECTORY) {
        return;
    }
    CHECK_EQUAL(status.size, n->size);
    CHECK_EQUAL(status.links, n->names);
    if (n->kind == FS_SYMLINK) {
        CHECK_EQUAL(fs_readlink(fs, f, (char *)bytes, sizeof(bytes)), n->size);
    } else {
        CHECK_EQUAL(fs_read(fs, f, 0, bytes, sizeof(bytes)), n->size);
    }
    CHECK(n->size == 0 || memcmp(bytes, n->bytes, n->size) == 0);
}

static unsigned
compare_directory(struct fs *fs, struct model *m, struct fs_file *d,
                  uint32_t inode)
{
    struct fs_cursor cursor = {0};
    unsigned names = 0;

    while (fs_next(fs, d, &cursor) == 1) {
        const struct model_name *n = model_find(m, inode, cursor.name);
        struct fs_file *f;

        check_subject = cursor.name;
        CHECK(n != NULL);
        CHECK_EQUAL(fs_open(fs, d, cursor.name, cursor.name_bytes, &f), 0);
        compare_file(fs, f, &m->inode[n->inode]);
        names++;
        if (m->inode[n->inode].kind == FS_DIRECTORY) {
            names += compare_directory(fs, m, f, n->inode);
        }
        fs_close(fs, f);
    }
    return names;
}

void
model_compare(struct fs *fs, struct model *m)
{
    unsigned names = 0;
    unsigned i;

    for (i = 0; i < MODEL_NAMES; i++) {
        names += m->name[i].used && !m->name[i].gone;
    }
    CHECK_EQUAL(compare_directory(fs, m, fs_root(fs), MODEL_ROOT), names);
}
