# SPDX-License-Identifier: MIT
# What both assemblers know, ours and clang 14. It reads no remainders and none
# of the atomic operations that fetch; code_sample.c has some of these.
r1 += r2
r3 += 7
r1 -= r2
r3 -= 7
r1 *= r2
r3 *= 7
r1 /= r2
r3 /= 7
r1 |= r2
r3 |= 7
r1 &= r2
r3 &= 7
r1 <<= r2
r3 <<= 7
r1 >>= r2
r3 >>= 7
r1 s>>= r2
r3 s>>= 7
r1 ^= r2
r3 ^= 7
r1 = r2
r3 = 7
r4 = -r4
w1 += w2
w3 += 7
w1 -= w2
w3 -= 7
w1 *= w2
w3 *= 7
w1 /= w2
w3 /= 7
w1 |= w2
w3 |= 7
w1 &= w2
w3 &= 7
w1 <<= w2
w3 <<= 7
w1 >>= w2
w3 >>= 7
w1 s>>= w2
w3 s>>= 7
w1 ^= w2
w3 ^= 7
w1 = w2
w3 = 7
w4 = -w4
r5 = -2147483648
r5 = 0x123456789abcdef0 ll
r5 = 1 ll
r6 = le16 r6
r6 = le32 r6
r6 = le64 r6
r6 = be16 r6
r6 = be32 r6
r6 = be64 r6
r1 = *(u8 *)(r2 + 4)
*(u8 *)(r10 - 8) = r3
r1 = *(u16 *)(r2 + 4)
*(u16 *)(r10 - 8) = r3
r1 = *(u32 *)(r2 + 4)
*(u32 *)(r10 - 8) = r3
r1 = *(u64 *)(r2 + 4)
*(u64 *)(r10 - 8) = r3
start:
if r1 == r2 goto start
if r1 == -3 goto end
if r1 != r2 goto start
if r1 != -3 goto end
if r1 > r2 goto start
if r1 > -3 goto end
if r1 >= r2 goto start
if r1 >= -3 goto end
if r1 < r2 goto start
if r1 < -3 goto end
if r1 <= r2 goto start
if r1 <= -3 goto end
if r1 s> r2 goto start
if r1 s> -3 goto end
if r1 s>= r2 goto start
if r1 s>= -3 goto end
if r1 s< r2 goto start
if r1 s< -3 goto end
if r1 s<= r2 goto start
if r1 s<= -3 goto end
if w1 == w2 goto start
if w1 == -3 goto end
if w1 != w2 goto start
if w1 != -3 goto end
if w1 > w2 goto start
if w1 > -3 goto end
if w1 >= w2 goto start
if w1 >= -3 goto end
if w1 < w2 goto start
if w1 < -3 goto end
if w1 <= w2 goto start
if w1 <= -3 goto end
if w1 s> w2 goto start
if w1 s> -3 goto end
if w1 s>= w2 goto start
if w1 s>= -3 goto end
if w1 s< w2 goto start
if w1 s< -3 goto end
if w1 s<= w2 goto start
if w1 s<= -3 goto end
lock *(u64 *)(r1 + 8) += r2
lock *(u32 *)(r1 - 4) += w2
lock *(u64 *)(r1 + 8) |= r2
lock *(u32 *)(r1 - 4) |= w2
lock *(u64 *)(r1 + 8) &= r2
lock *(u32 *)(r1 - 4) &= w2
lock *(u64 *)(r1 + 8) ^= r2
lock *(u32 *)(r1 - 4) ^= w2
goto start
goto +0
call 7
end:
exit
