#!/usr/bin/env bash
# Runs a command in a box: a network namespace with only a loopback interface and no route to anywhere, and a mount
# namespace with nothing of its own in /run/netns and in $TMPDIR.
#
# Both end with their last process, and with them every named namespace, mount and temporary file that was made inside:
# nothing is left behind, even by a run that was killed. $TMPDIR is on /dev/shm, because no checkout lies there.
#
# unshare, not `ip netns exec`: the latter mounts a fresh /sys, which hides the control groups from a container
# engine that is started inside.
# Usage: in-netns.sh [--user] COMMAND [ARG…]; with --user, somebody who is not root gets a user namespace instead of
# sudo, where the kernel allows it: enough for tests that stay on loopback.
set -euo pipefail

if [ "${1:-}" = --inside ]; then
  shift
  ip link set lo up
  # A user namespace may not make the first; it names no namespaces either.
  if mkdir -p /run/netns 2>/dev/null; then mount -t tmpfs -o mode=755 wormhole-test /run/netns; fi
  mount -t tmpfs -o mode=1777 wormhole-test /dev/shm
  TMPDIR=/dev/shm exec "$@"
fi

user=
if [ "${1:-}" = --user ]; then user=1 && shift; fi
if [ -n "$user" ] && [ "$(id -u)" -ne 0 ] && unshare --map-root-user --net --mount true 2>/dev/null; then
  exec unshare --map-root-user --net --mount -- "$0" --inside "$@"
fi
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "in-netns: root is needed to make a network namespace, and there is no sudo" >&2; exit 77; }
  exec sudo --preserve-env=NODE,CI,WORMHOLE_EXAMPLES,WORMHOLE_MACHINE PATH="$PATH" "$0" "$@"
fi
command -v ip >/dev/null || { echo "in-netns: the program ip is missing; install iproute2" >&2; exit 69; }
exec unshare --net --mount -- "$0" --inside "$@"
