#!/usr/bin/env bash
# Downloads from the package mirror, without installing it, what a package stands for that holds nothing but a dependency on
# the newest one: linux-source-6.1 for linux-source. Called by scripts/vm-uml.sh and scripts/vm-qemu.sh.
# Usage: vm-package.sh PACKAGE DIRECTORY
set -euo pipefail

cd "$2"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
fetch() {
  local newest
  newest=$(apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-[a-z]*-[0-9][^ ]*\)$/\1/p' | head -n 1)
  [ -n "$newest" ] && apt-get download -qq -o APT::Sandbox::User=root "$newest"
}
if ! fetch "$1" >"$log" 2>&1 </dev/null; then
  # The lists may be missing or old.
  root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  { "${root[@]}" apt-get -qq update && fetch "$1"; } >"$log" 2>&1 </dev/null || {
    tail -n 15 "$log" >&2
    exit 69
  }
fi
