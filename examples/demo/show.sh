# shellcheck shell=bash
# How the demonstration looks: colours, lines of at most 98 columns, tables. Sourced by run.

readonly COLUMNS_MOST=98
readonly TEXT_INDENT=22 CHECK_INDENT=34

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' BLUE=$'\e[36m' PLAIN=$'\e[0m'
else
  BOLD="" DIM="" RED="" GREEN="" YELLOW="" BLUE="" PLAIN=""
fi

say() { printf '%s\n' "$*"; }

title() {
  local line
  printf -v line '%*s' "$COLUMNS_MOST" ""
  printf '\n%s%s%s\n%s\n' "$BOLD" "$1" "$PLAIN" "${line// /-}"
}

# Long hex tells nobody more than its beginning.
shorten() { sed -E 's/([0-9a-f]{16})[0-9a-f]{32,}/\1.../g' <<<"$1"; }

# put COLOUR INDENT TEXT: wraps at blanks, later lines indented.
put() {
  local colour="$1" indent="$2" text="$3" part pad
  printf -v pad '%*s' "$indent" ""
  while [ "${#text}" -gt "$COLUMNS_MOST" ]; do
    part="${text:0:COLUMNS_MOST}"
    [[ "${part:indent}" == *" "* ]] && part="${part% *}"
    printf '%s%s%s\n' "$colour" "$part" "$PLAIN"
    text="${text:${#part}}"
    text="$pad${text# }"
  done
  printf '%s%s%s\n' "$colour" "$text" "$PLAIN"
}

# One line of a program. With BRIEF=1 the checks that passed stay out.
show_line() {
  local line="$1"
  [[ "$line" =~ [0-9a-f]{48} ]] && line="$(shorten "$line")"
  case "$line" in
    "  |  ok "*) [ "${BRIEF:-0}" = 1 ] || put "$DIM" "$CHECK_INDENT" "$line" ;;
    "  |  skip "*) [ "${BRIEF:-0}" = 1 ] || put "$DIM" "$CHECK_INDENT" "$line" ;;
    "  |  FAIL "* | "  | REJECTED"*) put "$RED" "$CHECK_INDENT" "$line" ;;
    "  | ACCEPTED"*) put "$GREEN" "$CHECK_INDENT" "$line" ;;
    "  | SIMULATED"*) put "$YELLOW" "$CHECK_INDENT" "$line" ;;
    "  | "*) put "$RED" "$CHECK_INDENT" "$line" ;;
    *SIMULATED:*) put "$YELLOW" "$TEXT_INDENT" "$line" ;;
    guest*) put "$BLUE" "$TEXT_INDENT" "$line" ;;
    attacker*) put "$RED" "$TEXT_INDENT" "$line" ;;
    agent*) put "$GREEN" "$TEXT_INDENT" "$line" ;;
    *) put "" "$TEXT_INDENT" "$line" ;;
  esac
}

picture() {
  cat <<'PICTURE'

  guest (SEV-SNP)                     host                     key broker
 +---------------------+      +------------------+      +----------------------+
 | image: broker's pin |      | address, network |      | policy, secret       |
 |                     |      |                  |      |                      |
 | bootstrap  ---------+------+--- TLS 1.3 ------+----->| broker's key pinned? |
 |  key + session      |      |                  |      |                      |
 |  -> firmware report |------+------------------+----->| report, chain, TCB,  |
 |                     |      | sees ciphertext  |      | session, measurement |
 | agent <- API key  <-|------+------------------+------| all right: the key   |
 +---------------------+      +------------------+      +----------------------+

PICTURE
}
