/* SPDX-License-Identifier: MIT */
/*
 * A program of downloaded code in C, compiled for it in many ways and for this
 * machine once (code_object.c): both must have the same result. SECTION puts
 * the entry into a section of its own, OUTSIDE calls what is not there, DATA
 * uses a variable.
 */
typedef unsigned char u8;
typedef unsigned u32;
typedef unsigned long long u64;

u64 code_sample(u8 *bytes, u64 length);
u64 code_sample_second(u8 *bytes, u64 length);

#if defined(SECTION)
#define ENTRY __attribute__((section("filter")))
#else
#define ENTRY
#endif

#ifdef OUTSIDE
u64 outside(u64 x);
#endif
#ifdef DATA
u64 counter;
#endif

/* Stands before the entry, and is called with a pointer into its frame. */
static __attribute__((noinline)) void
scratch_fill(volatile u8 *scratch, const u8 *bytes, u64 length)
{
    for (u64 i = 0; i < 24; i++) {
        scratch[i] = (u8)(i * 7);
        if (i < length) {
            scratch[i] = scratch[i] ^ bytes[i];
        }
    }
}

static __attribute__((noinline)) u64
word_mix(u64 sum, u32 word)
{
    volatile u8 part[3] = {(u8)word, (u8)(word >> 9), (u8)(word >> 17)};

    sum ^= sum << 13 | word;
    return sum + part[0] + (u64)part[1] * 5 + (u64)part[2] * 7;
}

ENTRY u64
code_sample(u8 *bytes, u64 length)
{
    u64 sum = 0x0123456789abcdefULL;
    volatile u8 scratch[24];

    scratch_fill(scratch, bytes, length);
    for (u32 i = 0; i < 24; i++) {
        sum = word_mix(sum, scratch[i] * 0x01010101u / (i + 1));
        sum += (u64)((long long)sum >> (i & 7)) % (length + 3);
    }
    if (length >= 8) {
        u32 *words = (u32 *)bytes;

        (void)__sync_fetch_and_add(&words[0], (u32)sum);
#ifdef FETCH
        sum ^= __sync_fetch_and_xor(&words[1], 0xff);
        sum += __sync_val_compare_and_swap(&words[0], words[0], 77);
        sum += __sync_lock_test_and_set(&words[1], 9);
#endif
        sum += words[0] + words[1];
    }
#ifdef OUTSIDE
    sum = outside(sum);
#endif
#ifdef DATA
    counter++;
#endif
    return sum;
}

/* Called by nobody. */
u64
code_sample_second(u8 *bytes, u64 length)
{
    return word_mix(length, bytes[0]);
}
