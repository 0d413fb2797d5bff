#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the guests, the same bytes every time.
#
#   guests/build.sh          rebuilds every guest and rewrites SHA256SUMS
#   guests/build.sh --check  builds elsewhere and compares with what is committed
#
# Exit status: 0 done, or all the same; 1 something differs (named) or does not compile; 2 no compiler.
set -eu

guests=$(cd "$(dirname "$0")" && pwd)
cd "$guests"

LC_ALL=C
SOURCE_DATE_EPOCH=0
export LC_ALL SOURCE_DATE_EPOCH

prefix=riscv64-unknown-elf-
flags="-march=rv64imac_zicsr_zifencei -mabi=lp64 -mcmodel=medany -std=gnu11 -O2 -g0
    -ffreestanding -fno-pic -fno-common -fno-stack-protector -fno-asynchronous-unwind-tables
    -fno-tree-loop-distribute-patterns -ffile-prefix-map=$guests=. -frandom-seed=guests
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror -I runtime"
link="-nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--discard-locals
    -Wl,--fatal-warnings -T runtime/guest.ld"

check=no
case "${1-}" in
    '') ;;
    --check) check=yes ;;
    *)
        echo "usage: $0 [--check]" >&2
        exit 1
        ;;
esac

if ! command -v "${prefix}gcc" > /dev/null 2>&1
then
    echo "guests: there is no ${prefix}gcc. On Debian: apt-get install gcc-riscv64-unknown-elf" >&2
    exit 2
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/guests.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/objects/runtime" "$work/objects/tests"
mkdir -p "$work/kv" "$work/tests" "$work/benchmarks"

# Compiles one source, named relative to this directory, into the object of the same name.
compile()
{
    # shellcheck disable=SC2086
    "${prefix}gcc" $flags -c "$1" -o "$work/objects/${1%.*}.o"
}

# Links the objects or sources $2... into the guest $1.
link_guest()
{
    out=$work/$1
    shift
    # shellcheck disable=SC2086
    "${prefix}gcc" $flags $link "$@" -o "$out"
    "${prefix}strip" --strip-debug --enable-deterministic-archives "$out"
    chmod 755 "$out"
}

runtime=
for source in runtime/start.S runtime/*.c
do
    compile "$source"
    runtime="$runtime $work/objects/${source%.*}.o"
done

built=
for source in tests/*.c
do
    compile "$source"
    guest=${source%.c}.elf
    # shellcheck disable=SC2086
    link_guest "$guest" $runtime "$work/objects/${source%.c}.o"
    built="$built $guest"
done

# As most programs are compiled, with floating point; everything at once, because all objects need the same ABI.
for source in benchmarks/*.c
do
    guest=${source%.c}.elf
    link_guest "$guest" -march=rv64gc -mabi=lp64d -fno-math-errno -I tests runtime/start.S runtime/*.c "$source"
    built="$built $guest"
done

# As one program, so that what is called once stands where it is called.
# shellcheck disable=SC2086
link_guest kv/kv.elf -flto -I kv $runtime kv/*.c
built="kv/kv.elf $built"

# shellcheck disable=SC2086
(cd "$work" && sha256sum $built) > "$work/SHA256SUMS"

if [ "$check" = no ]
then
    for guest in $built
    do
        cp "$work/$guest" "$guest"
    done
    cp "$work/SHA256SUMS" SHA256SUMS
    echo "guests: built $(echo $built | wc -w) with $("${prefix}gcc" -dumpfullversion), sums in SHA256SUMS"
    exit 0
fi

differs=no
for guest in $built SHA256SUMS
do
    if ! cmp -s "$work/$guest" "$guest"
    then
        echo "guests: $guest is not what its sources give" >&2
        differs=yes
    fi
done
for guest in kv/*.elf tests/*.elf benchmarks/*.elf
do
    case " $built " in
        *" $guest "*) ;;
        *)
            echo "guests: $guest has no source" >&2
            differs=yes
            ;;
    esac
done
if [ "$differs" = yes ]
then
    echo "guests: compiled with $("${prefix}gcc" --version | head -n 1)" >&2
    echo "guests: run guests/build.sh and commit, or use the compiler that README.md names" >&2
    exit 1
fi
echo "guests: all $(echo $built | wc -w) are what their sources give"
