/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_FS_FS_H
#define CHITIN_LIB_FS_FS_H
/*
 * A file system on a volume: files, directories, links. Names are bytes, any
 * but 0 and '/', up to FS_NAME_MAX; there are no "." and ".." here.
 *
 *     fs_mount        ->  fs_root             the root directory
 *     fs_open         ->  fs_read, fs_write, fs_truncate, fs_stat, fs_set
 *     fs_create, fs_symlink, fs_link, fs_unlink, fs_rename, fs_next
 *     fs_sync, fs_fsync, fs_unmount
 *
 * Functions give 0 or more, or the negative of an error, of kern/abi/error.h or
 * below. One user at a time. What a function has done is on the disk after
 * fs_sync; what a crash leaves of the rest, docs/file-system.md says.
 */
#include "lib/fs/node.h"
#include "lib/fs/volume.h"

/* What the kernel has no need of; numbers as Linux has them. */
#ifndef ERROR_NAMES_OF_LIBC
enum fs_error {
    EEXIST = 17,   /* the name is taken */
    ENOTDIR = 20,  /* it is no directory */
    EISDIR = 21,   /* it is one */
    ENFILE = 23,   /* too many open files */
    EFBIG = 27,    /* beyond the largest file */
    ENOTEMPTY = 39 /* the directory has entries */
};
#endif

#define FS_CACHE 48 /* nodes kept in memory */
#define FS_HINTS 64
#define FS_PAGES (FS_CACHE + FS_EDITS_MAX)
#define FS_OPEN_MAX 256 /* files and directories open at a time */
#define FS_CHAINS 64    /* of handles, by number */
#define FS_DIRTY_MAX 1024
#define FS_ORDERS_MAX 32
/* Times of files are multiples of this, in nanoseconds: to write a file often
   does not change its inode each time. What fs_set sets is kept as it is. */
#define FS_TIME_UNIT 10000000
/* So many blocks are claimed ahead, at most, for a file that grows. */
#define FS_AHEAD_MAX 256

/* Where some blocks of a file are, as long as no node has changed. */
struct fs_run {
    uint64_t stamp;  /* of the file system then; 0: of nothing */
    uint64_t parent; /* the node that owns them */
    uint64_t first;
    uint64_t block; /* of the file */
    uint64_t count;
    uint64_t size;  /* of the file, in bytes */
    uint64_t mtime; /* that its entry says */
};

/* A file or directory that is open. */
struct fs_file {
    struct fs_file *directory; /* where its entry is; NULL: in the root node */
    uint64_t number;
    uint32_t hash;
    uint32_t users; /* 0: not in use; directories are used by what is in them */
    bool dying;     /* it has no name any more */
    uint64_t top;   /* of a directory: its top node, 0: not known, and */
    uint64_t top_parent; /* who owned it when it was looked at last */
    /* What the entry does not say yet (late.c): a later time, or 0; the size if
       it is greater, or 0; and there may be blocks behind the end. */
    uint64_t mtime;
    uint64_t end;
    bool ahead;
    uint32_t window;   /* so many are claimed next at the end */
    uint64_t next;     /* the byte behind what was read last */
    uint16_t chain;    /* the next handle of some numbers, plus 1 */
    struct fs_run run; /* where was read or written last */
};

/* A node in memory: its newest bytes, when they were read last. */
struct fs_cached {
    uint64_t block; /* 0: nothing */
    uint64_t parent;
    uint64_t version;
    uint64_t used; /* when */
    unsigned pins;
    bool empty;           /* it has no bytes yet */
    bool dirty;           /* it is in the list of those, */
    bool pinned;          /* and in this one */
    struct fs_node *node; /* one of the pages */
};

/* `first` is on the disk before `then` is written. */
struct fs_order {
    uint64_t first;
    uint64_t then;
};

/* A node that was claimed, and may have no bytes yet. */
#define FS_BARE_MAX 4
struct fs_bare {
    uint64_t parent;
    uint64_t block;
    struct fs_head head; /* of its first bytes */
};

/* Blocks that were claimed for data, and are about to get their first bytes. */
struct fs_fresh {
    uint64_t parent;
    uint64_t first;
    uint64_t count; /* 0: none */
};

struct fs_status {
    enum fs_file_kind kind;
    uint64_t number;
    uint64_t size;
    uint64_t mtime;
    uint32_t links;
    uint32_t uid;
    uint32_t gid;
    uint16_t mode;
};

/* A file that was made and has no entry yet. */
struct fs_made {
    struct fs_file *file; /* NULL: there is none */
    struct fs_status status;
    size_t bytes;
    char name[FS_NAME_MAX];
};

struct fs {
    struct fs_volume *volume;
    /* The rest is the library's. */
    uint64_t seed;
    uint64_t next; /* the next number, and the one behind the last */
    uint64_t limit;
    bool in_use; /* so says the root on the disk */
    bool left;   /* somebody died: there may be something to repair */
    uint64_t clock;
    uint64_t stamp; /* counted up with each change of nodes */
    struct fs_cached cache[FS_CACHE];
    struct fs_cached *pinned[FS_CACHE]; /* those that were in this try */
    unsigned pinned_count;
    struct fs_cached *edited[FS_EDITS_MAX];
    uint64_t edited_version[FS_EDITS_MAX];
    struct fs_node *edit[FS_EDITS_MAX]; /* what is proposed: pages, too */
    unsigned edits;
    uint64_t dirty[FS_DIRTY_MAX];
    unsigned dirty_count;
    struct fs_order order[FS_ORDERS_MAX];
    unsigned orders;
    unsigned orders_kept; /* the others are of the change that is being made */
    struct fs_bare bare[FS_BARE_MAX];
    unsigned bares;
    struct fs_fresh fresh;
    struct fs_made made;
    bool making; /* it is getting one */
    struct fs_file open[FS_OPEN_MAX];
    uint16_t chain[FS_CHAINS]; /* the first handle of each, plus 1 */
    unsigned open_free;        /* none below is free */
    bool beaten; /* the last change came too late for blocks that were free */
    unsigned tries;         /* of what is being done, before this one */
    unsigned open_end;      /* none from here on is open */
    uint8_t hint[FS_HINTS]; /* where in the cache a block may be */
    struct fs_file *root;
    struct fs_file *links;
    bool loose[FS_PAGES]; /* what a page has is not an edit's, or half of one */
    _Alignas(FS_BLOCK) struct fs_node page[FS_PAGES];
};

/* What fs_set sets. */
#define FS_SET_MODE 1
#define FS_SET_OWNER 2
#define FS_SET_MTIME 4

/* Makes a file system in the tree of the volume, which has one block without
   bytes. The guards are for all that is in it. */
int64_t fs_make(struct fs *fs, struct fs_volume *volume,
                const struct cap_name *read, const struct cap_name *write);

/* Mounts one. -EINVAL: it is none. 1: it was in use when the power went, and
   fs_check must repair it before anything is changed. */
int64_t fs_mount(struct fs *fs, struct fs_volume *volume);
/* Everything is on the disk, which says so; unless somebody died in the middle
   of something: then who mounts it next repairs it. Handles are not valid any
   more. */
int64_t fs_unmount(struct fs *fs);

/* The root directory. It need not be closed. */
static inline struct fs_file *
fs_root(struct fs *fs)
{
    return fs->root;
}

/* Opens the file, directory or symbolic link of that name; two of the same file
   have the same handle. */
int64_t fs_open(struct fs *fs, struct fs_file *directory, const char *name,
                size_t bytes, struct fs_file **file);
void fs_close(struct fs *fs, struct fs_file *file);

/* Makes a file or directory, and opens it. The status says kind, mode, uid and
   gid. -EEXIST. */
int64_t fs_create(struct fs *fs, struct fs_file *directory, const char *name,
                  size_t bytes, const struct fs_status *status,
                  struct fs_file **file);
/* The same of a file, which comes to the volume with the first bytes that are
   written to it, or before anything else is done. Another user of the volume
   may make one of that name meanwhile: then this one has lost its name. */
int64_t fs_create_later(struct fs *fs, struct fs_file *directory,
                        const char *name, size_t bytes,
                        const struct fs_status *status, struct fs_file **file);
/* Makes a symbolic link. */
int64_t fs_symlink(struct fs *fs, struct fs_file *directory, const char *name,
                   size_t bytes, const char *target, size_t target_bytes);
/* The target, cut to `room` bytes, without a zero behind it; its length. */
int64_t fs_readlink(struct fs *fs, struct fs_file *file, char *target,
                    size_t room);
/* Gives a file a second name. -EISDIR for a directory. */
int64_t fs_link(struct fs *fs, struct fs_file *file, struct fs_file *directory,
                const char *name, size_t bytes);
/* Takes a name away; a file whose last it was goes when it is closed. A
   directory must be empty. */
int64_t fs_unlink(struct fs *fs, struct fs_file *directory, const char *name,
                  size_t bytes);
/* The same of a directory, or of what is none: else -ENOTDIR, or -EISDIR. */
int64_t fs_remove(struct fs *fs, struct fs_file *directory, const char *name,
                  size_t bytes, enum fs_file_kind kind);
/* Gives what has the one name the other, which is taken from what had it. */
struct fs_text {
    const char *name;
    size_t bytes;
};
int64_t fs_rename(struct fs *fs, struct fs_file *from, struct fs_text name,
                  struct fs_file *to, struct fs_text new_name);

/* What comes next in a directory after what the cursor names, which is all zero
   at first: 1, or 0 at the end. What is there all the while comes once. */
struct fs_cursor {
    uint64_t number; /* of what came last */
    uint32_t hash;
    bool begun;
    uint8_t name_bytes;
    enum fs_file_kind kind; /* FS_LINK: of what fs_stat says */
    uint16_t mode;
    char name[FS_NAME_MAX + 1];
};
int64_t fs_next(struct fs *fs, struct fs_file *directory,
                struct fs_cursor *cursor);

/* Reads or writes bytes: how many. Beyond the end there is nothing to read, and
   a hole before what is written. */
int64_t fs_read(struct fs *fs, struct fs_file *file, uint64_t offset,
                void *bytes, uint64_t count);
int64_t fs_write(struct fs *fs, struct fs_file *file, uint64_t offset,
                 const void *bytes, uint64_t count);
int64_t fs_truncate(struct fs *fs, struct fs_file *file, uint64_t size);
/* Of a volume with a cache: where the bytes of a block of a file lie, at *page,
   until another function is called; with `write` they may be changed there, now
   or later, and are the file's. -ENODATA: it is a hole, or was never written.
 */
int64_t fs_page(struct fs *fs, struct fs_file *file, uint64_t block, bool write,
                void **page);
/* Who wrote a file is done with it: blocks that were claimed for more are given
   back. So they are when it is closed. */
void fs_rest(struct fs *fs, struct fs_file *file);

/* The name of a directory in the one above it, with a zero behind it; the
   root's is empty. -ENOENT: it has none any more. */
int64_t fs_name(struct fs *fs, struct fs_file *directory,
                char name[FS_NAME_MAX + 1]);

int64_t fs_stat(struct fs *fs, struct fs_file *file, struct fs_status *status);
int64_t fs_set(struct fs *fs, struct fs_file *file, unsigned what,
               const struct fs_status *status);

/* The time that is kept of what is done now. */
static inline uint64_t
fs_now(const struct fs *fs)
{
    uint64_t now = fs->volume->f->now(fs->volume);

    return now - now % FS_TIME_UNIT;
}

/* All that was done before is on the disk; or what was done to that file, and
   it can be found by its name; with fs_fdatasync its time may be older. */
int64_t fs_sync(struct fs *fs);
int64_t fs_fsync(struct fs *fs, struct fs_file *file);
int64_t fs_fdatasync(struct fs *fs, struct fs_file *file);

/*
 * For a struct fs that several share, each within the same lock: somebody died
 * in the middle of a function. What it had done of that is there or not, as
 * after a crash without one; no promise of the others is lost.
 */
/* What is in memory is forgotten, and read anew. */
int64_t fs_recover(struct fs *fs);
/* Handles have so many users, beside what is in them; the rest is closed. */
void fs_recount(struct fs *fs, const uint32_t users[FS_OPEN_MAX]);

#endif
