/* SPDX-License-Identifier: MIT */
#ifndef CHITIN_KERN_BOOT_ARCHIVE_H
#define CHITIN_KERN_BOOT_ARCHIVE_H
/*
 * Reads the initrd: an uncompressed cpio archive in the "newc" format, as
 * `cpio -o -H newc` and `-H crc` write it. archive_open() checks the whole
 * archive once; every other function here is total on an opened archive: it
 * ends and reads inside the blob only. The blob may stand at any address and
 * must not change while the archive is in use.
 *
 * Only regular files are shown. Directories, symbolic links and devices are
 * checked like them and passed over. Names are given and compared without the
 * "/" and "./" before them: "init", "./init" and "/init" are one name. Where a
 * name comes twice, the later file is the one that archive_find() gives, as it
 * is the one that unpacking would leave.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a stored name, its NUL included; a longer one is refused. */
#define ARCHIVE_NAME_MAX 4096

struct archive {
    const uint8_t *blob;
    size_t size;       /* bytes up to the end of the trailer */
    const char *fault; /* why archive_open() refused the blob, else NULL */
    size_t fault_at;   /* and the offset in it of the entry at fault */
};

/* A regular file; its name and data lie in the blob, the data unaligned. */
struct archive_file {
    const char *name; /* ends with NUL */
    const uint8_t *data;
    size_t size;
    uint32_t mode; /* as in POSIX <sys/stat.h>, the type included */
    size_t cursor; /* of archive_next() */
};

/*
 * Checks the archive in the first `size` bytes and sets up *archive. Refused
 * besides what is broken: an archive without a trailer, and a hard link whose
 * data stands with another name, since it would read as an empty file. The
 * checksums of 070702 ("crc") entries are verified. Tolerated: an entry's
 * other numbers whatever they are, padding of any bytes, names padded with
 * NULs (which some writers do to align the data), and anything after the
 * trailer, a second archive included, which is not looked at.
 * Returns 0, or -EINVAL with archive->fault and fault_at set and no files.
 * Cost: linear in the number of entries, the length of their names and the
 * data of entries with checksums.
 */
int archive_open(struct archive *archive, const void *blob, size_t size);

/*
 * Steps through the files in the archive's order: the first call takes *file
 * zeroed, each later one what the last left. Returns false, with *file
 * unchanged, at the end.
 */
bool archive_next(const struct archive *archive, struct archive_file *file);

/*
 * Finds the file. Returns 0, or -ENOENT with *file unchanged. Cost: linear in
 * the number of entries.
 */
int archive_find(const struct archive *archive, const char *name,
                 struct archive_file *file);

#endif
