#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the bundled guests.  build.sh: builds in place and renews SHA256SUMS.
# build.sh --check: builds elsewhere and compares with what is committed; exit status 1 names the difference.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$(readlink -f "$0")")"

cross=riscv64-unknown-elf-
if ! command -v ${cross}gcc > /dev/null
then
    echo "guests/build.sh: ${cross}gcc is missing: apt-get install gcc-riscv64-unknown-elf" >&2
    exit 2
fi

flags=(-march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -O2 -std=gnu17 -ffreestanding -fno-common
    -fno-tree-loop-distribute-patterns -nostdlib -static -Wall -Wextra -Werror -Ilib
    -Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,-T,lib/link.ld -Wl,-z,max-page-size=4096 -s)

build() # output sources...
{
    local output=$1
    shift
    mkdir -p "$(dirname "$output")"
    ${cross}gcc "${flags[@]}" -o "$output" lib/start.S lib/guest.c "$@"
}

build_all() # directory
{
    build "$1/kv/kv.elf" kv/main.c kv/vsock.c kv/resp.c kv/store.c kv/memory.c
    for source in tests/*.c
    do
        build "$1/${source%.c}.elf" "$source"
    done
}

if [[ ${1:-} == --check ]]
then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    build_all "$work"
    status=0
    sha256sum --quiet --check SHA256SUMS || status=1
    (cd "$work" && sha256sum --quiet --check "$OLDPWD/SHA256SUMS") || status=1
    [[ $status == 0 ]] && echo "guests: $(wc -l < SHA256SUMS) files are what their sources build"
    exit $status
fi

build_all .
sha256sum kv/*.elf tests/*.elf > SHA256SUMS
cat SHA256SUMS
