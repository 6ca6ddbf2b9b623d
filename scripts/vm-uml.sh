#!/usr/bin/env bash
# Makes the kernel that is a program: User-Mode Linux of test/support/vm/kernel.config, built from the sources of this
# distribution's kernel. They are downloaded from the package mirror and unpacked, never installed.
#
#   node_modules/.cache/vm/uml/linux      ESP, ESP in UDP, WireGuard, xfrm interfaces, nf_tables with NAT, netem; no modules
#
# Debian's own package of the kind has neither nf_tables of IPv4 nor WireGuard nor xfrm interfaces. This one takes two minutes of
# two processors. What is there already is left alone, so that calling it again costs nothing. Called by scripts/vm-deps.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

config=$PWD/test/support/vm/kernel.config
compiler=$PWD/test/support/vm/quick-cc.sh
cache=node_modules/.cache/vm/uml
made=$cache/made-1-$(cat "$config" "$compiler" | cksum | cut -d' ' -f1) # the number changes with this script's result
[ ! -e "$made" ] || exit 0

give_up() {
  echo "test: the virtual machine of User-Mode Linux cannot be made: $1" >&2
  exit 69
}
[ "$(uname -m)" = x86_64 ] || give_up "it is made for x86_64 only, and this machine is $(uname -m)"
for program in apt-get dpkg-deb tar xz make gcc flex bison bc; do
  command -v $program >/dev/null || give_up "this machine has no $program"
done

mkdir -p $cache
exec 9>$cache/lock
flock 9 # two of us take turns
[ ! -e "$made" ] || exit 0
echo 'test: making a virtual machine out of the sources of the kernel of this distribution'
work=$(mktemp -d "$PWD/$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed() { # failed WHAT: its last words, and the reason
  tail -n 15 "$work/log" >&2
  give_up "$1"
}

# --- the sources ------------------------------------------------------------------------------------------------
scripts/vm-package.sh linux-source "$work" || give_up 'apt-get could not download linux-source'
# What only real machines have is left out; of drivers, all but what says what there is.
foreign=('*.dts' '*.dtsi' '*/sound/*.[ch]' '*/Documentation/*.*' '*/tools/testing/*' '*/tools/perf/*')
for drivers in gpu infiniband media net/ethernet net/wireless scsi staging; do foreign+=("*/drivers/$drivers/*.[ch]"); done
mkdir "$work/src"
{
  dpkg-deb --fsys-tarfile "$work"/*.deb | tar -xO --wildcards '*/linux-source-*.tar.*' >"$work/sources" &&
    tar -C "$work/src" --strip-components=1 -xf "$work/sources" "${foreign[@]/#/--exclude=}"
} >"$work/log" 2>&1 || failed 'the sources could not be unpacked'

# --- the kernel -------------------------------------------------------------------------------------------------
build() { make -s -C "$work/src" ARCH=um "CC=$compiler compile" "$@" >"$work/log" 2>&1 </dev/null; }
KCONFIG_ALLCONFIG=$config build allnoconfig || failed 'its configuration was not taken'
absent=$(grep -E '^CONFIG_' "$config" | grep -vxFf "$work/src/.config") || true
[ -z "$absent" ] || give_up "these sources have no ${absent//$'\n'/, }"
build "CC=$compiler headers" lib/ctype.o || failed 'its headers could not be compiled'
build -j"$(nproc)" linux || failed 'it could not be built'
strip -o "$work/linux" "$work/src/linux"

rm -f $cache/{linux,made-*}
mv "$work/linux" $cache/
touch "$made"
