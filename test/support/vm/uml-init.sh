#!/bin/sh
# First process of a machine of User-Mode Linux: lays a file system in memory over this machine's own, which is its root and
# mounted read-only, and goes on in it with guest.sh.
#
# Told on the kernel's command line: wormhole.guest=FILE to go on with, wormhole.port=FILE that is the port.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
set -e
mount -t proc proc /proc
read -r line </proc/cmdline
for word in $line; do
  case $word in
  wormhole.guest=*) guest=${word#*=} ;;
  wormhole.port=*) port=${word#*=} ;;
  esac
done
umount /proc
mount -t tmpfs -o size=75%,mode=755 overlay /run
mkdir /run/upper /run/work /run/root
mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work root /run/root
cd /run/root
mount -t devtmpfs dev dev
# Of the whole system, not only of what comes after: programs that enter a namespace of mounts begin at its root.
pivot_root . .
umount -l .
# Lines as they come, for as long as somebody has it open.
exec 3<>"$port"
stty raw -echo <&3
exec /bin/bash "$guest"
