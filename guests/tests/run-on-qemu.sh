#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the test guests on QEMU's virt machine, where OpenSBI is the firmware, and compares what they print with
# expected/. What holds there and on our machine is the architecture, and not a habit of either.
#
#   guests/tests/run-on-qemu.sh [name ...]          all, or those named
#   guests/tests/run-on-qemu.sh --write [name ...]  writes expected/ instead; read the difference before committing it
#
# Exit status: 0 all passed; 1 one failed; 2 no QEMU.
set -u
cd "$(dirname "$0")" || exit 1

qemu=qemu-system-riscv64
seconds=60

if ! command -v $qemu > /dev/null 2>&1
then
    echo "run-on-qemu.sh: there is no $qemu. On Debian: apt-get install qemu-system-misc opensbi" >&2
    exit 2
fi

write=no
if [ "${1-}" = --write ]
then
    write=yes
    shift
fi
if [ $# = 0 ]
then
    set -- $(for guest in *.elf
    do
        echo "${guest%.elf}"
    done)
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/qemu-tests.XXXXXX")
trap 'rm -rf "$work"' EXIT

# What a guest prints, without the firmware's banner: a guest that reboots has another one each time.
without_banners()
{
    awk '
        /^OpenSBI / { banner = 1; blank = 0 }
        !banner && /^$/ { blank++; next }
        !banner { for (; blank > 0; blank--) print ""; print }
        /^Boot HART MEDELEG/ { banner = 0 }
        END { for (; blank > 0; blank--) print "" }'
}

# The console of guest $1 from the firmware's banner on; the rest of the arguments are QEMU's.
run()
{
    guest=$1
    shift
    timeout "$seconds" "$qemu" -M virt -m 64 -nographic -bios default -kernel "$guest.elf" "$@" > "$work/all" 2>&1
    status=$?
    tr -d '\r' < "$work/all" | without_banners > "$work/console"
    return $status
}

run_guest()
{
    case $1 in
        block | block_rounds | block_reboot)
            # A drive of 1 MiB with a text in sector 7.
            dd if=/dev/zero of="$work/drive" bs=1024 count=1024 2> /dev/null
            printf 'a text that was there before' | dd of="$work/drive" bs=512 seek=7 conv=notrunc 2> /dev/null
            run "$1" -global virtio-mmio.force-legacy=false \
                -drive if=none,id=drive,format=raw,discard=unmap,file="$work/drive" \
                -device virtio-blk-device,drive=drive,serial=understudy-test < /dev/null
            ;;
        entropy)
            run "$1" -global virtio-mmio.force-legacy=false -device virtio-rng-device < /dev/null
            ;;
        instret)
            # Without icount QEMU's instret is the host's clock.
            run "$1" -icount shift=0 < /dev/null
            ;;
        page_fault)
            # With one hart QEMU 7.2 splits an atomic operation into a load and a store, and reports the load's fault.
            run "$1" -smp 2 < /dev/null
            ;;
        console_echo)
            # Typed once the guest asks: the firmware throws away what came before.
            (
                sleep 2
                printf 'one line\nand another, of more words\n\nquit\n'
                sleep 1
            ) | run "$1"
            ;;
        *)
            run "$1" < /dev/null
            ;;
    esac
}

failed=0
printf '%-16s %s\n' guest result
for name in "$@"
do
    case $name in
        loop | trap_loop)
            printf '%-16s %s\n' "$name" 'not run: never ends on QEMU, on purpose'
            continue
            ;;
    esac
    run_guest "$name"
    status=$?
    if [ $write = yes ]
    then
        cp "$work/console" "expected/$name.txt"
        printf '%-16s %s\n' "$name" written
    elif [ $status = 124 ]
    then
        printf '%-16s %s\n' "$name" "FAILED: did not end in $seconds s"
        failed=1
    elif cmp -s "$work/console" "expected/$name.txt"
    then
        printf '%-16s %s\n' "$name" passed
    else
        printf '%-16s %s\n' "$name" 'FAILED: printed something else'
        diff "expected/$name.txt" "$work/console" | sed 's/^/    /'
        failed=1
    fi
done
exit $failed
