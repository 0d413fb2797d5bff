#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the tiny Linux guest, the same bytes every time: Image.gz from Debian's kernel source and kernel.config,
# initramfs.cpio.gz from Debian's busybox, our init and our key-value service.
#
#   guests/linux/tiny/build.sh [--work DIR]          builds, and rewrites SHA256SUMS
#   guests/linux/tiny/build.sh [--work DIR] --check  builds elsewhere and compares with what is committed
#
# --work DIR keeps what was fetched and built, for the next time. The packages of `packages` come from the Debian mirror
# that this machine uses, or that DEBIAN_MIRROR names, unless they are in DIR/packages already.
# Needs 2 GB of disk. Exit status: 0 done, or all the same; 1 something differs or fails; 2 a tool is missing.
set -eu

tiny=$(cd "$(dirname "$0")" && pwd)
guests=$(cd "$tiny/../.." && pwd)

umask 022
LC_ALL=C
SOURCE_DATE_EPOCH=0
export LC_ALL SOURCE_DATE_EPOCH

cross=riscv64-linux-gnu-
tools="${cross}gcc gcc make flex bison bc cpio gzip xz dpkg-deb apt-get sha256sum"
outputs="Image.gz initramfs.cpio.gz"

usage()
{
    echo "usage: $0 [--work DIR] [--check]" >&2
    exit 1
}

fail()
{
    echo "tiny: $*" >&2
    exit 1
}

check=no
work=
while [ $# -gt 0 ]
do
    case $1 in
        --check) check=yes ;;
        --work)
            [ $# -gt 1 ] || usage
            mkdir -p "$2"
            work=$(cd "$2" && pwd)
            shift
            ;;
        *) usage ;;
    esac
    shift
done

for tool in $tools
do
    if ! command -v "$tool" > /dev/null 2>&1
    then
        echo "tiny: there is no $tool. On Debian: apt-get install gcc-riscv64-linux-gnu libc6-dev-riscv64-cross" \
            "gcc libc6-dev make flex bison bc cpio xz-utils" >&2
        exit 2
    fi
done

if [ -z "$work" ]
then
    work=$(mktemp -d "${TMPDIR:-/tmp}/tiny.XXXXXX")
    trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work/packages" "$work/initramfs" "$work/out"

# shellcheck source=guests/linux/apt.sh
. "$tiny/../apt.sh"

# Sees to it that the package with the checksum $4 is there.
fetch()
{
    file=$work/packages/$1_$(echo "$2" | sed 's/:/%3a/')_$3.deb
    if ! echo "$4  $file" | sha256sum --check --status 2> /dev/null
    then
        echo "tiny: fetching $1 $2"
        [ -e "$work/apt/apt.conf" ] || set_up_apt "$work/apt" || fail "apt cannot fetch $1"
        (cd "$work/packages" && APT_CONFIG=$work/apt/apt.conf apt-get -qq download "$1=$2") ||
            fail "the mirror does not have $1 $2 any more; snapshot.debian.org has it: put it in DIR/packages and" \
                "call again with --work DIR"
        echo "$4  $file" | sha256sum --check --status || fail "$file is not the package that 'packages' names"
    fi
}

while read -r name version architecture sum
do
    case $name in
        '#'*) continue ;;
    esac
    fetch "$name" "$version" "$architecture" "$sum"
done < "$tiny/packages"

# The kernel.
source=$work/linux-source-6.12
if [ ! -e "$source/.unpacked" ]
then
    echo "tiny: unpacking"
    dpkg-deb --fsys-tarfile "$work"/packages/linux-source-6.12_*.deb |
        tar -xO ./usr/src/linux-source-6.12.tar.xz | xz -dc | tar -x -C "$work"
    touch "$source/.unpacked"
fi

kernel_make()
{
    make -C "$source" O="$work/kernel" ARCH=riscv CROSS_COMPILE="$cross" KBUILD_BUILD_USER=understudy \
        KBUILD_BUILD_HOST=tiny KBUILD_BUILD_VERSION=1 KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' "$@"
}

echo "tiny: building the kernel"
kernel_make -s KCONFIG_ALLCONFIG="$tiny/kernel.config" allnoconfig > /dev/null
missing=no
while read -r line
do
    case $line in
        '# CONFIG_'*' is not set')
            option=${line#\# }
            if grep -q "^${option%% *}=" "$work/kernel/.config"
            then
                echo "tiny: kernel.config says '$line', but the kernel has it" >&2
                missing=yes
            fi
            ;;
        CONFIG_*)
            if ! grep -qxF "$line" "$work/kernel/.config"
            then
                echo "tiny: kernel.config says '$line', but the kernel does not have that" >&2
                missing=yes
            fi
            ;;
    esac
done < "$tiny/kernel.config"
[ $missing = no ] || exit 1
kernel_make -s -j "${JOBS:-$(nproc)}" Image.gz > "$work/kernel.log" 2>&1 || {
    tail -n 20 "$work/kernel.log" >&2
    fail "the kernel does not build"
}
cp "$work/kernel/arch/riscv/boot/Image.gz" "$work/out/Image.gz"

# The initial file system.
echo "tiny: building the initial file system"
flags="-std=gnu11 -D_GNU_SOURCE -O2 -g0 -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror"
link="-static -s -Wl,--gc-sections -Wl,--build-id=none"
shared="memory.c store.c output.c pattern.c session.c command.c"
sources=
for name in $shared
do
    sources="$sources $guests/kv/$name"
done
# shellcheck disable=SC2086
"${cross}gcc" $flags $link -I "$guests/kv" -I "$guests/runtime" -o "$work/initramfs/kvd" $sources "$tiny"/kvd/*.c
# shellcheck disable=SC2086
"${cross}gcc" $flags $link -Os -nostdlib -isystem "$source/tools/include/nolibc" \
    -o "$work/initramfs/system-failure" "$tiny/initramfs/system-failure.c"
dpkg-deb --fsys-tarfile "$work"/packages/busybox-static_*.deb |
    tar -xO ./usr/bin/busybox > "$work/initramfs/busybox"
sed "s,@BUILT@,$work/initramfs,; s,@SOURCE@,$tiny/initramfs," "$tiny/initramfs/files" > "$work/initramfs/files"
gcc -O1 -o "$work/initramfs/gen_init_cpio" "$source/usr/gen_init_cpio.c"
"$work/initramfs/gen_init_cpio" -t 0 "$work/initramfs/files" > "$work/initramfs/cpio"
gzip -n -9 < "$work/initramfs/cpio" > "$work/out/initramfs.cpio.gz"

# shellcheck disable=SC2086
(cd "$work/out" && sha256sum $outputs > SHA256SUMS)

if [ $check = no ]
then
    for output in $outputs SHA256SUMS
    do
        cp "$work/out/$output" "$tiny/$output"
    done
    echo "tiny: built with $("${cross}gcc" -dumpfullversion):"
    # shellcheck disable=SC2086
    (cd "$tiny" && stat -c '  %n, %s bytes' $outputs)
    exit 0
fi

differs=no
for output in $outputs SHA256SUMS
do
    if ! cmp -s "$work/out/$output" "$tiny/$output"
    then
        echo "tiny: $output is not what its sources give" >&2
        differs=yes
    fi
done
if [ $differs = yes ]
then
    echo "tiny: compiled with $("${cross}gcc" --version | head -n 1)" >&2
    echo "tiny: run build.sh and commit, or use the tools that README.md names" >&2
    exit 1
fi
echo "tiny: all are what their sources give"
