# shellcheck shell=bash
# Configure and build a preset, quietly unless something is wrong. Sourced.

# configure PRESET [cmake arguments...]
configure() {
  local preset="$1" log; shift
  log="$(mktemp)"
  if ! cmake --preset "$preset" "$@" >"$log" 2> >(grep --line-buffered '^ratls:' >&2 || true); then
    cmake --preset "$preset" "$@" >&2 || true
    rm -f "$log"
    die 70 "configuring the preset '$preset' failed; the lines above say why."
  fi
  rm -f "$log"
}

# build PRESET [targets...]
build() {
  local preset="$1" start=$SECONDS target arguments=(); shift
  for target in "$@"; do arguments+=(--target "$target"); done
  say "building the preset '$preset' ..."
  cmake --build "$RATLS_ROOT/build/$preset" "${arguments[@]}" >&2 ||
    die 70 "building the preset '$preset' failed; the lines above say why."
  say "built $preset ($(since "$start"))."
}
