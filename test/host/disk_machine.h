/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_TEST_HOST_DISK_MACHINE_H
#define CHITIN_TEST_HOST_DISK_MACHINE_H
/*
 * A disk of a few hundred blocks under the modules of kern/disk: frames, a
 * device with a volatile cache, envs that write, and power cuts. What the glue
 * of the kernel does is done here.
 *
 * And the model: what the newest images and those on the disk own, kept apart
 * and recomputed from the bytes, block by block, by another rule than sweeping:
 * what a change may do, and what state each block must have, follows from it.
 */
#include "kern/disk/change.h"
#include "kern/disk/recover.h"
#include "test/host/check.h"
#include "test/host/disk_types.h"

#define BLOCKS 320
#define ENTRIES 96
#define FRAMES 512
#define CACHE_MAX 512
#define REQUESTS 64

/* What data blocks hold. */
struct stamp {
    uint64_t block;
    uint64_t generation; /* how often it had been claimed */
    uint64_t serial;
};

struct request {
    bool used;
    bool data;
    uint32_t entry; /* that is written, or the parent of what is */
    uint64_t block;
    uint32_t frame; /* of metadata */
    struct stamp stamp;
    unsigned stage; /* of metadata: flush, write, flush */
};

struct owned_few {
    uint32_t count;
    struct disk_extent extent[EXTENTS_MAX + 1];
};

/* A metadata block as the model has it. */
struct model_block {
    bool newest_there;
    bool disk_there;
    bool perhaps_there;
    uint8_t type;
    struct cap_name write; /* guard of the newest image */
    struct owned_few newest;
    struct owned_few disk;
    struct owned_few perhaps;
};

#define NOBODY 0 /* block 0 owns nothing */

/* A block, as all of these have it. */
struct model_view {
    unsigned newest_owners;
    uint16_t newest; /* one of them */
    uint8_t type;
    unsigned disk_owners; /* different blocks, by disk or perhaps */
    uint16_t disk;        /* one that is not `newest`, if there is one */
    bool double_owned;    /* such a one there is, and `newest` */
};

struct machine {
    uint64_t random;
    const uint8_t *input; /* what is random, if there is one */
    size_t input_size;
    bool interpret; /* programs, not what stands for them */
    bool hurry;     /* programs are late now and then, and steps are several */
    /* Options that must make tests fail. */
    bool no_flush_before;
    bool no_flush_after;
    /* The device. */
    _Alignas(16) uint8_t durable[BLOCKS][DISK_BLOCK_BYTES];
    struct {
        uint64_t block;
        _Alignas(16) uint8_t bytes[DISK_BLOCK_BYTES];
    } cache[CACHE_MAX];
    uint32_t cached;
    struct request request[REQUESTS];
    unsigned outstanding;
    /* Frames. */
    _Alignas(16) uint8_t frame[FRAMES][DISK_BLOCK_BYTES];
    bool frame_used[FRAMES];
    uint32_t frames_free[FRAMES];
    uint32_t frames;
    /* What is tested. */
    struct volume v;
    uint8_t state[BLOCKS + 8];
    struct registry_entry entry[ENTRIES];
    struct registry_twin twin[ENTRIES];
    uint32_t hash[64];
    struct disk_double doubles[DISK_DOUBLES_MAX];
    struct recover recover;
    /* How the last change ended. */
    bool changed;
    int result;
    /* The model. */
    struct model_block model[BLOCKS];
    struct model_view view[BLOCKS];
    const char *why; /* what it said of the last change; of which block */
    uint64_t where;
    uint64_t generation[BLOCKS];
    uint64_t serial;
    uint64_t flushed[BLOCKS]; /* serial of data that was flushed */
    /* What was counted. */
    uint64_t accepted;
    uint64_t refused;
    uint64_t writes;
    uint64_t cuts;
    uint64_t frozen;
};

extern struct machine *machine;

/* A random number; zero at the end of the input, if there is one. */
uint64_t machine_below(uint64_t limit);

/* Formats and recovers a disk. */
void machine_begin(uint64_t seed);
/* Recovers what is on the disk, without the model: what that returned. */
int machine_recover(void);
/* Frees what belongs to the machine; checks that no frame is lost. */
void machine_end(void);

uint32_t machine_frame(void); /* a free one, or 0 */
void machine_frame_free(uint32_t frame);

/* Steps until nothing is left to do but for the device. */
void machine_idle(void);
/* The device does something; true if it had something to do. */
bool machine_device(void);

/* A new request, or NULL. What is written goes to the cache; what is read is
   the newest. */
struct request *request_new(void);
void device_write(uint64_t block, const void *bytes, size_t size);
void device_read(uint64_t block, uint8_t *bytes);

/* Begins to write data: 0, or why it may not be. */
int machine_data_write(uint32_t parent, uint64_t block);
/* The entry of a metadata block, read in or made if need be. -1: none. */
int64_t machine_entry(uint64_t parent, uint64_t block);

/* Power is cut, and comes back: what must hold is checked. */
void machine_cut(void);

/* What the model says of each block, made anew. */
void model_view(void);
/* Whether block table, registry and doubles are as the model says. */
void model_check(void);
/* Whether a change is right. What engine and model say is compared. */
bool model_allows(const struct change_block *block, uint32_t blocks,
                  uint64_t claimed, uint64_t given, const struct cap *cap);
/* A change was accepted: its new images are the newest. */
void model_change(const struct change_block *block, uint32_t blocks);
void model_guard(struct model_block *m, const uint8_t *image);
/* Whether a block hangs in no tree by the newest images. */
bool model_lost(uint64_t block);
/* Whether it owns the block; and as which type. */
bool few_has(const struct owned_few *few, uint64_t block, uint8_t *type);
void model_owns(unsigned type, const uint8_t *image, struct owned_few *few);
/* For each block whether it hangs in the tree of the catalogue: by images on
   the disk, or by the newest. */
void model_reach(bool disk, bool *reached);

/* One step of a game: a random change, write, reading, ...; by players that
   own different parts of the disk. `change` of 100 are changes. */
void play_step(unsigned change);
/* The capability of a player, 0 or 1; of who may do all, 2. */
#define PLAYERS 2
const struct cap *play_cap(unsigned player);

#endif
