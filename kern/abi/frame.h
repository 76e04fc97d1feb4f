/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_ABI_FRAME_H
#define CHITIN_ABI_FRAME_H
/*
 * The record of a page frame. The table of all records is the kernel's; every
 * env can read it. A frame of order 9 or 18 is described by the record of its
 * first page, its head; the others say FRAME_PART.
 */
#include "kern/abi/cap.h"
#include "kern/abi/types.h"

/* What a frame is used for. A type changes only when nothing uses the frame. */
enum frame_type {
    FRAME_ABSENT,   /* not RAM, or RAM outside the kernel's reach */
    FRAME_RESERVED, /* firmware's, or reserved by the device tree */
    FRAME_KERNEL,   /* the image, the tree, and tables sized at boot */
    FRAME_FREE,     /* nobody's: the guard is the one it was freed under */
    FRAME_PART,     /* not the head of the frame it belongs to */
    FRAME_DATA,     /* its owner's, to map and to fill */
    FRAME_TABLE_0,  /* a page table whose entries are 4 KiB pages */
    FRAME_TABLE_1,  /* one whose entries are 2 MiB pages or tables of type 0 */
    FRAME_TABLE_2,  /* a root: 1 GiB pages or tables of type 1 */
    FRAME_SHADOW,   /* the reverse map of one page table */
    FRAME_ENV,      /* the record of an env, or its capability list */
    FRAME_UAREA,    /* the memory through which an env and the kernel talk */
    FRAME_REGISTRY, /* holds a block of a disk; the kernel's, to be read */
    FRAME_TYPES
};

/* Bits of frame.flags. */
#define FRAME_UNSCRUBBED 0x01 /* holds what was freed under another guard */
#define FRAME_CLEAN 0x02      /* one page, free or data, that is all zero */
#define FRAME_BREAKING                                                         \
    0x04 /* accepts no new binding: they are being broken                      \
          */

/* Bits of frame.flags that its owner sets (frame_mark, guarantee); they go when
   it changes owner or type. */
#define FRAME_EXPENDABLE 0x08 /* taken before others */
#define FRAME_GUARANTEED 0x10 /* not taken */
#define FRAME_PLACED 0x20     /* `used` says where its contents go before */
#define FRAME_CONDEMNED                                                        \
    0x40 /* the kernel's: it is being taken, or a device is not done with it;  \
            it keeps its guard */
#define FRAME_MARKS (FRAME_EXPENDABLE | FRAME_GUARANTEED | FRAME_PLACED)

/* Of frame.pins: what one request of a disk counts. */
#define FRAME_PIN_DMA 0x10000

/* The owner of frames that nobody has any more but devices may still touch:
   they are free, and their account's again, when those are done. */
#define FRAME_OWNER_DEVICE 2

/* Where contents go before a page is taken. As frame_mark takes it: the number
   of a page, or the binding of an extent and a block of it:

      63                      32 31 30       28 27      18 17              0
     | generation of the handle | 1 | its disk | its row  | block           |

   The lower half of that is what the record of the frame has, and what the loss
   tells; it means that binding as long as the env lives. */
#define PLACE_DISK_SHIFT 28
#define PLACE_ROW_SHIFT 18
#define PLACE_BLOCKS ((uint64_t)1 << PLACE_ROW_SHIFT)
#define PLACE_EXTENT(binding, block)                                           \
    ((uint64_t)(binding) >> 32 << 32 | (uint64_t)1 << 31 |                     \
     ((uint64_t)(binding) >> 16 & 7) << PLACE_DISK_SHIFT |                     \
     ((uint64_t)(binding)&0x3ff) << PLACE_ROW_SHIFT | (uint64_t)(block))
#define PLACE_IS_EXTENT(place) (((place) >> 31 & 1) != 0)
#define PLACE_DISK(place) ((place) >> PLACE_DISK_SHIFT & 7)
#define PLACE_ROW(place) ((place) >> PLACE_ROW_SHIFT & 0x3ff)
#define PLACE_BLOCK(place) ((place) & (PLACE_BLOCKS - 1))

/* Of frame_free: break every binding first. */
#define FRAME_FREE_BREAK 1

/* A frame's name for the calls that are its owner's, made by who has control
   over the owner: capability `cap` of the caller's allows that. */
#define FRAME_BY_SHIFT 44
#define FRAME_BY(cap, frame)                                                   \
    (((uint64_t)(cap) + 1) << FRAME_BY_SHIFT | (uint64_t)(frame))

/* Orders: log2 of the number of pages. */
#define FRAME_ORDER_4K 0
#define FRAME_ORDER_2M 9
#define FRAME_ORDER_1G 18

/* state: type, order and flags as one word, to test them in one step. */
#define FRAME_STATE(type, order) ((uint32_t)(type) | (uint32_t)(order) << 8)
#define FRAME_STATE_FLAG(flag) ((uint32_t)(flag) << 16)

struct frame {
    union {
        struct {
            uint32_t lock; /* the kernel's; 0 when nobody works on the record */
            union {
                struct {
                    uint8_t type; /* enum frame_type */
                    uint8_t order;
                    uint8_t flags;
                    uint8_t zero;
                };
                uint32_t state;
            };
        };
        uint64_t lock_and_state; /* the state in the upper half */
    };
    struct cap_name guard; /* who may bind it */
    union {
        struct {
            uint32_t next;     /* the owner's next frame, or the next free */
            uint32_t previous; /* as page numbers; 0 ends a list */
        };
        uint64_t next_and_previous;
    };
    uint32_t owner; /* the env it is charged to; 0: none */
    uint32_t chain; /* the first PTE that holds it (kern/pt.h); 0: none */
    union {
        struct {
            uint32_t maps; /* how many do, or did until the next fence; and
                              predicates that look at it; registry: bit 0 if
                        everybody may map it, 1 if for writing */
            uint32_t pins; /* kernel objects that use it; in units of
                              FRAME_PIN_DMA, requests of disks that do */
        };
        uint64_t maps_and_pins;
    };
    uint32_t shadow; /* table: its shadow; shadow: its table */
    uint32_t used;   /* table: entries that are set;
                        unscrubbed: pages that are zero already;
                        FRAME_PLACED: where its contents go (PLACE_EXTENT);
                        of FRAME_OWNER_DEVICE: the account */
    uint64_t harts;  /* root: harts that may hold its translations;
                        data: how far the search for an heir got, and the
                        predicates that look at it */
};

/* How many predicates look at a data frame, by its `harts`; each is one of its
   maps. */
#define FRAME_PREDICATES(harts) ((uint32_t)((harts) >> 34 & 0x3fff))

#endif
