# SPDX-License-Identifier: Apache-2.0
# Sourced by the stories: running the command and checking what it says.
set -uo pipefail
hone=$1
assets=${HONE_ASSETS:-$HONE_ASSETS_DEFAULT}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HONE_CACHE_DIR=$work/cache # not the user's
failures=0

fail() {
    echo "FAILED: $*" >&2
    failures=$((failures + 1))
}

# expect STATUS WORD... : runs the command; its output is in $work/out and $work/err afterwards.
expect() {
    local wanted=$1 got
    shift
    "$hone" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    [ "$got" = "$wanted" ] || fail "hone $* ended with $got, not $wanted: $(cat "$work/err")"
}

# out PATTERN / err PATTERN : the last command's stdout or stderr holds a line that matches.
out() { grep -qE -- "$1" "$work/out" || fail "stdout lacks '$1': $(head -c 600 "$work/out")"; }
err() { grep -qE -- "$1" "$work/err" || fail "stderr lacks '$1': $(head -c 600 "$work/err")"; }
one_line_error() { [ "$(wc -l <"$work/err")" = 1 ] || fail "the error is not one line: $(cat "$work/err")"; }

# number KEY : a number of the last command's JSON.
number() { sed -nE "s/^ *\"$1\": (-?[0-9.e+-]+),?$/\1/p" "$work/out" | head -n 1; }

# holds EXPRESSION : an arithmetic comparison on numbers.
holds() { awk "BEGIN { exit !($1) }" || fail "not so: $1"; }

need_asset() {
    [ -e "$assets/$1" ] && return
    if [ "${CI:-}" = true ] && [ -d "$assets" ]; then
        echo "asset $1 is missing" >&2
        exit 1
    fi
    echo "skipped: asset $1 is not there (set HONE_ASSETS)"
    exit 77
}

finish() {
    [ $failures = 0 ] && exit 0
    echo "$failures checks failed" >&2
    exit 1
}
