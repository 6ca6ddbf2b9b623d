#!/usr/bin/env bash
# What the virtual machine does once it has its root: mounts what a system has, runs agent.mjs, and ends with it.
#
# Nothing that happens here reaches this machine's files: everything is written to memory.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/netns /run/lock /dev/pts /dev/shm
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr
mount -t devpts -o ptmxmode=666 pts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
# A checkout in /tmp would not be seen any more; what is written there goes to memory anyway.
case $0 in /tmp/*) ;; *) mount -t tmpfs -o mode=1777 tmp /tmp ;; esac
mount -t cgroup2 cgroup /sys/fs/cgroup
hostname wormhole-vm
ip link set lo up
# Nothing asks for this one by itself: there is no udev to make its device.
modprobe -q tun
[ -e /dev/net/tun ] || { mkdir -p /dev/net && mknod -m 666 /dev/net/tun c 10 200; }
read -r line </proc/cmdline
for word in $line; do
  case $word in
  wormhole.node=*) node=${word#*=} ;;
  wormhole.port=*) port=(${word#*=}) ;;
  wormhole.letters=*) letters=${word#*=} ;;
  esac
done
if [ -n "${letters-}" ]; then
  mkdir /run/letters
  mount -t hostfs -o "$letters" letters /run/letters
  letters=/run/letters
fi
"$node" "${0%/*}/agent.mjs" "${port[0]}" ${letters-} </dev/null
echo "wormhole-vm: the agent ended ($?)"
# Without its first process a kernel stops, and this one's emulator with it.
exit
