#!/bin/bash
# Runs every model and control and compares each verdict with the expected one.
#
# Usage: PROVERIF=/path/to/proverif docs/formal/run.sh [NAME...]
#   needs ProVerif 2.05; one core, under 1 GB, about 8 minutes for all
#
# Exit codes: 0 every verdict is as expected, 1 one differs, 2 the folder is missing
cd "$(dirname "$0")" || exit 2
PV=${PROVERIF:-proverif}; out=${OUT:-$(mktemp -d)}; bad=0; want_names=" $* "
check() { # name expected(t/f per query, in order) main libs...
  local name=$1 exp=$2 main=$3; shift 3
  [ "$want_names" != "  " ] && [[ "$want_names" != *" $name "* ]] && return
  local L="-lib lib/core.pvl"; for l in "$@"; do L="$L -lib lib/$l.pvl"; done
  local t0=$SECONDS
  timeout "${LIMIT:-900}" "$PV" $L "$main" > "$out/$name.log" 2>&1
  local got; got=$(grep '^RESULT' "$out/$name.log" | grep -v '^RESULT (' | sed 's/.* is true\.$/t/; s/.* is false\.$/f/; s/.* cannot be proved\.$/?/' | tr -d '\n')
  local verdict=ok; [ "$got" = "$exp" ] || { verdict=DIFFERS; bad=1; }
  printf '%-22s %-8s want %-10s got %-10s %4ds\n' "$name" "$verdict" "$exp" "$got" $((SECONDS-t0))
}
STD="oracle-off policy-any world"
#     name              expected   model        libraries
check client-l3         ttttttftf  client.pv    batch1 bind-l3 $STD
check client-l3-list    ttttttttf  client.pv    batch1 bind-l3 oracle-off policy-list world
check client-l0         ffttftfff  client.pv    batch1 bind-l0 $STD
check client-oracle     ffttfffff  client.pv    batch1 bind-l3 oracle-on policy-any world
check client-nospki     ttttttftf  client.pv    batch1 bind-l3-nospki $STD
check server-l2         ttttf      server.pv    batch1 sbind-l2 $STD
check server-l2-nospki  ttttf      server.pv    batch1 sbind-l2-nospki $STD
check server-l0         ffftf      server.pv    batch1 sbind-l0 $STD
check mutual            ttttf      mutual.pv    batch1 bind-l3 sbind-l2 role-on $STD
check mutual-norole     ttttf      mutual.pv    batch1 bind-l3 sbind-l2 role-off $STD
check post              ttff       post.pv      batch1 post-full sess-safe $STD
check post-norole       ffff       post.pv      batch1 post-norole sess-safe $STD
check post-nocert       ttff       post.pv      batch1 post-nocert sess-safe $STD
check post-nocert-norole ffff      post.pv      batch1 post-nocert-norole sess-safe $STD
check post-robbed       ftff       post.pv      batch1 post-full sess-leak $STD
check post-robbed-noctx ffff       post.pv      batch1 post-noctx sess-leak $STD
check identity          ttf        identity.pv  batch1 bind-l3 id-full $STD
check identity-spkionly fff        identity.pv  batch1 bind-l3 id-spki $STD
check batch             tf         batch.pv
check client-batch2     ttttttftf  client.pv    batch2 bind-l3 $STD
echo "logs in $out"; exit $bad
