# SPDX-License-Identifier: Apache-2.0
# Shared by the checks of this folder: `problem` notes one, `finish` ends with the verdict.
set -euo pipefail
problems=0

problem() {
    echo "  $*"
    problems=$((problems + 1))
}

skip() {
    echo "skipped: $*"
    if [ "${CI:-}" = true ]; then
        echo "but CI=true: this must not be skipped here"
        exit 1
    fi
    exit 77
}

finish() {
    if [ "$problems" -gt 0 ]; then
        echo "$problems problem(s): $*"
        exit 1
    fi
    echo "fine: $*"
}

# The files of the project that match the patterns, whether or not this is a git checkout.
project_files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files -- "$@"
    else
        local names=() pattern
        for pattern in "$@"; do names+=(-o -path "./$pattern"); done
        find . -path ./build -prune -o -type f \( "${names[@]:1}" \) -print | sed 's|^\./||'
    fi
}
