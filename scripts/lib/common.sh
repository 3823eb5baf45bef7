# shellcheck shell=bash
# What every script of this folder shares. Sourced, never run.

RATLS_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
RATLS_CACHE="${RATLS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/ratls}"
export RATLS_ROOT RATLS_CACHE

readonly EX_USAGE=64 EX_WRONG_ARCHIVE=65 EX_UNAVAILABLE=69
export EX_USAGE EX_WRONG_ARCHIVE EX_UNAVAILABLE

# Progress goes to stderr: stdout belongs to the result.
say() { printf '%s\n' "ratls: $*" >&2; }
die() { local code="$1"; shift; printf '%s\n' "ratls: error: $*" >&2; exit "$code"; }

have() { command -v "$1" >/dev/null 2>&1; }

# The comment block at the top of a script is its help text.
usage() { sed -n '2,/^[^#]/{/^#/{s/^# \{0,1\}//;p}}' "$1"; }

jobs() { nproc 2>/dev/null || echo 2; }

# since SECONDS_AT_START -> "12 s"
since() { printf '%s s' "$((SECONDS - $1))"; }
