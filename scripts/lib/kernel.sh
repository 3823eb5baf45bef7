# shellcheck shell=bash
# The kernel of the test that boots a guest: Debian's cloud kernel of bookworm-backports with its
# headers, unpacked into the cache and never installed. Sourced by deps, after sources.sh.

# What is unpacked, for a kernel's version (6.12.95+deb12).
kernel_packages() {
  printf '%s\n' "linux-image-$1-cloud-amd64" "linux-headers-$1-cloud-amd64" \
    "linux-headers-$1-common" "linux-kbuild-$1"
}

# Prints the folder that holds the kernel, which is fetched where the cache has none.
guest_kernel() {
  local version note
  version="$(lock kernel version)"
  note="$RATLS_CACHE/kernel-instead-of-$version"
  if [ ! -d "$RATLS_CACHE/kernel-$version" ] && [ -z "${RATLS_SOURCES:-}" ] && [ -f "$note" ]; then
    version="$(cat "$note")"
    say_other_kernel "$version"
  fi
  if [ ! -d "$RATLS_CACHE/kernel-$version" ]; then
    fetch_kernel "$version" || return
    version="$KERNEL_VERSION"
  fi
  echo "$RATLS_CACHE/kernel-$version"
}

say_other_kernel() {
  say "WARNING: Linux $(lock kernel version), which cmake/deps.lock pins, is no longer available."
  say "WARNING: using Linux $1 instead, whose signature apt verified; update cmake/deps.lock."
}

# Sets KERNEL_VERSION.
fetch_kernel() {
  local start=$SECONDS debs="$WORK/debs"
  KERNEL_VERSION="$1"
  mkdir -p "$debs"
  if kernel_from_folder "$debs"; then
    unpack_kernel "$debs"
  else
    kernel_from_debian "$debs" && unpack_kernel "$debs"
  fi || return
  say "fetched Linux $KERNEL_VERSION for a guest in emulation ($(since "$start"))."
}

# The four packages in a user's folder, each with its hash.
kernel_from_folder() {
  local package file
  [ -n "${RATLS_SOURCES:-}" ] || return 1
  while read -r package; do
    for file in "$RATLS_SOURCES/$package"_*.deb; do
      [ -f "$file" ] || return 1
      check_kernel_package "$package" "$file"
      cp "$file" "$1/" || return
    done
  done < <(kernel_packages "$KERNEL_VERSION")
}

kernel_from_debian() {
  local debs="$1" dir="$WORK/apt-kernel" suite mirror
  suite="$(lock kernel suites)"
  is_debian || { say "no Debian here, whose kernel the guest would boot."; return "$EX_UNAVAILABLE"; }
  [ "$(dpkg --print-architecture)" = amd64 ] || { say "the guest's kernel is for amd64."; return "$EX_UNAVAILABLE"; }
  mirror="$(debian_mirror)"
  # apt-get update without network is content with nothing.
  if [ -z "$mirror" ] || ! private_apt_open "$dir" "$mirror" "$suite" deb ||
    [ -z "$(find "$dir/lists" -maxdepth 1 -name '*_Packages*')" ]; then
    say "cannot read the package lists of $suite, which has the guest's kernel."
    return "$EX_UNAVAILABLE"
  fi
  if ! private_apt "$dir" apt-cache show "linux-image-$KERNEL_VERSION-cloud-amd64" >/dev/null 2>&1; then
    newest_kernel "$dir" || return
  fi
  download_kernel "$dir" "$debs"
}

# The newest of the series that the suite has whole, in place of the pinned one.
newest_kernel() {
  local dir="$1" series found
  series="$(lock kernel series)"
  found="$(private_apt "$dir" apt-cache pkgnames linux-headers- |
    sed -n "s/^linux-headers-\($series\..*\)-cloud-amd64\$/\1/p" | sort -V | tail -n 1)"
  if [ -z "$found" ]; then
    say "$(lock kernel suites) has no cloud kernel $series with headers."
    return "$EX_UNAVAILABLE"
  fi
  say_other_kernel "$found"
  echo "$found" >"$RATLS_CACHE/kernel-instead-of-$(lock kernel version)"
  KERNEL_VERSION="$found"
}

download_kernel() {
  local dir="$1" debs="$2" package
  # shellcheck disable=SC2046  # a list of package names, split on purpose
  if ! (cd "$debs" && private_apt "$dir" apt-get download $(kernel_packages "$KERNEL_VERSION")) >>"$dir/log" 2>&1; then
    tail -n 5 "$dir/log" >&2
    say "apt-get could not download Linux $KERNEL_VERSION with its headers."
    return "$EX_UNAVAILABLE"
  fi
  while read -r package; do
    check_kernel_package "$package" "$(echo "$debs/$package"_*.deb)"
  done < <(kernel_packages "$KERNEL_VERSION")
}

# The pinned version has the pinned hashes; any other one has what apt verified only.
check_kernel_package() {
  local package="$1" file="$2" wanted
  [ "$KERNEL_VERSION" = "$(lock kernel version)" ] || return 0
  wanted="$(sed -n "s/^kernel\.sha256 = \([0-9a-f]*\) $package\$/\1/p" "$LOCK")"
  [ "$(sha256 "$file")" = "$wanted" ] || wrong_archive "$file" "$wanted" "no guest is booted from it"
}

# The headers name their other halves by absolute path, and pahole is not needed for one module.
unpack_kernel() {
  local deb stage="$WORK/kernel" headers
  mkdir -p "$stage"
  for deb in "$1"/*.deb; do dpkg -x "$deb" "$stage" || return; done
  rm -rf "${stage:?}/usr/share" "${stage:?}/boot/"System.map-* "$1"
  headers="$stage/usr/src/linux-headers-$KERNEL_VERSION-cloud-amd64"
  rm -f "$headers/vmlinux"
  sed -i "s|/usr/src/|../|" "$headers/Makefile" &&
    mv "$stage" "$RATLS_CACHE/kernel-$KERNEL_VERSION"
}
