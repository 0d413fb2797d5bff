#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts the faults of src/test/mutants into the pair, one at a time, and says after how many schedules the simulator finds
# each of them. Nothing of the working tree is changed: the sources are patched and compiled in a directory of their own.
#
#   simulation/mutants.sh [NAME...]      all of them, or those that are named
#   SCHEDULES=1000                       the most that are tried
#
# Needs what ./understudy has built, JAVA_HOME or a JDK 25 under /usr/lib/jvm, and patch.

set -u

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly root
readonly mutants=$root/simulation/src/test/mutants
readonly libraries=$root/hypervisor/target/understudy.jar:$root/hypervisor/target/lib/*
java=${JAVA_HOME:-$(echo /usr/lib/jvm/*25* | cut -d' ' -f1)}/bin
readonly java
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

if [[ ! -r $root/hypervisor/target/understudy.jar ]]
then
    echo "mutants.sh: there is no $root/hypervisor/target/understudy.jar: call ./understudy --version first" >&2
    exit 2
fi
if (($# == 0))
then
    set -- "$mutants"/*.patch
fi
found=0
for mutant in "$@"
do
    name=$(basename -- "$mutant" .patch)
    rm -rf "${work:?}"/*
    mkdir "$work/classes"
    (cd "$root" && cp -r --parents node/src/main/java failover-monitor/src/main/java "$work")
    if ! patch --silent --directory="$work" --strip=1 < "$mutants/$name.patch" ||
        ! "$java/javac" -nowarn -proc:none -d "$work/classes" -cp "$libraries" \
            $(find "$work/node" "$work/failover-monitor" -name '*.java') 2> "$work/javac.log"
    then
        echo "mutants.sh: $name does not fit the sources any more" >&2
        cat "$work/javac.log" >&2
        exit 2
    fi
    said=$("$java/java" --sun-misc-unsafe-memory-access=allow --add-exports java.base/jdk.internal.misc=ALL-UNNAMED \
        -Dunderstudy.home="$root" -cp "$work/classes:$libraries" dev.understudy.hypervisor.cli.Understudy \
        simulate --seed 1 --schedules "${SCHEDULES:-1000}" 2>&1)
    status=$?
    if schedule=$(grep -m1 -o 'schedule [0-9,]* of .*' <<< "$said")
    then
        echo "$name: $schedule"
        found=$((found + 1))
    elif ((status == 0))
    then
        echo "$name: not found"
    else
        echo "mutants.sh: $name does not run: $(tail -n1 <<< "$said")" >&2
        exit 2
    fi
done
echo "found $found of $#"
