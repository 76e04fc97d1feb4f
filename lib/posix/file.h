/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_POSIX_FILE_H
#define CHITIN_LIB_POSIX_FILE_H
/*
 * What processes have open.
 *
 *     descriptor, in the row of the process
 *       -> open file: offset, flags          struct file, shared
 *            -> node: what is in the file system, a device, or a pipe
 *
 * An open file has as many users as descriptors, working directories and
 * mappings lead to it, in all processes. Both change together, under the lock
 * of the files; so when somebody died with it they are counted anew, from the
 * rows. A node has as many users as open files and cached names lead to it
 * (node.h), a pipe an end for each open file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/posix/lock.h"
#include "lib/posix/mapping.h"
#include "lib/posix/process.h"
#include "lib/posix/record.h"

#define FILE_PIPES 32
#define PIPE_BYTES 16384
#define PIPE_ATOMIC 4096 /* so many are written at once, or none yet */

/* The file system's memory: struct file_system of node.h. */
#define FILE_SYSTEM_BYTES 0x60000

enum file_kind {
    FILE_FREE,
    FILE_REGULAR,
    FILE_DIRECTORY,
    FILE_DEVICE,
    FILE_PIPE_READ,
    FILE_PIPE_WRITE
};

struct file {
    uint32_t users;
    uint32_t flags;  /* O_ACCMODE, O_APPEND, O_NONBLOCK, O_SYNC */
    uint16_t kind;   /* enum file_kind */
    uint16_t index;  /* of the node, the device or the pipe */
    uint64_t offset; /* of a regular file: under the file system's lock */
};

/* Bytes from `tail` up to `head` are in it; both only grow. */
struct pipe {
    struct lock lock;
    uint32_t head;
    uint32_t tail;
    /* Open files that are that end: under the lock of the files, as is what
       follows. */
    uint16_t reading;
    uint16_t writing;
    uint64_t number; /* of the file that is its name; 0: it has none */
    uint32_t reads;  /* how often that end was opened */
    uint32_t writes;
    uint64_t readers; /* who waits for bytes, and for room */
    uint64_t writers;
    uint8_t bytes[PIPE_BYTES];
};

struct files {
    struct lock lock;
    uint32_t broken; /* somebody died with the lock */
    uint32_t next;   /* where a free one is looked for */
    uint32_t uid;    /* of all processes of the domain */
    uint32_t gid;
    struct file open[FILE_OPEN_MAX];
    struct pipe pipe[FILE_PIPES];
    struct records records;
    struct mappings mappings;
    _Alignas(4096) uint8_t system[FILE_SYSTEM_BYTES];
};

/* Clears all, and the descriptors of all rows. By the first process. */
void files_init(void);
/* The first process's three descriptors are the console. */
int64_t files_begin(void);

/* The lock of the files; who takes it repairs them. */
void file_take(void);
void file_drop(void);

/* The open file of a descriptor, or NULL. */
struct file *file_of(int descriptor);
/* A new open file for a descriptor of the process, the least that is free:
   that, -EMFILE, -ENFILE. Under its lock. */
int64_t file_add(enum file_kind kind, unsigned index, uint32_t flags,
                 bool close_on_exec);
/* The open file for a working directory: its index. */
int64_t file_add_directory(unsigned index);
/* One user less; the lock is held, and if it is one of the file system's, that
   one's too. */
void file_put(unsigned index);

/* Descriptor flags and status flags, as fcntl has them. */
int64_t file_flags(int descriptor);
int64_t file_set_flags(int descriptor, int flags);
int64_t file_close_on_exec(int descriptor);
int64_t file_set_close_on_exec(int descriptor, int on);
int64_t file_duplicate_to(int descriptor, int to, int flags);
int64_t file_truncate(int descriptor, int64_t size);
/* Onto the disk; without `time` that of the last write may be older there. */
int64_t file_sync(int descriptor, bool time);
/* There is room for these bytes: later writes there do not fail for want of it.
 */
int64_t file_allocate(int descriptor, int64_t offset, int64_t size);

/* pipes */
int64_t pipe_open(int descriptors[2], int flags);
int64_t pipe_read(struct pipe *p, void *bytes, size_t count, bool nonblocking);
int64_t pipe_write(struct pipe *p, const void *bytes, size_t count,
                   bool nonblocking);
/* Opens an end of the FIFO of that number: a descriptor. -ENXIO: to be written,
   without waiting, and nobody reads. */
int64_t fifo_open(uint64_t number, int flags);
/* Waits until somebody has opened the other end, unless the descriptor is not
   of a FIFO, or does not wait: the descriptor, or -EINTR, and it is closed. No
   lock is held. */
int64_t fifo_wait(int64_t descriptor);
/* One end less is open, under the lock of the files. */
void pipe_close(struct pipe *p, bool reading);
/* POLL events that hold; if `wait`, the process is woken at a change. */
int pipe_poll(struct pipe *p, bool reading, bool wait);

/* devices */
enum device {
    DEVICE_NULL,
    DEVICE_ZERO,
    DEVICE_FULL,
    DEVICE_RANDOM,
    DEVICE_URANDOM,
    DEVICE_TTY,
    DEVICE_CONSOLE,
    DEVICES
};
extern const char *const device_name[DEVICES];
int64_t device_open(unsigned device, int flags);
int64_t device_read(unsigned device, void *bytes, size_t count,
                    bool nonblocking);
int64_t device_write(unsigned device, const void *bytes, size_t count,
                     bool nonblocking);
int device_poll(unsigned device, int events, bool wait);

/* poll.c: `deadline` is of `time`; 0: none. `now`: do not wait. */
struct pollfd;
int64_t file_poll(struct pollfd *polled, unsigned count, uint64_t deadline,
                  bool now);

#endif
