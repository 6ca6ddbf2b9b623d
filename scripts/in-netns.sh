#!/usr/bin/env bash
# Runs a command in a network namespace of its own: only a loopback interface, no route to anywhere.
#
# unshare, not `ip netns exec`: the latter mounts a fresh /sys, which hides the control groups from a container
# engine that is started inside. The namespace ends with its last process.
# Usage: in-netns.sh [--user] COMMAND [ARG…]; with --user, somebody who is not root gets a user namespace instead of
# sudo, where the kernel allows it: enough for tests that stay on loopback.
set -euo pipefail

user=
if [ "${1:-}" = --user ]; then user=1 && shift; fi
if [ -n "$user" ] && [ "$(id -u)" -ne 0 ] && unshare --map-root-user --net true 2>/dev/null; then
  exec unshare --map-root-user --net -- sh -c 'ip link set lo up && exec "$@"' in-netns "$@"
fi
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "in-netns: root is needed to make a network namespace, and there is no sudo" >&2; exit 77; }
  exec sudo --preserve-env=NODE,CI PATH="$PATH" "$0" "$@"
fi
command -v ip >/dev/null || { echo "in-netns: the program ip is missing; install iproute2" >&2; exit 69; }
exec unshare --net -- sh -c 'ip link set lo up && exec "$@"' in-netns "$@"
