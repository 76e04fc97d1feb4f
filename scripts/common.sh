# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: MIT
# What the scripts share: messages, packages, space, builds and boards.
# Sourced, never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SELF=scripts/${0##*/}
# Debian keeps sgdisk and mkfs.vfat where a plain user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin
# Presets that build the kernel, and those that build for this machine.
CROSS_PRESETS=(virt virt-debug virt-clang)
HOST_PRESETS=(host host-clang)

say() {
    printf '%s: %s\n' "$SELF" "$*" >&2
}

# die STATUS MESSAGE...: status 2 means a wrong command line, 1 the rest.
die() {
    local status=$1
    shift
    printf '%s: error: %s\n' "$SELF" "$*" >&2
    exit "$status"
}

# need_value OPTION VALUE: an option that wants a value has one.
need_value() {
    [[ $2 ]] || die 2 "$1 wants a value: see $SELF --help"
}

# number TEXT LOW HIGH: is TEXT a decimal number in this range?
number() {
    [[ $1 =~ ^[0-9]{1,9}$ ]] && ((10#$1 >= $2 && 10#$1 <= $3))
}

# Package, the command that shows it is there (or -), and what it is for.
RUN_PACKAGES='
qemu-system-misc qemu-system-riscv64 the machine to boot
opensbi - firmware of the boards other than virt
gcc-riscv64-unknown-elf riscv64-unknown-elf-gcc the cross compiler
binutils-riscv64-unknown-elf riscv64-unknown-elf-addr2line the cross linker, and names for addresses
picolibc-riscv64-unknown-elf - the C library of programs
device-tree-compiler dtc device trees
cmake cmake the build
ninja-build ninja the build
python3 python3 reading the console
gcc gcc the tools that fill a disk, and tests
libc6-dev - the same
'
TEST_PACKAGES="$RUN_PACKAGES"'
libfdt-dev - the device tree reader that ours is compared with
clang clang the second compiler, and fuzzing
libclang-rt-dev - the sanitizers and the fuzzer of clang
lld ld.lld the linker of clang
clang-format clang-format lint
clang-tidy clang-tidy lint
cppcheck cppcheck lint
shellcheck shellcheck lint
u-boot-qemu - booting the way a board does
gdisk sgdisk disk images for U-Boot
dosfstools mkfs.vfat disk images for U-Boot
mtools mcopy disk images for U-Boot
gdb-multiarch gdb-multiarch the debugger commands
patch patch mutants
'

# space_need FOLDER MEGABYTES WHAT
space_need() {
    local free
    free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
    ((free >= $2)) || die 1 "only $free MB free in $1, $3 needs $2: make room there"
}

# packages_need TABLE: install from the distribution what is missing of it.
packages_need() {
    local name command why installed='' missing=() listing='' names=()
    while read -r name command why; do
        [[ $name ]] && names+=("$name")
    done <<<"$1"
    if command -v dpkg-query >/dev/null; then
        # Its status says no more than that one of them is unknown.
        # shellcheck disable=SC2016 # the format is dpkg's, not the shell's
        installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' \
            "${names[@]}" 2>/dev/null) || true
    fi
    while read -r name command why; do
        [[ $name && $'\n'$installed$'\n' != *$'\n'"installed $name"$'\n'* ]] || continue
        if command -v apt-get >/dev/null; then
            missing+=("$name")
            listing+=$(printf '  %-30s %s' "$name" "$why")$'\n'
        elif [[ $command != - ]] && ! command -v "$command" >/dev/null; then
            missing+=("$command")
        fi
    done <<<"$1"
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null ||
        die 1 "not found: ${missing[*]}: install them by your system's means (there is no apt-get here)"
    packages_install "$listing" "${missing[@]}"
}

packages_install() {
    local listing=$1 as_root=() log
    shift
    if (($(id -u) != 0)); then
        command -v sudo >/dev/null ||
            die 1 "neither root nor sudo: have an administrator run: apt-get install --no-install-recommends $*"
        [[ -t 0 ]] || sudo -n true 2>/dev/null ||
            die 1 "sudo wants a password and there is no terminal: have an administrator run: apt-get install --no-install-recommends $*"
        as_root=(sudo)
    fi
    space_need /usr 3000 "installing packages"
    build_folder_need "$ROOT/build"
    log=$ROOT/build/apt.log
    say "installing from the distribution (takes minutes; log in build/apt.log):"
    printf '%s' "$listing" >&2
    # An update that fails in part may still leave enough to install from.
    "${as_root[@]}" apt-get update >"$log" 2>&1 || true
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends \
        -o DPkg::Lock::Timeout=120 "$@" 2>&1 | tee -a "$log" |
        sed -un 's/^\(Get:\|Setting up \)/  &/p' >&2 ||
        die 1 "apt-get could not install: check the network and the package sources, then run $SELF again (details: build/apt.log)"
}

build_folder_need() {
    { mkdir -p "$1" && [[ -w $1 ]]; } 2>/dev/null ||
        die 1 "cannot write $1: give it to this user, or remove it"
}

# configure_preset PRESET / build_preset PRESET: into build/PRESET.
configure_preset() {
    local dir=$ROOT/build/$1
    build_folder_need "$dir"
    # CMake follows its own files by itself, but not the presets.
    if [[ ! -e $dir/build.ninja || $ROOT/CMakePresets.json -nt $dir/.configured ]]; then
        say "configuring $1"
        (cd "$ROOT" && cmake --preset "$1") >"$dir/build.log" 2>&1 || build_failed "$1"
        touch "$dir/.configured"
    fi
}

build_preset() {
    local dir=$ROOT/build/$1 lock
    build_folder_need "$dir"
    space_need "$dir" 300 "the build"
    # Two builds of one folder at once would spoil each other.
    exec {lock}>"$dir/.lock"
    flock "$lock"
    configure_preset "$1"
    say "building $1"
    (cd "$ROOT" && cmake --build --preset "$1") >"$dir/build.log" 2>&1 || build_failed "$1"
    exec {lock}>&-
}

build_failed() {
    tail -n 40 "$ROOT/build/$1/build.log" >&2
    die 1 "building $1 failed: see above for why (whole log: build/$1/build.log)"
}

# board_load NAME: read platform/NAME/board.conf into board_* variables.
board_load() {
    local conf=$ROOT/platform/$1/board.conf known
    known=$(cd "$ROOT/platform" && echo */board.conf)
    [[ $1 =~ ^[a-z0-9-]+$ && -f $conf ]] ||
        die 2 "unknown board '$1': there are ${known//\/board.conf/}"
    # shellcheck source-path=SCRIPTDIR source=../platform/qemu-virt/board.conf
    . "$conf"
    [[ -z $board_unrunnable ]] || die 2 "cannot run $1: $board_unrunnable"
}
