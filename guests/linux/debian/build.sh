#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the Debian guest from Debian's own riscv64 packages, in target/: Image, initramfs.cpio and disk.img.
#
#   guests/linux/debian/build.sh            fetches what is missing and builds what is older than its sources
#   guests/linux/debian/build.sh --update   fetches the newest packages, and builds
#
# The packages come from the Debian mirror that this machine uses, or that DEBIAN_MIRROR names. Needs no root, and
# 500 MB of disk. Exit status: 0 done; 1 something fails; 2 a tool is missing, or wrong usage.
set -eu

debian=$(cd "$(dirname "$0")" && pwd)
tiny=$debian/../tiny
target=$debian/target
packages=$target/packages
work=$target/work

umask 022
LC_ALL=C
# mke2fs and depmod are there.
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH

outputs="Image initramfs.cpio disk.img"

# Drivers of all devices that the machine can have, and the disk's file system; and what is on the disk beside them.
boot_modules="virtio_mmio virtio_blk virtio_net virtio-rng virtio_balloon vmw_vsock_virtio_transport crc32c_generic
    ext4"
disk_modules="$boot_modules overlay vsock_diag"

# Room for what a guest writes, beside the 33 MB of the packages.
disk_size=128M

# shellcheck source=guests/linux/apt.sh
. "$debian/../apt.sh"

fail()
{
    echo "debian: $*" >&2
    exit 1
}

case $#${1-} in
    0) ;;
    1--update) rm -rf "$packages" ;;
    *)
        echo "usage: $0 [--update]" >&2
        exit 2
        ;;
esac

for tool in apt-get apt-cache cpio depmod dpkg-deb gzip mke2fs modprobe readelf sha256sum xz
do
    if ! command -v "$tool" > /dev/null 2>&1
    then
        echo "debian: there is no $tool. On Debian: apt-get install binutils cpio e2fsprogs gzip kmod xz-utils" >&2
        exit 2
    fi
done

sources_sum()
{
    (cd "$debian/.." && cat apt.sh debian/build.sh debian/packages debian/initramfs/* debian/disk/* tiny/initramfs/* \
        tiny/initramfs.cpio.gz "$packages/list" | sha256sum)
}

# Fetches the packages; "list" comes last, so that it is there when they are.
fetch()
{
    echo "debian: fetching Debian's packages"
    mkdir -p "$packages"
    set_up_apt "$target/apt" || fail "apt cannot fetch the lists of packages"
    APT_CONFIG=$target/apt/apt.conf
    export APT_CONFIG
    kernel=$(apt-cache show --no-all-versions linux-image-riscv64 | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p')
    [ -n "$kernel" ] || fail "linux-image-riscv64 names no kernel"
    # shellcheck disable=SC2046
    set -- "$kernel" $(grep -v '^#' "$debian/packages")
    # Where there is no such file yet, a line each: URI, file, bytes, hash.
    (cd "$target" && apt-get -qq download --print-uris "$@") | awk '{ print $2 }' > "$target/list"
    [ "$(wc -l < "$target/list")" -eq $# ] || fail "apt does not say where the packages are"
    (cd "$packages" && apt-get -qq download "$@") || fail "apt cannot fetch the packages"
    unset APT_CONFIG
    sha256sum < "$debian/packages" > "$packages/names.sum"
    mv "$target/list" "$packages/list"
}

# Puts the modules that follow, and those that they need, into $1, unpacked and without their signatures: checking these
# takes the guest longer than the rest of its boot.
install_modules()
{
    root=$1
    shift
    for module in "$@"
    do
        modprobe -d "$work/kernel/usr" -S "$version" --show-depends "$module" || fail "the kernel has no $module"
    done > "$work/modules"
    awk '$1 == "insmod" { print $2 }' "$work/modules" | sort -u | while read -r file
    do
        name=${file#"$work/kernel/usr/"}
        name=${name%.xz}
        mkdir -p "$root/$(dirname "$name")"
        xz -dc "$file" > "$root/$name"
        strip_signature "$root/$name"
    done
    for file in builtin builtin.modinfo order
    do
        cp "$work/kernel/usr/lib/modules/$version/modules.$file" "$root/lib/modules/$version/"
    done
    depmod -b "$root" "$version"
}

# Cuts off what sign-file appended: signature, 12 bytes whose last four are its length, and a line of 28 bytes.
# Source: Linux, include/linux/module_signature.h.
strip_signature()
{
    [ "$(tail -c 28 "$1" | tr -d '\0')" = "~Module signature appended~" ] || return 0
    # shellcheck disable=SC2046
    set -- "$1" $(tail -c 32 "$1" | head -c 4 | od -An -tu1)
    truncate -s "-$((($2 << 24 | $3 << 16 | $4 << 8 | $5) + 12 + 28))" "$1"
}

# Links to busybox in $1, for the applets that follow.
link_busybox()
{
    directory=$1
    shift
    for applet in "$@"
    do
        ln -s busybox "$directory/$applet"
    done
}

# The programs find the libraries that they are linked with.
check_libraries()
{
    find "$1/usr/bin" "$1/usr/lib/riscv64-linux-gnu" -maxdepth 1 -type f | while read -r file
    do
        readelf -d "$file" 2> /dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | while read -r library
        do
            [ -e "$1/usr/lib/riscv64-linux-gnu/$library" ] || [ -e "$1/usr/lib/$library" ] ||
                fail "${file##*/} needs $library: add its package to packages"
        done
    done
}

build()
{
    rm -rf "$work"
    mkdir -p "$work/kernel" "$work/initramfs" "$work/disk" "$work/out"

    echo "debian: unpacking the kernel"
    dpkg-deb -x "$packages/$(grep ^linux-image- "$packages/list")" "$work/kernel"
    cp "$work"/kernel/boot/vmlinux-* "$work/out/Image"
    version=$(ls "$work/kernel/usr/lib/modules")
    depmod -b "$work/kernel/usr" "$version"

    echo "debian: making the disk"
    disk=$work/disk
    for directory in usr/bin usr/lib dev etc mnt proc root run/redis sys tmp var/lib/redis
    do
        mkdir -p "$disk/$directory"
    done
    ln -s usr/bin "$disk/bin"
    ln -s usr/bin "$disk/sbin"
    ln -s usr/lib "$disk/lib"
    while read -r file
    do
        case $file in
            linux-image-*) ;;
            *) dpkg-deb -x "$packages/$file" "$disk" ;;
        esac
    done < "$packages/list"
    check_libraries "$disk"
    # shellcheck disable=SC2086
    install_modules "$disk/usr" $disk_modules
    # shellcheck disable=SC2046
    link_busybox "$disk/usr/bin" $(sed -n 's,^slink /bin/\([^ ]*\) busybox .*,\1,p' "$tiny/initramfs/files") modprobe
    cp "$tiny/initramfs/init" "$tiny/initramfs/dhcp-event" "$debian/disk/kvd" "$disk/usr/bin/"
    gzip -dc "$tiny/initramfs.cpio.gz" | cpio -i --quiet --to-stdout bin/system-failure > "$disk/usr/bin/system-failure"
    chmod 755 "$disk/usr/bin/system-failure"
    cp "$tiny/initramfs/group" "$tiny/initramfs/passwd" "$debian/disk/shell-start" "$disk/etc/"
    truncate -s "$disk_size" "$work/out/disk.img"
    mke2fs -q -F -t ext4 -m 0 -E root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0 -d "$disk" \
        "$work/out/disk.img"

    echo "debian: making the initial file system"
    initramfs=$work/initramfs
    mkdir "$initramfs/bin" "$initramfs/dev" "$initramfs/disk" "$initramfs/proc" "$initramfs/sys"
    cp "$debian/initramfs/init" "$initramfs/"
    cp "$disk/usr/bin/busybox" "$disk/usr/bin/system-failure" "$initramfs/bin/"
    link_busybox "$initramfs/bin" sh modprobe mount switch_root umount
    # shellcheck disable=SC2086
    install_modules "$initramfs" $boot_modules
    (cd "$initramfs" && find . | sort | cpio -o --quiet --reproducible -H newc -R 0:0) > "$work/out/initramfs.cpio"
}

if [ ! -e "$packages/list" ] || [ "$(sha256sum < "$debian/packages")" != "$(cat "$packages/names.sum")" ]
then
    fetch
fi
if [ "$(sources_sum)" = "$(cat "$target/built" 2> /dev/null)" ] &&
    [ -e "$target/Image" ] && [ -e "$target/initramfs.cpio" ] && [ -e "$target/disk.img" ]
then
    echo "debian: everything is up to date in $target"
    exit 0
fi
build
rm -f "$target/built"
for output in $outputs
do
    mv "$work/out/$output" "$target/$output"
done
sources_sum > "$target/built"
rm -rf "$work"
echo "debian: Linux $version, in $target:"
# shellcheck disable=SC2086
(cd "$target" && stat -c '  %n, %s bytes' $outputs)
