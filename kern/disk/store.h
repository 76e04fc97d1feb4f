/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_STORE_H
#define CHITIN_KERN_DISK_STORE_H
/*
 * What the kernel does for the volume of a drive (change.h): frames of the
 * registry and who is charged for them, reading and writing of entries, the
 * bindings that hang at them, and the jobs that are made in steps.
 *
 * A frame of the registry is FRAME_REGISTRY, owned by nobody that lives, and
 * counted in the account of the entry's holder (ACCOUNT_REGISTRY). Whoever may
 * read the block may map it, to read. Data may be mapped for writing, too, by
 * whoever may write it, if the guards are one and somebody has asked for it
 * (REGISTRY_WRITABLE): from then on the entry is dirty, until it is written
 * while nobody has it mapped. A frame that is not used any more is
 * free when it is not mapped any more.
 *
 * Jobs. A change, the installation of a type, what follows a write: each is
 * made in steps of a few thousand instructions, by the call that asks for it as
 * far as that may go, by later calls on the same disk, at edges of slots, and
 * by harts that idle. What waits for the device goes on after its interrupt.
 *
 * All of it under the drive's lock; drive_unlock gives it back, and tells whom
 * there is to tell.
 */
#include "kern/disk/binding.h"
#include "kern/disk/change.h"
#include "kern/disk/recover.h"
#include "kern/env.h"

/* The owner of the registry's frames: no env's id. */
#define REGISTRY_ID 1

/* Entries of one disk, and a volume's blocks, at most. */
#define ENTRIES_MAX 2048
#define VOLUME_BLOCKS_MAX ((uint64_t)64 << 20)

/* Envs that wait for their turn to make a change; and for how long, in
   nanoseconds, one that does not ask again goes before others. */
#define TURNS_MAX 16
#define TURN_LASTS 10000000

/* What a request does that is not an env's own. */
enum request_purpose {
    REQUEST_ENV,
    REQUEST_FILL,     /* reads an entry */
    REQUEST_METADATA, /* writes one of metadata: flush, write, flush */
    REQUEST_DATA,     /* writes one of data */
    REQUEST_RECOVER,  /* reads a block for recovery */
    REQUEST_TYPE,     /* writes a type block, and flushes */
    REQUEST_CHANGE,   /* waits for a change */
    REQUEST_SAVE      /* writes a page that was taken to its save place */
};

/* What `owns` said of one image, kept from one call to the next, for it may use
   up what a call has. */
struct lookup {
    uint32_t entry;
    uint64_t version; /* 0: nothing is known */
    struct owned_set set;
};

/* A type being installed. */
enum type_stage { TYPE_NONE, TYPE_CHECK, TYPE_LOAD, TYPE_WRITE, TYPE_WRITTEN };
struct type_job {
    enum type_stage stage;
    unsigned type;
    uint32_t tag; /* of the request that waits for it */
    int error;    /* of its write */
    uint32_t owns, access;
    struct type_check check;
    uint32_t frame; /* where the block is: the registry's, or 0 */
    const uint8_t *block;
};

/* What the caller of the change gave for one of its blocks. */
struct store_offer {
    struct frame *frame; /* or NULL: the entry's spare one */
    uint64_t pages;      /* charged to its account, so that it can be the
                            entry's holder */
};

/* Who was told that another's change is being made, and when last. */
struct turn {
    uint32_t env;
    uint64_t asked;
};

struct store {
    struct volume volume;
    struct recover recover;
    struct lookup lookup[HARTS_MAX]; /* of each hart's callers: none keeps
                                        another's from getting on */
    uint32_t withdrawn; /* an entry whose guard is another by the new image, of
                           the change that is being made */
    uint64_t begun;     /* of the entry of the kernel that takes steps */
    struct type_job type;
    uint64_t blocks_max; /* of the device, as far as the table reaches */
    uint32_t first;      /* number of entry 0 in the machine's array */
    uint32_t releasing;  /* a frame that is free when it is not mapped; they
                            are chained by `used` */
    uint64_t changes;    /* ever begun */
    bool progress;       /* a call of the volume that says -EAGAIN did some */
    bool waits;          /* nothing to do before something has happened */
    uint32_t recovery_frame; /* or 0 */
    uint64_t recovery_block; /* what is in it, or RECOVER_NOTHING */
    bool recovery_reading;
    uint16_t held_of[ENVS_MAX];  /* by index of env: entries that it holds */
    struct turn turn[TURNS_MAX]; /* the next first */
    unsigned turns;
    struct store_offer offer[DISK_CHANGE_BLOCKS];
    uint32_t refused; /* whose frames go back to it, of a change that failed */
    unsigned returned;
    struct frame *back[DISK_CHANGE_BLOCKS];
    unsigned told;
    struct request_end tell[8];
};

/* Takes the memory of a drive's store and registry, and fills in what envs see.
   Boot only. */
void store_init(struct drive *d);

/* Gives the lock back, and tells. */
void drive_unlock(struct drive *d);

/* An entry of the kernel comes to a drive, which it has locked just now. */
void store_enter(struct drive *d);

/* Takes steps of jobs; none begins when so many instructions are used up since
   then, as one may take some 10,000. Programs end within STEP_PROGRAMS, or are
   late; but those of a step that nothing came before, and the first of a call,
   have the time that they may take: else somebody might never get on. */
#define STEP_FRESH 2500
#define STEP_BEFORE 8000
#define STEP_PROGRAMS 16000
void store_step(struct drive *d);
/* Whether one could do something. */
bool store_busy(const struct drive *d);

/* A device's answer to a request that is not an env's own. True if its env is
   to be told, and the request to be freed. */
bool store_answer(struct drive *d, struct disk_request *r, int error);

/* The binding leaves the entry that it hangs at. */
void store_unhang(struct drive *d, struct extent *x);

/* Ends what env `id` holds, some of it; whether there may be more. No lock but
   the env's may be held. */
bool store_leave_env(uint32_t id);

/* Takes up to `most` entries from env `id`, or the one of that number unless it
   is REGISTRY_NONE: how many, and in `name` which. What is clean is free memory
   then; what is dirty stays for who writes it. */
unsigned store_take(uint32_t id, uint64_t number, unsigned most,
                    uint32_t *name);

/* Whether env `id` holds that entry. */
bool store_is_of(uint32_t id, uint64_t number);

/* Gives back frames of entries that nobody needs; whether it found one. No lock
   may be held. */
bool store_reclaim(void);

/*
 * Of calls.
 */

/* Opens an entry by its number in the machine's array: its drive, locked; or
   NULL. */
struct drive *store_open(uint64_t number, uint32_t *entry);

/* The extent of entry e's image that has the block: 0, -EAGAIN, -ENOENT; or
   -EBUSY while it is being changed. */
int store_extent(struct drive *d, uint32_t e, uint64_t block,
                 struct disk_extent *extent);

/* The guard of that extent, as type_guard; or -EAGAIN. */
int store_guard(struct drive *d, uint32_t e, const struct disk_extent *extent,
                unsigned right, struct cap_name *guard);

/* disk_bind by an entry: the handle, or an error. */
struct store_bind {
    const struct env *env;
    const struct cap *cap;
    uint64_t first;
    uint64_t count;
    uint32_t rights;
};
int64_t store_bind(struct drive *d, uint32_t e, const struct store_bind *ask);

struct store_read {
    struct context *context;
    const struct cap *cap;
    uint64_t block;
    struct frame *frame; /* or NULL */
    uint64_t flags;
    uint64_t cookie;
};

/* registry_read by an entry; of the catalogue; and for recovery. The number of
   the entry, 0 for recovery; or an error. */
int64_t store_read(struct drive *d, uint32_t parent,
                   const struct store_read *ask);
int64_t store_read_catalogue(struct drive *d, const struct store_read *ask);
int64_t store_read_recovery(struct drive *d, const struct store_read *ask);

/* Whether the env may have the entry written: 0, if it is the holder, or the
   capability may write the block; the catalogue anybody. -EPERM, -ENOENT if the
   entry that says so is not in the registry, -EAGAIN. */
int store_writer(struct drive *d, uint32_t e, const struct env *env,
                 const struct cap *cap);

/* registry_write, after that was asked. */
int store_write(struct drive *d, struct context *c, uint32_t e,
                uint64_t cookie);

/* disk_recover: as in docs/disk.md. */
int64_t store_recover(struct drive *d);

/* disk_type: the block is copied out of the frame, which the capability must
   let the caller read. 0: it will be told. */
int store_type(struct drive *d, struct context *c, struct frame *from,
               const struct cap *cap, uint64_t cookie);

/* One block of a change as an env names it. */
struct store_edit {
    uint32_t entry;
    struct frame *from;
    struct frame *to; /* or NULL */
    uint64_t version;
};
struct store_change {
    struct context *context;
    const struct cap *cap;
    uint64_t claimed;
    uint64_t given;
    uint64_t cookie;
    unsigned blocks;
    struct store_edit edit[DISK_CHANGE_BLOCKS];
};

/* disk_change: 0 done, 1 it will be told, or an error. */
int64_t store_change(struct drive *d, const struct store_change *ask);

/* Ends the caller's hold of an entry. -ESTALE. */
int store_unhold(struct drive *d, uint32_t e, uint32_t id);

/* Gives back all programs of a disk's types, one type at a time: whether there
   were any. program.c. */
bool program_unload(uint32_t disk);
void program_drop(uint32_t disk, unsigned type);
/* Until that count of instructions programs of the disk may run; first as many
   as CODE_FUEL_OWNS lasts for may in any case. The other ends that, and says
   whether none was late. */
void program_until(uint32_t disk, uint64_t count);
bool program_hurry(uint32_t disk);

/*
 * Within store*.c.
 */
/* Makes an env's frame the registry's, which nobody can map until it is shown;
   the opposite; the same for several, of an env that may have ended, with no
   lock held; and frees one when it is not mapped any more. */
int store_adopt(struct env *e, struct frame *f);
void store_disown(struct env *e, struct frame *f);
void store_return(uint32_t id, struct frame *const f[], unsigned count);
void store_free(struct drive *d, struct frame *f);
/* Says who may map a frame: the answer of type_guard. And from when on. */
void store_guard_set(struct frame *f, int answer, const struct cap_name *guard);
/* Whether that is what was said of it last. */
bool store_guard_is(const struct frame *f, int answer,
                    const struct cap_name *guard);
void store_show(struct frame *f, int answer, const struct cap_name *guard);
/* Entry e has got one more page from env `id`, which becomes its holder if it
   is alive, and its account has room. */
void store_accept(struct drive *d, uint32_t e, uint32_t id, uint32_t account);
/* Lets a data entry be mapped for writing: it is dirty then, when it has been
   read and as soon as it was written. And no more, if it is not mapped, now
   that it is written; whether it can be still. */
void store_writable(struct drive *d, uint32_t e);
void store_unwritable(struct frame *f);
bool store_is_writable(const struct drive *d, uint32_t e);
/* Takes the frames of an entry out of everybody's tables, and lets nobody map
   them until their guard is set anew: 0, or -EAGAIN while there is more to do.
 */
int store_withdraw(struct drive *d, uint32_t e);
/* Makes env e the holder of an entry, with `more` pages that are about to be
   charged: 0, -EDQUOT. */
int store_hold(struct drive *d, uint32_t e, const struct env *env,
               uint32_t more);
/* Frees up to `most` entries that nobody needs; whether it did any. */
bool store_evict(struct drive *d, unsigned most);
/* Breaks some mappings of frames that are to be free; whether there are more.
 */
bool store_release_step(struct drive *d);
/* A step towards installing a type; whether it could take one. */
bool store_type_step(struct drive *d);
/* Takes a request that is not an env's own, for its env. */
int store_request(struct drive *d, struct context *c,
                  enum request_purpose purpose, uint64_t cookie,
                  struct disk_request **r);
/* Its env is told when the lock is given back. */
void store_tell(struct drive *d, struct disk_request *r, int64_t value);

#endif
