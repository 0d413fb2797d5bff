#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Tries the tiny guest on QEMU's virt machine, where OpenSBI is the firmware.
#
#   guests/linux/tiny/run-on-qemu.sh                      runs every check that this machine has the tools for
#   guests/linux/tiny/run-on-qemu.sh --shell [ARGUMENT..] a shell on this terminal, with more kernel arguments; the
#                                                         key-value service is on the host's port 16379 (TINY_PORT)
#
# Exit status: 0 all passed; 1 one failed; 2 no QEMU.
# shellcheck disable=SC2016,SC2086,SC2317
set -u
tiny=$(cd "$(dirname "$0")" && pwd)
cd "$tiny" || exit 1

qemu="qemu-system-riscv64"
port=${TINY_PORT:-16379}
seconds=60

if ! command -v $qemu > /dev/null 2>&1
then
    echo "run-on-qemu.sh: there is no $qemu. On Debian: apt-get install qemu-system-misc opensbi" >&2
    exit 2
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/tiny-qemu.XXXXXX")
running=
trap '[ -z "$running" ] || kill "$running" 2> /dev/null; rm -rf "$work"' EXIT
gzip -dc Image.gz > "$work/Image"
initramfs=$tiny/initramfs.cpio.gz

machine="-M virt -m 128 -display none -monitor none -no-reboot -global virtio-mmio.force-legacy=false"
network="-device virtio-net-device,netdev=net -netdev user,id=net,hostfwd=tcp:127.0.0.1:$port-:6379"
address="net=10.0.2.15/24,10.0.2.2"

if [ "${1-}" = --shell ]
then
    shift
    exec $qemu $machine $network -serial none -device virtio-rng-device -device virtio-serial-device \
        -device virtconsole,chardev=console -chardev stdio,id=console,signal=off -kernel "$work/Image" \
        -initrd "$initramfs" -append "console=hvc1 quiet $address understudy.shell $*"
fi

# Runs the machine with the kernel arguments $1 and the console on the firmware's; the rest are QEMU's.
run()
{
    arguments=$1
    shift
    timeout $seconds $qemu $machine -serial stdio -kernel "$work/Image" -initrd "$initramfs" -append "$arguments" \
        "$@" < "${input:-/dev/null}" > "$work/all" 2>&1
    status=$?
    tr -d '\r' < "$work/all" > "$work/console"
    return $status
}

# As run, but on a machine whose device tree has only what it needs of Understudy's: no UART, RTC, PCI, flash or CLINT, and a
# hart without Sstc and Zb*; the firmware goes on using its own tree.
run_bare()
{
    initrd_end=$((0x84000000 + $(stat -c %s "$initramfs")))
    {
        cat << END
/dts-v1/;
/ {
    #address-cells = <2>;
    #size-cells = <2>;
    compatible = "riscv-virtio";
    chosen {
        bootargs = "$1";
        linux,initrd-start = <0 0x84000000>;
        linux,initrd-end = <0 $initrd_end>;
    };
    memory@80000000 {
        device_type = "memory";
        reg = <0 0x80000000 0 0x8000000>;
    };
    reserved-memory {
        #address-cells = <2>;
        #size-cells = <2>;
        ranges;
        firmware@80000000 {
            reg = <0 0x80000000 0 0x80000>;
            no-map;
        };
    };
    cpus {
        #address-cells = <1>;
        #size-cells = <0>;
        timebase-frequency = <10000000>;
        cpu@0 {
            device_type = "cpu";
            reg = <0>;
            status = "okay";
            compatible = "riscv";
            riscv,isa = "rv64imafdc_zicntr_zicsr_zifencei";
            mmu-type = "riscv,sv39";
            interrupt-controller {
                #address-cells = <0>;
                #interrupt-cells = <1>;
                interrupt-controller;
                compatible = "riscv,cpu-intc";
                phandle = <1>;
            };
        };
    };
    soc {
        #address-cells = <2>;
        #size-cells = <2>;
        compatible = "simple-bus";
        ranges;
        plic@c000000 {
            compatible = "sifive,plic-1.0.0", "riscv,plic0";
            reg = <0 0xc000000 0 0x600000>;
            interrupt-controller;
            #interrupt-cells = <1>;
            #address-cells = <0>;
            interrupts-extended = <1 0xffffffff 1 9>;
            riscv,ndev = <96>;
            phandle = <2>;
        };
END
        for slot in 1 2 3 4 5 6 7 8
        do
            echo "virtio_mmio@1000${slot}000 {"
            echo "compatible = \"virtio,mmio\"; reg = <0 0x1000${slot}000 0 0x1000>;"
            echo "interrupt-parent = <2>; interrupts = <$slot>; };"
        done
        echo '}; };'
    } > "$work/bare.dts"
    dtc -q -O dtb -o "$work/bare.dtb" "$work/bare.dts" || return 1
    printf '.globl _start\n_start: li a1, 0x86000000\nli t0, 0x80400000\njr t0\n' > "$work/stub.S"
    riscv64-linux-gnu-gcc -nostdlib -static -Wl,-Ttext=0x80200000,--build-id=none,-n -o "$work/stub" "$work/stub.S" ||
        return 1
    timeout $seconds $qemu $machine -serial none -cpu rv64,sstc=off,zba=off,zbb=off,zbc=off,zbs=off,h=off \
        -device virtio-rng-device -device virtio-serial-device -device virtconsole,chardev=console \
        -chardev stdio,id=console -kernel "$work/stub" \
        -device loader,file="$work/Image",addr=0x80400000,force-raw=on \
        -device loader,file="$initramfs",addr=0x84000000,force-raw=on \
        -device loader,file="$work/bare.dtb",addr=0x86000000,force-raw=on < /dev/null > "$work/all" 2>&1
    status=$?
    tr -d '\r' < "$work/all" > "$work/console"
    return $status
}

# Whether the console has a line that matches.
has()
{
    grep -q -e "$1" "$work/console"
}

milliseconds()
{
    echo $(($(date +%s%N) / 1000000))
}

failed=0

# Reports the check $1, which the rest of the arguments run.
check()
{
    name=$1
    shift
    note=
    since=$(milliseconds)
    if "$@"
    then
        printf '%-12s passed  %6d ms  %s\n' "$name" $(($(milliseconds) - since)) "$note"
    else
        printf '%-12s FAILED\n' "$name"
        tail -n 20 "$work/console" | sed 's/^/    /'
        failed=1
    fi
}

skip()
{
    printf '%-12s not run: there is no %s\n' "$1" "$2"
}

# The checks.

success()
{
    run 'earlycon=sbi console=hvc0 understudy.run="uname -s -m"' && has '^Linux riscv64' && has 'reboot: Power down' &&
        ! has '\] init: '
}

failure()
{
    run 'console=hvc0 understudy.run="echo no; exit 3"' && has 'init: status 3 of: echo no; exit 3' &&
        has 'Bye' && ! has 'reboot: Power down'
}

reboot()
{
    run 'console=hvc0 quiet understudy.run="reboot -f"' && has 'reboot: Restarting system'
}

panic()
{
    run 'console=hvc0 quiet understudy.run="echo c > /proc/sysrq-trigger"' && has 'Kernel panic - not syncing'
}

# Typed once somebody listens: what comes before is lost.
type_to_shell()
{
    sleep 4
    printf 'echo typed $((6 * 7))\n'
    sleep 1
    printf 'poweroff\n'
    sleep 3
}

# No UART at all.
virtio_console()
{
    type_to_shell | timeout $seconds $qemu $machine -serial none -device virtio-serial-device \
        -device virtconsole,chardev=console -chardev stdio,id=console -kernel "$work/Image" -initrd "$initramfs" \
        -append 'console=hvc1 understudy.shell' > "$work/all" 2>&1
    tr -d '\r' < "$work/all" > "$work/console"
    has '^typed 42' && has 'reboot: Power down'
}

sbi_console()
{
    type_to_shell > "$work/pipe" &
    input=$work/pipe
    run 'console=hvc0 understudy.shell'
    input=
    has '^typed 42' && has 'reboot: Power down'
}

small_memory()
{
    run 'console=hvc0 quiet understudy.run="sleep 1; echo PING | nc -w 1 127.0.0.1 6379"' -m 32 && has '^+PONG'
}

disk()
{
    truncate -s 16M "$work/disk" && mke2fs -q -F -t ext4 "$work/disk" 2> /dev/null &&
        run 'console=hvc0 quiet understudy.run="mount /dev/vda /mnt && date > /mnt/file && umount /mnt"' \
            -drive file="$work/disk",format=raw,if=none,id=disk -device virtio-blk-device,drive=disk &&
        has 'reboot: Power down' && e2fsck -fn "$work/disk" > "$work/console" 2>&1 && has ' 12/'
}

# The key-value service from the host; how long until it answered.
service()
{
    timeout $seconds $qemu $machine $network -serial file:"$work/console" -kernel "$work/Image" -initrd "$initramfs" \
        -append "console=hvc0 $address" < /dev/null > /dev/null 2>&1 &
    running=$!
    begin=$(milliseconds)
    answer=
    while [ "$answer" != PONG ] && kill -0 "$running" 2> /dev/null
    do
        sleep 0.05
        answer=$(timeout 1 redis-cli -p "$port" ping 2> /dev/null)
    done
    note="PONG after $(($(milliseconds) - begin)) ms"
    [ "$answer" = PONG ] && [ "$(redis-cli -p "$port" set greeting hello)" = OK ] &&
        [ "$(redis-cli -p "$port" get greeting)" = hello ] &&
        redis-benchmark -p "$port" -n 2000 -c 20 -P 4 -q -t set,get,incr,mset > "$work/benchmark" 2>&1 &&
        [ "$(tr '\r' '\n' < "$work/benchmark" | grep -c 'requests per second')" = 4 ]
    result=$?
    kill "$running"
    wait "$running" 2> /dev/null
    running=
    return $result
}

# The program that looks at the guest from inside, in an archive behind the first.
add_probe()
{
    mkdir -p "$work/probe/bin" &&
        riscv64-linux-gnu-gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -s \
            -o "$work/probe/bin/probe" test/probe.c &&
        (cd "$work/probe" && echo bin/probe | cpio --quiet -o -H newc | gzip -n) > "$work/probe.gz" &&
        cat "$initramfs" "$work/probe.gz" > "$work/initramfs"
}

inside()
{
    run 'console=hvc0 quiet understudy.run="probe clock && probe vsock"' && has 'probe: the clock keeps' &&
        has 'probe: the key-value service answers over vsock' && has 'reboot: Power down'
}

# With icount an instruction takes a nanosecond, and waiting takes none.
count_instructions()
{
    run 'console=hvc0 quiet understudy.kv=off understudy.run="probe ticks"' -icount shift=0,sleep=off &&
        has 'probe: [0-9]* ticks' &&
        note="$(sed -n 's/probe: \([0-9]*\) ticks/\1/p' "$work/console" | awk '{ print int($1 / 10000) }') million \
instructions from reset to the first command"
}

bare()
{
    run_bare 'earlycon=sbi console=hvc1 understudy.run=\"cat /proc/cpuinfo; probe clock\"' &&
        has '^isa.*: rv64imafdc_' && has 'probe: the clock keeps' && has 'reboot: Power down' && ! has 'sstc'
}

mkfifo "$work/pipe"
check success success
check failure failure
check reboot reboot
check panic panic
check hvc0-shell sbi_console
check hvc1-shell virtio_console
check memory-32 small_memory
if command -v mke2fs > /dev/null 2>&1
then
    check disk disk
else
    skip disk mke2fs
fi
if command -v redis-benchmark > /dev/null 2>&1
then
    check service service
else
    skip service redis-benchmark
fi
if command -v riscv64-linux-gnu-gcc > /dev/null 2>&1 && add_probe
then
    initramfs=$work/initramfs
    check inside inside
    check instructions count_instructions
    if command -v dtc > /dev/null 2>&1
    then
        check bare bare
    else
        skip bare dtc
    fi
else
    skip inside riscv64-linux-gnu-gcc
fi
exit $failed
