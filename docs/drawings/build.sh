#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the drawings of docs/ from their text. Wants Graphviz (Debian: graphviz).
set -euo pipefail
cd -- "$(dirname -- "$0")"
for source in *.dot
do
    dot -Tsvg -o "${source%.dot}.svg" "$source"
done
