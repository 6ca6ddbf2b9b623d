#!/usr/bin/env bash
# Makes what a virtual machine by QEMU boots: Debian's kernel for virtual machines with its modules, and a small first
# file system. Downloaded from the package mirror and unpacked, never installed.
#
#   node_modules/.cache/vm/qemu/vmlinuz      the kernel: ESP, ESP in UDP, WireGuard, xfrm interfaces, nf_tables, netem
#                               layer/       its modules, laid out as the root file system has them
#                               initrd.gz    busybox, the few modules before there is a root, test/support/vm/qemu-init.sh
#
# What is there already is left alone, so that calling it again costs nothing. Called by scripts/vm-deps.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

init=test/support/vm/qemu-init.sh
cache=node_modules/.cache/vm/qemu
made=$cache/made-1-$(cksum <$init | cut -d' ' -f1) # the number changes with this script's result
[ ! -e "$made" ] || exit 0

give_up() {
  echo "test: the virtual machine of QEMU cannot be made: $1" >&2
  exit 69
}
[ "$(uname -m)" = x86_64 ] || give_up "it is made for x86_64 only, and this machine is $(uname -m)"
scripts/test-deps.sh qemu-system-x86 cpio kmod busybox-static || give_up 'programs are missing'
for program in apt-get dpkg depmod modprobe busybox cpio qemu-system-x86_64; do
  PATH=$PATH:/sbin:/usr/sbin command -v $program >/dev/null || give_up "this machine has no $program"
done
PATH=$PATH:/sbin:/usr/sbin

mkdir -p $cache
exec 9>$cache/lock
flock 9 # two of us take turns
[ ! -e "$made" ] || exit 0
echo 'test: making a virtual machine out of the kernel of this distribution'
work=$(mktemp -d "$PWD/$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# --- the kernel and its modules ---------------------------------------------------------------------------------
scripts/vm-package.sh linux-image-cloud-amd64 "$work" || give_up 'apt-get could not download linux-image-cloud-amd64'
dpkg -x "$work"/*.deb "$work/unpacked"
release=$(ls "$work/unpacked/lib/modules")
mkdir -p "$work/layer/usr/lib/modules" "$work/first/bin" "$work/first/modules"
mv "$work/unpacked/boot/vmlinuz-$release" "$work/vmlinuz"
mv "$work/unpacked/lib/modules/$release" "$work/layer/usr/lib/modules/"
ln -s usr/lib "$work/layer/lib"
depmod -b "$work/layer" "$release"

# --- the first file system --------------------------------------------------------------------------------------
first=$work/first
mkdir -p "$first"/{dev,proc,host,overlay,root}
cp "$(command -v busybox)" "$first/bin/busybox"
cp $init "$first/init"
chmod 755 "$first/init"
ln -s busybox "$first/bin/sh"
for module in virtio_pci virtiofs overlay virtio_console; do
  modprobe -d "$work/layer" -S "$release" --show-depends $module
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
  cp "$file" "$first/modules/"
  basename "$file" >>"$first/modules/order"
done
(cd "$first" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd.gz"

rm -rf $cache/{vmlinuz,layer,initrd.gz} $cache/made-*
mv "$work"/{vmlinuz,layer,initrd.gz} $cache/
touch "$made"
