#!/usr/bin/env bash
# Installs with apt-get what the tests need and is not there yet. The list stands here and nowhere else.
# Usage: test-deps.sh [PACKAGE…]; with packages, only those of the list.
#
# Where there is Go, the modules of test/support/quic-go are fetched as well, at the versions and sums of its go.sum; Go
# itself is not installed, for the packaged ones are often too old.
#
# The packages of container images are not in it: scripts/build-mariadb-image.sh and scripts/build-image.sh download and
# unpack them without installing anything.
set -euo pipefail

# package:file that proves it is there; a program installed another way, or elsewhere, counts, too
needed=(
  docker.io:/usr/sbin/dockerd
  podman:/usr/bin/podman
  docker-registry:/usr/bin/docker-registry
  iptables:/usr/sbin/iptables
  nftables:/usr/sbin/nft
  iproute2:/sbin/ip
  iputils-ping:/bin/ping
  wireguard-go:/usr/bin/wireguard-go
  wireguard-tools:/usr/bin/wg
  busybox-static:/bin/busybox
  socat:/usr/bin/socat
  curl:/usr/bin/curl
  openssl:/usr/bin/openssl
  procps:/bin/ps
  python3:/usr/bin/python3
  gcc:/usr/bin/gcc
  libc6-dev:/usr/include/stdio.h
  make:/usr/bin/make
  tar:/bin/tar
  ca-certificates:/etc/ssl/certs/ca-certificates.crt
  tcpdump:/usr/bin/tcpdump
  flex:/usr/bin/flex
  bison:/usr/bin/bison
  bc:/usr/bin/bc
  xz-utils:/usr/bin/xz
)
# The same, for those that are named only: of a machine by QEMU, which is wanted where there can be no other.
only_named=(
  qemu-system-x86:/usr/bin/qemu-system-x86_64
  cpio:/usr/bin/cpio
  kmod:/sbin/depmod
)

PATH=$PATH:/usr/sbin:/sbin
only=" $* "
wanted() { [ "$only" = '  ' ] || [[ $only = *" $1 "* ]]; }
missing=()
[ "$only" = '  ' ] || needed+=("${only_named[@]}")
for entry in "${needed[@]}"; do
  package=${entry%%:*} file=${entry#*:}
  ! wanted "$package" || [ -e "$file" ] || [ -e "/usr$file" ] || command -v "${file##*/}" >/dev/null || missing+=("$package")
done
# A busybox that is not static cannot be the whole of a container image.
if wanted busybox-static && [ -e /bin/busybox ] && ldd /bin/busybox >/dev/null 2>&1; then missing+=(busybox-static); fi
# Newer distributions have Docker's command in a package of its own, which the engine only recommends.
if wanted docker.io && command -v dockerd >/dev/null && ! command -v docker >/dev/null; then missing+=(docker-cli); fi
if [ "$only" = '  ' ] && command -v go >/dev/null; then
  said=$(cd "$(dirname "$0")/../test/support/quic-go" && go mod download 2>&1) || echo "test: the tests with quic-go are left out: ${said%%$'\n'*}"
fi
[ ${#missing[@]} -gt 0 ] || exit 0

echo "test: installing ${missing[*]}"
give_up() {
  echo "test: $1" >&2
  echo "test: missing: ${missing[*]}" >&2
  echo "test: install them with: apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 69
}
command -v apt-get >/dev/null || give_up 'this machine has no apt-get; install what these Debian packages hold another way'
root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || give_up 'only root can install packages, and there is no sudo'
  root=(sudo)
fi
# The engine is wanted as a program only: the tests start their own, in namespaces of their own. This keeps the
# package's start-up script from starting one for the whole machine.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee $policy >/dev/null
  "${root[@]}" chmod 755 $policy
  made_policy=1
fi
cleanup() { [ -z "$made_policy" ] || "${root[@]}" rm -f $policy; }
trap cleanup EXIT

apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" </dev/null; }
# Never at the cost of what is installed: another Docker, say.
add() { apt install -y --no-install-recommends --no-remove "$@"; }
add_all() {
  apt update && add "${missing[@]}" || return
  ! wanted docker.io || command -v docker >/dev/null || ! apt-cache show docker-cli >/dev/null || add docker-cli
}
log=$(mktemp)
if ! add_all >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  rm -f "$log"
  give_up 'apt-get failed, its last words are above'
fi
rm -f "$log"
