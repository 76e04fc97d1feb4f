/* SPDX-License-Identifier: MIT */
/*
 * chitin-bpf: verifies one program and interprets it, or has it run on the
 * target as it is compiled; docs/code.md. It is called
 * the way that conformance suites call their plug-ins: the memory may be absent
 * or empty, options may come in one argument or be empty, bytes may be apart.
 * Status 1 for whatever is wrong, with one line on standard error.
 */
#include <ctype.h>

#include "lib/code/code.h"
#include "test/host/check.h"
#include "test/host/chitin_bpf_target.h"

#define STACK_SIZE (CODE_DEPTH_MAX * CODE_FRAME_MAX)
#define FUEL (1ULL << 25)
#define INPUT_MAX (16U << 20)
#define MEMORY_MAX (32 << 20)

struct options {
    const char *memory;
    bool elf;
    bool debug;
    bool target;
};

static const char usage[] =
    "usage: chitin-bpf [MEMORY] [--elf] [--target] [--debug]\n"
    "\n"
    "Reads a program of RFC 9669 from standard input, as hexadecimal bytes\n"
    "(blanks and lines do not matter), verifies and runs it, and prints r0 in\n"
    "hexadecimal. r1 is the address of MEMORY, hexadecimal bytes too, r2 its\n"
    "length; both are 0 without.\n"
    "\n"
    "  --elf    the bytes are an object file of clang -target bpf\n"
    "  --target compile it to RV64, and run that in QEMU\n"
    "  --debug  the program as text on standard error, before it runs\n"
    "\n"
    "Status: 0, or 1 with the reason on standard error.\n";

#define FAIL(...)                                                              \
    ((void)fputs("chitin-bpf: ", stderr), (void)fprintf(stderr, __VA_ARGS__),  \
     (void)fputc('\n', stderr), exit(1))

static bool
word_is(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

/* One argument of options, apart by blanks. */
static void
options_read(struct options *options, const char *argument)
{
    for (const char *word = argument; *word != '\0';) {
        size_t length = strcspn(word, " \t\n");

        if (word_is(word, length, "--elf")) {
            options->elf = true;
        } else if (word_is(word, length, "--target")) {
            options->target = true;
        } else if (word_is(word, length, "--debug")) {
            options->debug = true;
        } else if (word_is(word, length, "--help")) {
            (void)fputs(usage, stdout);
            exit(0);
        } else if (length > 0) {
            FAIL("unknown option '%.*s': see chitin-bpf --help", (int)length,
                 word);
        }
        word += length;
        word += strspn(word, " \t\n");
    }
}

static void
arguments_read(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i] + strspn(argv[i], " \t\n");

        if (*argument == '-') {
            options_read(options, argument);
        } else if (i == 1) {
            options->memory = argument;
        } else if (*argument != '\0') {
            FAIL("unexpected argument '%s': the memory comes first", argument);
        }
    }
}

static int
digit_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = strchr(digits, tolower((unsigned char)c));

    return c != '\0' && found != NULL ? (int)(found - digits) : -1;
}

/* Memory of exactly that size, so that sanitizers see the end of it; zeroes.
   Given back by nobody, but remembered: a leak it is not. */
static void *
memory_take(size_t size)
{
    static void *taken[8];
    static unsigned count;
    void *memory = calloc(size + (size == 0), 1);

    if (memory == NULL) {
        FAIL("no memory is left");
    }
    CHECK(count < sizeof(taken) / sizeof(*taken));
    taken[count++] = memory;
    return memory;
}

/* The bytes of hexadecimal text. */
static uint8_t *
bytes_read(const char *text, size_t length, const char *what, size_t *size)
{
    uint8_t *bytes = memory_take(length / 2 + 1);
    uint8_t *exact;
    size_t digits = 0;

    for (size_t i = 0; i < length; i++) {
        int value = digit_value(text[i]);

        if (isspace((unsigned char)text[i])) {
            continue;
        }
        if (value < 0) {
            FAIL("%s: character %zu is no hexadecimal digit", what, i + 1);
        }
        bytes[digits / 2] =
            (uint8_t)(digits % 2 == 0 ? value << 4 : bytes[digits / 2] | value);
        digits++;
    }
    if (digits % 2 != 0) {
        FAIL("%s: the last byte has one digit", what);
    }
    *size = digits / 2;
    exact = memory_take(*size);
    memcpy(exact, bytes, *size);
    return exact;
}

static uint8_t *
input_read(size_t *size)
{
    char *text = memory_take(INPUT_MAX);
    size_t length;

    length = fread(text, 1, INPUT_MAX, stdin);
    if (ferror(stdin) || length == INPUT_MAX) {
        FAIL("the program cannot be read, or is longer than 16 MiB");
    }
    return bytes_read(text, length, "the program", size);
}

/* The program in an allocation of exactly its size. */
static struct code_instruction *
program_read(const struct options *options, uint32_t *count)
{
    struct code_instruction *program;
    struct code_error error;
    size_t size = 0;
    uint8_t *bytes = input_read(&size);
    size_t room =
        options->elf ? CODE_INSTRUCTIONS_MAX : size / sizeof(*program);
    int64_t slots = (int64_t)room;

    program = memory_take(room * sizeof(*program));
    if (options->elf) {
        slots = code_object_load(bytes, size, NULL, program, (uint32_t)room,
                                 &error);
        if (slots < 0) {
            FAIL("object file: %s", error.fault);
        }
    } else if (size % sizeof(*program) != 0) {
        FAIL("the program is %zu bytes, no multiple of 8", size);
    } else if (size != 0) {
        memcpy(program, bytes, size);
    }
    *count = (uint32_t)slots;
    return program;
}

static void
program_print(const struct code_instruction *program, uint32_t count)
{
    uint32_t slots = 1;

    for (uint32_t at = 0; at < count; at += slots) {
        char text[80];

        slots = code_disassemble(program, count, at, text, sizeof(text));
        (void)fprintf(stderr, "%5u  %s\n", at, slots != 0 ? text : "?");
        slots += slots == 0;
    }
}

static const struct code_use use = {
    .stack = STACK_SIZE,
    .arguments = {CODE_POINTER, CODE_NUMBER},
};

static void
program_verify(struct code_verifier *v, const struct code_instruction *program,
               uint32_t count)
{
    code_verify_begin(v, program, count, &use,
                      memory_take(count * sizeof(*v->notes)));
    if (code_verify_step(v, UINT32_MAX) != 0) {
        if (v->fault == CODE_FAULT_HELPER) {
            FAIL("refused at %u: helper %d is not offered", v->fault_at,
                 program[v->fault_at].immediate);
        }
        FAIL("refused at %u: %s", v->fault_at, code_fault_text(v->fault));
    }
}

/* On the target, where it is not known which instruction ended it. */
static void
program_run_target(struct code_run *run, struct code_verifier *v)
{
    const char *reason = "";

    if (run->memory_size > MEMORY_MAX) {
        FAIL("the memory is longer than %d bytes", MEMORY_MAX);
    }
    switch (target_run(v, run, &reason)) {
    case CODE_STOP_EXIT:
        printf("%llx\n", (unsigned long long)run->registers[0]);
        return;
    case CODE_STOP_ACCESS:
        FAIL("stopped: an access where it has nothing");
    case CODE_STOP_ALIGNMENT:
        FAIL("stopped: %s", code_fault_text(CODE_FAULT_ALIGNMENT));
    case CODE_STOP_FUEL:
        FAIL("stopped: out of fuel");
    default:
        FAIL("%s", reason);
    }
}

static void
program_run(struct code_run *run)
{
    switch (code_run(run, &use)) {
    case CODE_STOP_EXIT:
        printf("%llx\n", (unsigned long long)run->registers[0]);
        return;
    case CODE_STOP_ACCESS:
        FAIL("stopped at %u: an access to %#llx, where it has nothing", run->at,
             (unsigned long long)run->address);
    case CODE_STOP_ALIGNMENT:
        FAIL("stopped at %u: %s", run->at,
             code_fault_text(CODE_FAULT_ALIGNMENT));
    default:
        FAIL("stopped at %u: out of fuel, after %llu instructions", run->at,
             (unsigned long long)run->executed);
    }
}

int
main(int argc, char **argv)
{
    static uint8_t stack[STACK_SIZE];
    struct options options = {.memory = ""};
    struct code_run run = {.memory_address = CODE_MEMORY_ADDRESS,
                           .stack = stack,
                           .stack_size = sizeof(stack),
                           .stack_address = CODE_STACK_END - STACK_SIZE,
                           .fuel = FUEL};
    struct code_instruction *program;
    struct code_verifier v;
    uint32_t count = 0;
    size_t size = 0;

    arguments_read(&options, argc, argv);
    run.memory =
        bytes_read(options.memory, strlen(options.memory), "the memory", &size);
    run.memory_size = size;
    run.program = program = program_read(&options, &count);
    if (options.debug) {
        program_print(program, count);
    }
    program_verify(&v, program, count);
    run.notes = v.notes;
    run.registers[1] = size == 0 ? 0 : CODE_MEMORY_ADDRESS;
    run.registers[2] = size;
    if (options.target) {
        program_run_target(&run, &v);
    } else {
        program_run(&run);
    }
    return 0;
}
