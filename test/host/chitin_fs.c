/* SPDX-License-Identifier: MIT */
/*
 * The file system's tools: one program, known by the name that it is called by.
 *
 *     chitin-mkfs IMAGE BLOCKS          an image of so many blocks of 4 KiB,
 *                                       for the users of DOMAIN.SHARED
 *     chitin-fsck [--repair] IMAGE      says what is wrong: 0 nothing, 1
 *                                       something, or it was repaired
 *     chitin-fs IMAGE ls [PATH]
 *     chitin-fs IMAGE put FILE PATH     from this machine, with its mode
 *     chitin-fs IMAGE get PATH FILE     and back
 *     chitin-fs IMAGE mkdir PATH
 *     chitin-fs IMAGE rm PATH           a file, or an empty directory
 *     chitin-fs IMAGE mv PATH PATH
 *     chitin-fs IMAGE ln [-s] TARGET PATH
 *     chitin-fs IMAGE -                 those, from lines of standard input
 *
 * Each mounts the image, as recovery finds it, and unmounts it. 2: the command
 * line is wrong, or it did not work.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fs/check.h"
#include "lib/fs/path.h"
#include "test/host/check.h"
#include "test/host/fs_host.h"

#define ENTRIES 16384
#define PIECE ((size_t)1 << 20)
#define WORDS 5 /* of a command, at most */

static struct fs fs;
static uint8_t *image;
static uint64_t blocks;
static bool mounted;

_Noreturn static void
fail(const char *what, const char *on, int64_t error)
{
    (void)fprintf(stderr, "%s: %s", on, what);
    if (error != 0) {
        (void)fprintf(stderr, " (error %lld)", (long long)-error);
    }
    (void)fputc('\n', stderr);
    if (mounted) { /* what was done before stays */
        (void)fs_unmount(&fs);
    }
    exit(2);
}

static void
try(const char *what, const char *on, int64_t result)
{
    if (result < 0) {
        fail(what, on, result);
    }
}

static void
say(void *context, const char *text)
{
    (void)context;
    (void)puts(text);
}

/* Maps the image; what is written there is in the file. */
static void
image_open(const char *path, uint64_t make_blocks)
{
    int fd =
        open(path, O_RDWR | (make_blocks > 0 ? O_CREAT | O_TRUNC : 0), 0644);
    struct stat status;

    if (fd < 0 ||
        (make_blocks > 0 &&
         ftruncate(fd, (off_t)(make_blocks * FS_BLOCK)) != 0) ||
        fstat(fd, &status) != 0) {
        fail("cannot be opened", path, 0);
    }
    blocks = (uint64_t)status.st_size / FS_BLOCK;
    if (blocks < DISK_BLOCKS_MIN) {
        fail("is too small", path, 0);
    }
    image = mmap(NULL, blocks * FS_BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED,
                 fd, 0);
    if (image == MAP_FAILED) {
        fail("cannot be mapped", path, 0);
    }
    (void)close(fd);
}

/* 1: it must be repaired. */
static int64_t
image_mount(const char *path, bool make)
{
    struct fs_volume *volume;
    int64_t error;

    try("recovery finds no disk", path,
        fs_host_begin(image, blocks, NULL, ENTRIES));
    try("there is no file system", path,
        fs_host_tree(FS_TREE_NAME, make, &volume));
    if (make) {
        static const struct cap_name shared = FS_HOST_GUARD;

        error = fs_make(&fs, volume, &shared, &shared);
    } else {
        error = fs_mount(&fs, volume);
    }
    try("it cannot be mounted", path, error);
    mounted = error == 0;
    return error;
}

static void
image_end(const char *path)
{
    mounted = false;
    try("it cannot be unmounted", path, fs_unmount(&fs));
    fs_host_end();
    if (msync(image, blocks * FS_BLOCK, MS_SYNC) != 0) {
        fail("cannot be written", path, 0);
    }
}

static int
mkfs(int count, char **arguments)
{
    char *end;
    unsigned long long wanted;

    if (count != 2) {
        fail("usage: chitin-mkfs IMAGE BLOCKS", "chitin-mkfs", 0);
    }
    wanted = strtoull(arguments[1], &end, 0);
    if (*end != 0 || wanted < DISK_BLOCKS_MIN + 4 || wanted > UINT32_MAX) {
        fail("no number of blocks", arguments[1], 0);
    }
    image_open(arguments[0], wanted);
    fs_host_format(image, blocks);
    (void)image_mount(arguments[0], true);
    image_end(arguments[0]);
    return 0;
}

static int
fsck(int count, char **arguments)
{
    bool repair = count > 0 && strcmp(arguments[0], "--repair") == 0;
    const char *path = count > repair ? arguments[repair] : "";
    struct fs_check report;
    int64_t in_use;

    if (count != 1 + repair) {
        fail("usage: chitin-fsck [--repair] IMAGE", "chitin-fsck", 0);
    }
    image_open(path, 0);
    in_use = image_mount(path, false);
    if (in_use == 1) {
        (void)puts("it was in use when it was left");
    }
    try("it cannot be checked", path,
        fs_check(&fs, repair, say, NULL, &report));
    (void)printf(
        "%llu files, %llu directories, %llu symbolic links; %llu "
        "nodes, %llu blocks of data; %llu faults, %llu repaired\n",
        (unsigned long long)report.files,
        (unsigned long long)report.directories,
        (unsigned long long)report.symlinks, (unsigned long long)report.nodes,
        (unsigned long long)report.data, (unsigned long long)report.faults,
        (unsigned long long)report.repaired);
    if (repair) {
        image_end(path);
    }
    return in_use == 1 || report.faults > 0;
}

/*
 * chitin-fs
 */
static struct fs_file *
path_open(const char *path)
{
    struct fs_file *file;

    try("not found", path, fs_path_open(&fs, path, true, &file));
    return file;
}

/* The directory of a path, and the last name in it. */
static struct fs_file *
path_parent(const char *path, const char **name)
{
    struct fs_file *directory;

    try("its directory is not found", path,
        fs_path_parent(&fs, path, &directory, name));
    return directory;
}

static void
list(const char *path)
{
    static const char kinds[] = "?-dl";
    struct fs_file *directory = path_open(path);
    struct fs_cursor cursor = {0};
    int64_t more;

    while ((more = fs_next(&fs, directory, &cursor)) == 1) {
        struct fs_file *file;
        struct fs_status s;
        char target[FS_TARGET_MAX + 1] = "";

        try("cannot be opened", cursor.name,
            fs_open(&fs, directory, cursor.name, cursor.name_bytes, &file));
        try("cannot be read", cursor.name, fs_stat(&fs, file, &s));
        if (s.kind == FS_SYMLINK) {
            (void)fs_readlink(&fs, file, target, FS_TARGET_MAX);
        }
        (void)printf("%c %04o %3u %4u %4u %12llu %s%s%s\n", kinds[s.kind],
                     s.mode, s.links, s.uid, s.gid, (unsigned long long)s.size,
                     cursor.name, s.kind == FS_SYMLINK ? " -> " : "", target);
        fs_close(&fs, file);
    }
    try("cannot be listed", path, more);
}

static void
put(const char *from, const char *path)
{
    static uint8_t piece[PIECE];
    FILE *f = fopen(from, "rb");
    const char *name;
    struct fs_file *directory = path_parent(path, &name);
    struct fs_status status = {.kind = FS_FILE};
    struct fs_file *file;
    struct stat source;
    uint64_t at = 0;
    size_t got;

    if (f == NULL || fstat(fileno(f), &source) != 0) {
        fail("cannot be opened", from, 0);
    }
    status.mode = source.st_mode & 0777;
    if (fs_open(&fs, directory, name, strlen(name), &file) == 0) {
        try("cannot be emptied", path, fs_truncate(&fs, file, 0));
        try("its mode cannot be set", path,
            fs_set(&fs, file, FS_SET_MODE, &status));
    } else {
        try("cannot be made", path,
            fs_create(&fs, directory, name, strlen(name), &status, &file));
    }
    while ((got = fread(piece, 1, sizeof(piece), f)) > 0) {
        int64_t wrote = fs_write(&fs, file, at, piece, got);

        try("cannot be written", path, wrote);
        if ((size_t)wrote < got) {
            fail("there is no room for all of it", path, 0);
        }
        at += got;
    }
    if (ferror(f) || fclose(f) != 0) {
        fail("cannot be read", from, 0);
    }
    fs_close(&fs, file);
}

static void
get(const char *path, const char *to)
{
    static uint8_t piece[PIECE];
    struct fs_file *file = path_open(path);
    FILE *f = fopen(to, "wb");
    uint64_t at = 0;
    int64_t got;

    if (f == NULL) {
        fail("cannot be opened", to, 0);
    }
    while ((got = fs_read(&fs, file, at, piece, sizeof(piece))) > 0) {
        if (fwrite(piece, 1, (size_t)got, f) != (size_t)got) {
            fail("cannot be written", to, 0);
        }
        at += (uint64_t)got;
    }
    try("cannot be read", path, got);
    if (fclose(f) != 0) {
        fail("cannot be written", to, 0);
    }
}

static void
command(int count, char **a)
{
    const struct fs_status status = {.kind = FS_DIRECTORY, .mode = 0755};
    const char *name = NULL;
    const char *other = NULL;
    struct fs_file *directory;
    struct fs_file *file;

    if (strcmp(a[0], "ls") == 0 && count <= 2) {
        list(count == 2 ? a[1] : "/");
    } else if (strcmp(a[0], "put") == 0 && count == 3) {
        put(a[1], a[2]);
    } else if (strcmp(a[0], "get") == 0 && count == 3) {
        get(a[1], a[2]);
    } else if (strcmp(a[0], "mkdir") == 0 && count == 2) {
        directory = path_parent(a[1], &name);
        try("cannot be made", a[1],
            fs_create(&fs, directory, name, strlen(name), &status, &file));
        fs_close(&fs, file);
    } else if (strcmp(a[0], "rm") == 0 && count == 2) {
        directory = path_parent(a[1], &name);
        try("cannot be removed", a[1],
            fs_unlink(&fs, directory, name, strlen(name)));
    } else if (strcmp(a[0], "mv") == 0 && count == 3) {
        directory = path_parent(a[1], &name);
        file = path_parent(a[2], &other);
        try("cannot be renamed", a[1],
            fs_rename(&fs, directory, (struct fs_text){name, strlen(name)},
                      file, (struct fs_text){other, strlen(other)}));
    } else if (strcmp(a[0], "ln") == 0 && count == 3) {
        file = path_open(a[1]);
        directory = path_parent(a[2], &name);
        try("cannot be linked", a[1],
            fs_link(&fs, file, directory, name, strlen(name)));
    } else if (strcmp(a[0], "ln") == 0 && count == 4 &&
               strcmp(a[1], "-s") == 0) {
        directory = path_parent(a[3], &name);
        try("cannot be linked", a[3],
            fs_symlink(&fs, directory, name, strlen(name), a[2], strlen(a[2])));
    } else {
        fail("no such command", a[0], 0);
    }
}

/* Lines of words, which have no blanks in them. */
static void
commands(FILE *f)
{
    char line[2 * FS_TARGET_MAX];

    while (fgets(line, sizeof(line), f) != NULL) {
        char *rest = line;
        char *word[WORDS];
        int count = 0;

        while (count < WORDS && (word[count] = strsep(&rest, " \n")) != NULL) {
            count += *word[count] != 0;
        }
        if (count > 0) {
            command(count, word);
        }
    }
}

int
main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash != NULL ? slash + 1 : argv[0];

    if (strcmp(name, "chitin-mkfs") == 0) {
        return mkfs(argc - 1, argv + 1);
    }
    if (strcmp(name, "chitin-fsck") == 0) {
        return fsck(argc - 1, argv + 1);
    }
    if (argc < 3) {
        fail("usage: chitin-fs IMAGE ls|put|get|mkdir|rm|mv|ln ...", name, 0);
    }
    image_open(argv[1], 0);
    if (image_mount(argv[1], false) == 1) {
        fail("it was in use when it was left: chitin-fsck --repair", argv[1],
             0);
    }
    if (argc == 3 && strcmp(argv[2], "-") == 0) {
        commands(stdin);
    } else {
        command(argc - 2, argv + 2);
    }
    image_end(argv[1]);
    return 0;
}
