#!/bin/bash
# Searches resumption.maude for every state that must not be, and for those that must.
#
# Usage: docs/formal/resumption.sh [--quick]
#   needs Maude 3 (Debian: maude); MAUDE=/path/to/maude where it is not on the path
#   --quick   the smaller budgets only: seconds; without it some minutes and 1 GB
#
# Exit codes: 0 every answer is as expected, 1 one differs, 2 Maude or the folder is missing
cd "$(dirname "$0")" || exit 2
MAUDE=${MAUDE:-maude}; bad=0
command -v "$MAUDE" >/dev/null || { echo "no '$MAUDE' here: apt-get install maude" >&2; exit 2; }

# check NAME DEFENCE-LEFT-OUT BUDGETS(full resumes sessions weather) none|found QUERY...
check() {
  local name=$1 without=$2 budgets=$3 want=$4 query got out; shift 4
  for query in "$@"; do
    out=$({ cat resumption.maude
            echo "search [1] start('$without, ${budgets// /, }) =>* G:World such that $query(G:World) = true ."
            echo quit; } | timeout "${LIMIT:-1800}" "$MAUDE" -no-banner -no-wrap 2>&1)
    case $out in
      *Warning*) got=error ;;
      *$'\nSolution 1 '*) got=found ;;
      *$'\nNo solution.'*) got=none ;;
      *) got=error ;;
    esac
    [ "$got" = "$want" ] && verdict=ok || { verdict=DIFFERS; bad=1; cut -c1-300 <<<"$out" | tail -n 5; }
    printf '%-17s %-3s %-8s want %-6s got %-6s %9s states\n' "$name" "$query" "$verdict" "$want" "$got" \
      "$(sed -n 's/^states: \([0-9]*\).*/\1/p' <<<"$out")"
  done
}
#     name              without           budgets    want   queries
check works             none              "1 2 2 3"  found  Z1 Z2
check limits            none              "2 2 2 3"  found  L1 L2
check no-finished       finished          "2 2 2 3"  found  T1
check no-same-psk       same-psk          "2 2 2 3"  found  T1
check no-mark           once              "2 2 2 3"  found  T2
check no-atomic-mark    atomic            "2 2 2 3"  found  T2
check no-judge          judge             "2 2 2 3"  found  T3 T4
check no-judge-at-end   judge-at-end      "2 2 2 3"  found  T3 T4
check no-monotonic      mono              "2 2 2 3"  found  T5
check own-lifetime      first-acceptance  "2 2 2 3"  found  T5
check no-verdict        verdict           "2 2 2 3"  found  T6
check psk-only          dhe               "2 2 2 3"  found  T7
check early-ticket      accepted-first    "2 2 2 3"  found  T8
check early-mark        mark-behind       "2 2 2 3"  found  T9
check whole-time        none              "1 2 2 3"  none   T
check whole             none              "2 2 2 2"  none   T
if [ "${1:-}" != --quick ]; then
  check whole-longer    none              "2 2 2 3"  none   T
  check whole-busier    none              "2 2 3 2"  none   T
fi
exit "$bad"
