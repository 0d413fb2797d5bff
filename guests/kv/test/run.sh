#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the parts of the key-value guest that know no device for the host, with the sanitizers, and runs their tests.
# Exit status: 0 all passed; 1 one failed; 2 no compiler.
set -eu
cd "$(dirname "$0")/.."

if ! command -v gcc > /dev/null 2>&1
then
    echo "run.sh: there is no gcc. On Debian: apt-get install gcc libc6-dev" >&2
    exit 2
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/kv-tests.XXXXXX")
trap 'rm -rf "$work"' EXIT

flags="-std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Wshadow -Werror -fno-omit-frame-pointer
    -fsanitize=address,undefined -fno-sanitize-recover=all -I . -I ../runtime"
data="memory.c store.c test/world.c"
protocol="$data output.c pattern.c session.c command.c"

# Compiles and runs the test $1 with the sources that follow.
run()
{
    name=$1
    shift
    # shellcheck disable=SC2086
    gcc $flags -o "$work/$name" "test/$name.c" "$@"
    "$work/$name"
}

# shellcheck disable=SC2086
run memory_test $data
# shellcheck disable=SC2086
run store_test $data
# shellcheck disable=SC2086
run session_test $protocol
# shellcheck disable=SC2086
[ ! -f test/vsock_test.c ] || run vsock_test $protocol vsock.c
