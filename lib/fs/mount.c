/* SPDX-License-Identifier: MIT */
/*
 * The beginning and the end of a file system. The root node says whether it is
 * in use: who changes something says so there first, and takes it back at the
 * end. So who finds it in use knows that the power went, and repairs.
 */
#include <string.h>

#include "lib/fs/part.h"

#define ROOT_NAME "root"
#define LINKS_NAME "links"
#define ROOT_NUMBER 1
#define LINKS_NUMBER 2
#define NUMBER_FIRST 16

static void
fs_begin(struct fs *fs, struct fs_volume *volume)
{
    memset(fs, 0, sizeof(*fs));
    fs->volume = volume;
    store_begin(fs);
}

static bool
directory_add(struct fs *fs, struct fs_node *n, const char *name,
              uint64_t number, uint64_t block)
{
    struct fs_entry e = {.hash = fs_hash(n->head.seed, name, strlen(name)),
                         .kind = FS_DIRECTORY,
                         .name_bytes = (uint8_t)strlen(name),
                         .number = number,
                         .mtime = fs_now(fs),
                         .mode = 0755,
                         .links = 1};
    struct fs_record r = {.place = record_place(block, 1),
                          .type = (uint8_t)fs->volume->type};
    const struct fs_entry *added = node_entry_add(n, &e, name, "");

    r.id = added != NULL ? added->id : 0;
    return node_record_add(n, &r, 0);
}

static int64_t
make_try(struct fs *fs, void *what)
{
    const struct fs_head *like = what;
    struct fs_cached *root;
    struct fs_node *n;
    uint64_t got;
    int64_t second;
    int64_t first = store_find(fs, fs->volume->root, 1, &got);
    int64_t error =
        store_get(fs, DISK_CATALOGUE_BLOCK, fs->volume->root, &root);

    if (error != -ENODATA) {
        return error == 0 ? -EEXIST : error;
    }
    if (first < 0) {
        return first;
    }
    second = store_find(fs, (uint64_t)first + 1, 1, &got);
    if (second < 0 || second == first) {
        return -ENOSPC;
    }
    n = store_edit(fs, root);
    node_make(n, FS_ROOT, 0, like);
    n->head.version = FS_VERSION;
    n->head.state = FS_CLEAN;
    n->head.limit = NUMBER_FIRST;
    n->head.seed = fs->volume->f->random(fs->volume);
    (void)directory_add(fs, n, ROOT_NAME, ROOT_NUMBER, (uint64_t)first);
    (void)directory_add(fs, n, LINKS_NAME, LINKS_NUMBER, (uint64_t)second);
    return store_commit(fs, 2, 0);
}

/* Opens a directory of the root node. */
static int64_t
begin_directory(struct fs *fs, const char *name, uint64_t number,
                struct fs_file **directory)
{
    struct fs_status status;
    int64_t error = fs_handle(fs, NULL, fs_hash(fs->seed, name, strlen(name)),
                              number, directory);

    /* Its top gets bytes if it has none. */
    return error != 0 ? error : fs_stat(fs, *directory, &status);
}

static int64_t
root_try(struct fs *fs, void *what)
{
    struct fs_cached *root;
    const struct fs_head *head;
    int64_t error =
        store_get(fs, DISK_CATALOGUE_BLOCK, fs->volume->root, &root);

    if (error != 0) {
        return error == -ENODATA ? -EINVAL : error;
    }
    head = &root->node->head;
    if (head->kind != FS_ROOT || head->version != FS_VERSION ||
        head->limit < NUMBER_FIRST) {
        return -EINVAL;
    }
    fs->seed = head->seed;
    *(bool *)what = head->state != FS_CLEAN;
    return 0;
}

static int64_t
mount_begun(struct fs *fs)
{
    bool in_use = false;
    int64_t error = fs_do(fs, root_try, &in_use);

    if (error == 0) {
        error = begin_directory(fs, ROOT_NAME, ROOT_NUMBER, &fs->root);
    }
    if (error == 0) {
        error = begin_directory(fs, LINKS_NAME, LINKS_NUMBER, &fs->links);
    }
    return error != 0 ? error : in_use || fs->volume->twice > 0;
}

int64_t
fs_mount(struct fs *fs, struct fs_volume *volume)
{
    fs_begin(fs, volume);
    return mount_begun(fs);
}

int64_t
fs_make(struct fs *fs, struct fs_volume *volume, const struct cap_name *read,
        const struct cap_name *write)
{
    struct fs_head like = {.read = *read, .write = *write};
    int64_t error;

    fs_begin(fs, volume);
    error = fs_do(fs, make_try, &like);
    if (error == 0) {
        error = mount_begun(fs);
    }
    if (error == 0) {
        error = store_settle(fs);
    }
    /* Now the catalogue may lead there. */
    return error != 0 ? error : volume->f->write(volume, DISK_CATALOGUE_BLOCK);
}

static int64_t
clean_try(struct fs *fs, void *what)
{
    struct fs_cached *root;
    int64_t error =
        store_get(fs, DISK_CATALOGUE_BLOCK, fs->volume->root, &root);

    (void)what;
    if (error != 0) {
        return error;
    }
    store_edit(fs, root)->head.state = FS_CLEAN;
    return store_commit(fs, 0, 0);
}

int64_t
fs_unmount(struct fs *fs)
{
    int64_t error = fs_sync(fs);

    if (error == 0 && fs->in_use && !fs->left) {
        error = fs_do(fs, clean_try, NULL);
        if (error == 0) {
            error = fs_sync(fs);
        }
        fs->in_use = error != 0;
    }
    return error;
}
