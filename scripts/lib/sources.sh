# shellcheck shell=bash
# Source tarballs of pinned dependencies: a user's folder, upstream, or the
# machine's Debian mirror; the hash in cmake/deps.lock decides. Sourced by deps.

LOCK="$RATLS_ROOT/cmake/deps.lock"

# lock NAME KEY -> value
lock() { sed -n "s/^$1\.$2 = //p" "$LOCK"; }

sha256() { sha256sum "$1" | cut -d' ' -f1; }

# Files in the cache are named by their hash, and only ever renamed into place.
keep_source() {
  local file="$1" hash="$2"
  # Chained by hand: errexit is off in functions that a condition calls.
  mkdir -p "$RATLS_CACHE/sources" &&
    cp "$file" "$RATLS_CACHE/sources/.$hash.$$" &&
    mv -f "$RATLS_CACHE/sources/.$hash.$$" "$RATLS_CACHE/sources/$hash"
}

# Sets SOURCE_FILE, SOURCE_HASH and SOURCE_VERSION for NAME.
obtain_source() {
  local name="$1" start=$SECONDS
  SOURCE_HASH="$(lock "$name" sha256)"
  SOURCE_VERSION="$(lock "$name" version)"
  SOURCE_FILE="$RATLS_CACHE/sources/$SOURCE_HASH"
  [ ! -f "$SOURCE_FILE" ] || return 0
  ! use_remembered_substitute "$name" || return 0
  if source_from_folder "$name" || source_from_upstream "$name" || source_from_debian "$name"; then
    say "fetched $name $SOURCE_VERSION from $SOURCE_ORIGIN ($(since "$start"))."
    return 0
  fi
  die "$EX_UNAVAILABLE" "cannot fetch $name $SOURCE_VERSION; put $(lock "$name" file) into a folder and run: scripts/deps --sources FOLDER"
}

# accept NAME FILE ORIGIN: true if the file is the pinned release.
accept() {
  local name="$1" file="$2"
  [ "$(sha256 "$file")" = "$(lock "$name" sha256)" ] || return 1
  keep_source "$file" "$SOURCE_HASH"
  SOURCE_ORIGIN="$3"
}

# An archive that is not what it says it is stops everything: nothing is built from anything else.
wrong_archive() {
  local file="$1" expected="$2" advice="$3"
  say "error: $(basename "$file") is not the archive that cmake/deps.lock pins:"
  say "  file     $file"
  say "  expected sha256 $expected"
  say "  found    sha256 $(sha256 "$file")"
  die "$EX_WRONG_ARCHIVE" "nothing was built; $advice."
}

source_from_folder() {
  local name="$1" file
  [ -n "${RATLS_SOURCES:-}" ] || return 1
  [ -d "$RATLS_SOURCES" ] || die "$EX_USAGE" "the source folder '$RATLS_SOURCES' does not exist."
  for file in "$RATLS_SOURCES"/*; do
    [ -f "$file" ] || continue
    if accept "$name" "$file" "your folder"; then return 0; fi
  done
  file="$RATLS_SOURCES/$(lock "$name" file)"
  [ ! -f "$file" ] || wrong_archive "$file" "$SOURCE_HASH" "replace the file, or take it out of that folder"
  say "no file in $RATLS_SOURCES has the hash of $(lock "$name" file); looking elsewhere."
  return 1
}

source_from_upstream() {
  local name="$1" url file="$WORK/upstream-$1"
  url="$(lock "$name" url)"
  [ -n "$url" ] || return 1
  if have curl; then
    curl -fsSL --connect-timeout 5 --max-time 120 -o "$file" "$url" 2>/dev/null || return 1
  elif have wget; then
    wget -q --tries=1 --connect-timeout=5 --read-timeout=30 -O "$file" "$url" 2>/dev/null || return 1
  else
    return 1
  fi
  accept "$name" "$file" "its upstream release" && return 0
  say "$(lock "$name" file), as upstream serves it, is not used: expected sha256 $SOURCE_HASH, found $(sha256 "$file")."
  return 1
}

# -- Debian source packages, through an apt configuration of our own ----------

is_debian() { [ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}")" = debian ] && have apt-get; }

# The machine's own mirror: the address its own sources name for this release.
debian_mirror() {
  local codename mirror
  codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")"
  # shellcheck disable=SC2016  # apt expands these
  mirror="$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk -v c="$codename" '$2 == c && $3 == "main" { print $1; exit }')"
  if [ -z "$mirror" ]; then # no package lists on this machine: read the source lists
    mirror="$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
      sed 's/#.*//' | tr -s '[:blank:]' '\n' | grep -E '^[a-z+]+:.*/debian/?$' | head -n 1)"
  fi
  printf '%s' "$mirror"
}

debian_keyring() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  if [ -f "$keyring" ]; then echo "$keyring"; else echo /etc/apt/trusted.gpg.d; fi
}

# private_apt DIR COMMAND...: apt with its own lists, cache and source list.
private_apt() {
  local dir="$1"; shift
  local tool="$1"; shift
  "$tool" -q \
    -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts="$dir/none" \
    -o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" \
    -o Acquire::Languages=none -o APT::Sandbox::User=root \
    -o APT::Update::Post-Invoke-Success::= -o APT::Get::AllowUnauthenticated=false \
    -o Acquire::AllowInsecureRepositories=false "$@"
}

# private_apt_open DIR MIRROR SUITE [deb]: its lists; of source packages where nothing else is said.
private_apt_open() {
  local dir="$1" mirror="$2" suite="$3" kind="${4:-deb-src}" keyring
  keyring="$(debian_keyring)"
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/none" "$dir/src"
  printf '%s%s %s %s main\n' "$kind" \
    "$([ -f "$keyring" ] && echo " [signed-by=$keyring]")" "$mirror" "$suite" >"$dir/sources.list"
  private_apt "$dir" apt-get update >"$dir/log" 2>&1
}

source_from_debian() {
  local name="$1" mirror suite dir
  is_debian || return 1
  mirror="$(debian_mirror)"
  [ -n "$mirror" ] || return 1
  require_packages sources
  SUBSTITUTE_FILE=""
  for suite in $(lock "$name" suites); do
    dir="$WORK/apt-$suite"
    [ -d "$dir/lists" ] || private_apt_open "$dir" "$mirror" "$suite" || continue
    if source_from_suite "$name" "$suite" "$dir"; then return 0; fi
  done
  use_substitute "$name"
}

source_from_suite() {
  local name="$1" suite="$2" dir="$3" package file
  package="$(lock "$name" debian | cut -d' ' -f1)"
  mkdir -p "$dir/src/$name"
  (cd "$dir/src/$name" && private_apt "$dir" apt-get source --download-only "$package") \
    >>"$dir/log" 2>&1 || return 1
  for file in "$dir/src/$name/"*.orig.tar.*; do
    case "$file" in *.asc) continue ;; esac
    if accept "$name" "$file" "the Debian source package $package ($suite)"; then return 0; fi
    consider_substitute "$name" "$file"
  done
  return 1
}

# -- When the pinned release has left the archive ------------------------------

version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# Remembers the newest release of the same series that apt has verified.
consider_substitute() {
  local name="$1" file="$2" version
  version="$(basename "$file" | sed -E 's/^[^_]+_(.*)\.orig\.tar.*/\1/; s/\+.*//')"
  case "$version" in "$(lock "$name" series)".*) ;; *) return 0 ;; esac
  version_at_least "$version" "$(lock "$name" minimum)" || return 0
  if [ -z "$SUBSTITUTE_FILE" ] || version_at_least "$version" "$SUBSTITUTE_VERSION"; then
    SUBSTITUTE_FILE="$file" SUBSTITUTE_VERSION="$version"
  fi
}

use_substitute() {
  local name="$1"
  [ -n "$SUBSTITUTE_FILE" ] || return 1
  SOURCE_HASH="$(sha256 "$SUBSTITUTE_FILE")"
  SOURCE_VERSION="$SUBSTITUTE_VERSION"
  SOURCE_ORIGIN="Debian, signature verified by apt"
  keep_source "$SUBSTITUTE_FILE" "$SOURCE_HASH"
  SOURCE_FILE="$RATLS_CACHE/sources/$SOURCE_HASH"
  printf '%s %s\n' "$SOURCE_VERSION" "$SOURCE_HASH" \
    >"$RATLS_CACHE/sources/instead-of-$(lock "$name" sha256)"
  say_substitute "$name"
}

use_remembered_substitute() {
  local name="$1" note
  note="$RATLS_CACHE/sources/instead-of-$(lock "$name" sha256)"
  [ -z "${RATLS_SOURCES:-}" ] && [ -f "$note" ] || return 1
  read -r SOURCE_VERSION SOURCE_HASH <"$note"
  SOURCE_FILE="$RATLS_CACHE/sources/$SOURCE_HASH"
  [ -f "$SOURCE_FILE" ] || return 1
  say_substitute "$name"
}

say_substitute() {
  say "WARNING: $1 $(lock "$1" version), which cmake/deps.lock pins, is no longer available."
  say "WARNING: using $1 $SOURCE_VERSION instead (sha256 $SOURCE_HASH); update cmake/deps.lock after a review."
}
