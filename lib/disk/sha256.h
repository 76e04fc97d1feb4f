/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_LIB_DISK_SHA256_H
#define CHITIN_LIB_DISK_SHA256_H
/* SHA-256 (FIPS 180-4), by which types of metadata are known. The kernel has
   its own, made for steps; this one is for whoever makes a type. */
#include "kern/abi/types.h"

#define SHA256_BYTES 32

void sha256(const void *bytes, size_t size, uint8_t hash[SHA256_BYTES]);

#endif
