#!/bin/sh
# First process of the virtual machine: lays a file system in memory over this machine's own, which is mounted read-only
# by virtiofs, adds the kernel's modules, and goes on with guest.sh in it. Copied into initrd.gz by scripts/vm-qemu.sh.
#
# Told on the kernel's command line: wormhole.layer=DIRECTORY of the modules, wormhole.guest=FILE to go on with.
export PATH=/bin
for word in mount insmod poweroff mkdir switch_root; do busybox ln -s busybox /bin/$word; done
fail() {
  echo "wormhole-vm: $1"
  poweroff -f
}

mount -t devtmpfs dev /dev
mount -t proc proc /proc
while read -r module; do insmod "/modules/$module"; done </modules/order
mount -t virtiofs -o ro host /host || fail 'there is no root file system'
mount -t tmpfs -o size=75% overlay /overlay
mkdir /overlay/upper /overlay/work
mount -t overlay -o lowerdir=/host,upperdir=/overlay/upper,workdir=/overlay/work root /root || fail 'there is no overlay'
read -r line </proc/cmdline
for word in $line; do
  case $word in
  wormhole.layer=*) layer=${word#*=} ;;
  wormhole.guest=*) guest=${word#*=} ;;
  esac
done
for modules in "/host$layer"/usr/lib/modules/*; do
  into=/root/usr/lib/modules/${modules##*/}
  mkdir -p "$into"
  mount --bind "$modules" "$into"
done
mount --move /dev /root/dev
busybox umount /proc
exec switch_root /root /bin/bash "$guest"
