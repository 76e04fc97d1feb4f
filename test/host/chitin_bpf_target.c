/* SPDX-License-Identifier: MIT */
#include "test/host/chitin_bpf_target.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/host/check.h"
#include "test/host/code_target.h"

#define QEMU "qemu-system-riscv64"
#define SECONDS 60 /* without an answer */
#define LINE_MAX 80

extern const uint8_t target_image[];
extern const uint8_t target_image_end[];

static bool
put(FILE *file, uint64_t address, const void *bytes, size_t size)
{
    return size == 0 ||
           (fseek(file, (long)(address - TARGET_RUNNER), SEEK_SET) == 0 &&
            fwrite(bytes, 1, size, file) == size);
}

/* Compiled code of the program, behind what it needs. The file has no name. */
static FILE *
image_make(struct code_verifier *v, const struct code_run *run)
{
    static uint32_t output[CODE_COMPILE_WORDS(CODE_INSTRUCTIONS_MAX)];
    struct target_job job = {
        .memory_size = run->memory_size,
        .stack_size = v->stack,
        .fuel = run->fuel,
        .arguments = {run->registers[1], run->registers[2]},
    };
    FILE *file = tmpfile();
    struct code_compiler c;

    code_compile_begin(&c, v, output, CODE_COMPILE_WORDS(v->count), NULL);
    CHECK_EQUAL(code_compile_step(&c, UINT32_MAX), 0);
    if (file != NULL &&
        !(put(file, TARGET_RUNNER, target_image,
              (size_t)(target_image_end - target_image)) &&
          put(file, TARGET_JOB, &job, sizeof(job)) &&
          put(file, TARGET_CODE, output, c.length * sizeof(*output)) &&
          put(file, TARGET_MEMORY, run->memory, run->memory_size) &&
          fflush(file) == 0)) {
        (void)fclose(file);
        return NULL;
    }
    return file;
}

/* In the child: QEMU, its console into the pipe. */
_Noreturn static void
machine_start(FILE *image, int console)
{
    char loader[100];

    (void)snprintf(loader, sizeof(loader),
                   "loader,file=/proc/self/fd/%d,addr=%#x,force-raw=on",
                   fileno(image), TARGET_RUNNER);
    if (freopen("/dev/null", "r", stdin) != NULL &&
        dup2(console, STDOUT_FILENO) >= 0) {
        (void)execlp(QEMU, QEMU, "-M", "virt", "-m", "64M", "-nodefaults",
                     "-display", "none", "-serial", "stdio", "-bios", "none",
                     "-device", loader, (char *)NULL);
    }
    _exit(127);
}

/* One line, until the console is closed or nothing comes any more. */
static void
line_read(int console, char *line)
{
    struct pollfd wait = {.fd = console, .events = POLLIN};
    size_t length = 0;
    ssize_t got = 1;

    while (got > 0 && length < LINE_MAX - 1 &&
           poll(&wait, 1, SECONDS * 1000) > 0) {
        got = read(console, line + length, LINE_MAX - 1 - length);
        length += got > 0 ? (size_t)got : 0;
        if (length > 0 && line[length - 1] == '\n') {
            break;
        }
    }
    line[length] = '\0';
}

static enum code_stop
answer_read(const char *line, int status, struct code_run *run,
            const char **reason)
{
    unsigned long long a;
    unsigned long long b;
    char what;

    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        *reason = QEMU " cannot be started: it is in the package"
                       " qemu-system-misc";
        return CODE_RUNNING;
    }
    /* NOLINTNEXTLINE(cert-err34-c): the runner's numbers fit */
    if (sscanf(line, "%c %llx %llx", &what, &a, &b) != 3) {
        *reason = QEMU " gave no answer";
        return CODE_RUNNING;
    }
    if (what != TARGET_RAN || a > CODE_STOP_FUEL) {
        *reason = "a trap on the target: the compiler is wrong";
        return CODE_RUNNING;
    }
    run->registers[0] = b;
    return (enum code_stop)a;
}

enum code_stop
target_run(struct code_verifier *v, struct code_run *run, const char **reason)
{
    FILE *image = image_make(v, run);
    char line[LINE_MAX];
    int console[2];
    int status = 0;
    pid_t child;

    if (image == NULL || pipe(console) != 0) {
        *reason = "no room for a temporary file, or no pipe";
        return CODE_RUNNING;
    }
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        machine_start(image, console[1]);
    }
    (void)close(console[1]);
    line_read(console[0], line);
    if (child > 0) {
        /* An answer is its last word; without one there will be none. */
        if (strchr(line, '\n') == NULL) {
            (void)kill(child, SIGKILL);
        }
        (void)waitpid(child, &status, 0);
    }
    (void)close(console[0]);
    (void)fclose(image);
    return answer_read(line, status, run, reason);
}
