/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_DISK_TYPE_H
#define CHITIN_KERN_DISK_TYPE_H
/*
 * Types of metadata, as a disk has them: programs that say what a block of the
 * type owns, and who may use it. A type is named by the hash of its programs,
 * numbered on each disk, immutable, and never removed. Type 1, the catalogue,
 * is made of C: catalogue.c.
 *
 * The kernel believes nothing that a program says beyond what it says here:
 * that a set of extents is this block's, that a guard at this offset is for
 * this extent. Both depend on the block's bytes alone, so the answer about the
 * same bytes is always the same, also after a crash.
 *
 * Locks: the disk's.
 */
#include "kern/abi/disk.h"
#include "kern/cap.h"
#include "kern/disk/owned.h"

struct type {
    uint8_t hash[DISK_HASH_BYTES];
    uint32_t owns; /* what the glue calls the programs */
    uint32_t access;
    bool alike; /* `access` says the same of all that a block owns */
};

struct type_table {
    uint64_t known;    /* bit t: type t can be used; bits 0 and 1 always are */
    uint64_t reserved; /* bit t: it cannot, but something on the disk is of it,
                          so that the number is not given out */
    struct type type[DISK_TYPES];
};

struct sha256 {
    uint32_t h[8];
    uint64_t bytes; /* taken in so far, a multiple of 64 */
};

/* FIPS 180-4: begin; take in whole blocks of 64 bytes (some 2,500 instructions
   each); then the last less than 64 bytes. */
void sha256_begin(struct sha256 *s);
void sha256_block(struct sha256 *s, const uint8_t *bytes);
void sha256_end(struct sha256 *s, const uint8_t *rest, size_t length,
                uint8_t hash[DISK_HASH_BYTES]);

/* Fills in a label for so many blocks; and checks one: 0, or -EINVAL if it is
   none, or of another version, or for more blocks than there are. */
void label_make(struct disk_label *label, uint64_t blocks);
int label_check(const struct disk_label *label, uint64_t blocks);

/* A type block being looked at. Its 4 KiB must not change meanwhile. */
struct type_check {
    const uint8_t *block;
    uint32_t at;
    struct sha256 hash;
};

/* Begins to check a type block; each step takes in two blocks of 64 bytes.
   Returns -EAGAIN while there is more to do, 0 if header and hash are right,
   -EINVAL if not. Then the programs are to be verified (CODE). */
void type_check_begin(struct type_check *c, const uint8_t *block);
int type_check_step(struct type_check *c);

/* Begins without types. */
void type_table_init(struct type_table *t);
/* The number of the type with this hash, or -ENOENT. */
int type_find(const struct type_table *t, const uint8_t *hash);
/* The first slot without a type (one whose block is not valid on the disk), or
   -ENOSPC. */
int type_slot(const struct type_table *t);
/* Puts in a type whose programs can be run, and whose block is on the disk,
   flushed: what has this number is never of another type. */
void type_add(struct type_table *t, unsigned type, const uint8_t *block,
              uint32_t owns, uint32_t access);

/* What runs a program is -EAGAIN if that was late. */

/* Runs `owns` of a known metadata type over an image. The set is made anew, and
   is empty if the image is malformed. 0 or -EINVAL. */
int type_owns(const struct type_table *t, unsigned type, const uint8_t *image,
              uint64_t blocks, struct owned_set *set);

/* The guard for a right over what begins at block `first` (CODE_ACCESS_SELF:
   the block itself). 1: a guard, in *guard, that is valid; 0: anyone; -EPERM:
   nobody. */
int type_guard(const struct type_table *t, unsigned type, const uint8_t *image,
               uint64_t first, uint64_t right, struct cap_name *guard);

/* Whether two images of one block name the same guards for whatever they own; 0
   also if each extent had to be asked for. Four runs of a program. */
int type_alike(const struct type_table *t, unsigned type, const uint8_t *before,
               const uint8_t *after);

/* Whether the capability may: 0, or -EPERM. */
int type_access(const struct type_table *t, unsigned type, const uint8_t *image,
                uint64_t first, uint64_t right, const struct cap *cap);

/* Whether the capability may change the catalogue from one image into the
   other: 0 or -EPERM. Both are well-formed. */
int catalogue_access(const uint8_t *before, const uint8_t *after,
                     const struct cap *cap);
int catalogue_owns(const uint8_t *image, struct owned_set *set);
int catalogue_guard(const uint8_t *image, uint64_t first,
                    struct cap_name *guard);

/*
 * From the glue: runs a program of a type (what type_add was given) over 4 KiB.
 * The first calls owned_emit(set, r1, r2, r3) for each CODE_EMIT. Both set *r0.
 * 0; -EINVAL if it was stopped; -EAGAIN if that was so because it had less time
 * than it may take.
 */
int program_owns(uint32_t owns, const uint8_t *image, struct owned_set *set,
                 uint64_t *r0);
int program_access(uint32_t access, const uint8_t *image, uint64_t first,
                   uint64_t right, uint64_t *r0);

#endif
