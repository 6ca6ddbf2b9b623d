#!/usr/bin/env bash
# The demonstration: a service that listens only inside its own namespace, reached with one sentence.
#
#   sandbox (a network namespace of its own)          namespace "db"
#   ┌───────────────────────────────────────┐   ┌──────────────────────────┐
#   │ client ──► 127.0.0.1:5432 ─ wormholed ─┼─setns─► 127.0.0.1:5432 service │
#   │               10.77.0.1 ───────────────┼─cable──► 10.77.0.2 (refused)   │
#   └───────────────────────────────────────┘   └──────────────────────────┘
#
# Everything lives in a network and a mount namespace that end with this script: own key, own socket, own state,
# own /run/netns. Nothing outside is touched; with Docker, one container without a network is started and removed.
set -euo pipefail
cd "$(dirname "$0")/.."
node=${NODE:-node}

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { printf '  \033[2m$\033[0m %s\n' "$*"; "$@" 2>&1 | sed 's/^/    /'; } # prints a command, then runs it
die() { printf 'demo: %s\n' "$1" >&2; exit "${2:-69}"; }

# --- outside: become root, then step into namespaces of our own -----------------------------------------------
if [ "${1:-}" != inside ]; then
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die 'root is needed to make network namespaces, and there is no sudo; run it as root' 77
    echo 'demo: root is needed to make network namespaces, asking sudo'
    exec sudo NODE="$(command -v "$node")" PATH="$PATH" "$0"
  fi
  if ! command -v ip >/dev/null; then
    command -v apt-get >/dev/null || die 'the program ip is missing; install iproute2'
    echo 'demo: installing iproute2 (the program ip)'
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends iproute2; } \
      >/dev/null 2>&1 </dev/null || die 'apt-get could not install iproute2; install it and try again'
  fi
  mkdir -p /run/netns
  exec unshare --net --mount -- "$0" inside
fi

# --- inside: nothing from here on is visible outside -----------------------------------------------------------
mount -t tmpfs -o size=64k sandbox /run/netns
ip link set lo up
box=$(mktemp -d "${TMPDIR:-/tmp}/wormhole-demo.XXXXXX")
pids=()
container=
cleanup() {
  trap - EXIT
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  if [ -n "$container" ]; then
    docker rm -f "$container" >/dev/null 2>&1 || true
    docker rmi -f "$container" >/dev/null 2>&1 || true
  fi
  umount -l /run/netns
  rmdir /run/netns 2>/dev/null || true # only goes when it was empty, so when nobody else uses it
  rm -rf "$box"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

wait_for() { # wait_for WHAT COMMAND…: tries for ten seconds, or until one of our processes has ended
  local what=$1 until=$((SECONDS + 10))
  shift
  while [ $SECONDS -lt $until ] && kill -0 "${pids[@]}" 2>/dev/null; do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  [ ! -s "$box/daemon.log" ] || tail -n 5 "$box/daemon.log" >&2
  die "$what did not come up"
}

# Where the docker command finds its daemon (a context, perhaps), ours must find it, too.
docker_answers=
if command -v docker >/dev/null && timeout 5 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; then
  docker_answers=1
  if [ -z "${DOCKER_HOST:-}" ]; then
    host=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)
    case $host in unix://*) export DOCKER_HOST=$host ;; esac
  fi
fi

say '1. A private wormholed: own key, own socket, own state, own network namespace'
(umask 077 && head -c 32 /dev/urandom | base64 >"$box/key.secret")
export WORMHOLE_SOCKET=$box/wormhole.sock
./wormholed --socket "$WORMHOLE_SOCKET" --state-dir "$box/state" -K "$box/key.secret" >"$box/daemon.log" 2>&1 &
pids+=($!)
wait_for wormholed ./wormhole ping
show ./wormhole ping

say '2. A namespace "db" with a service that listens on its own 127.0.0.1:5432 and nowhere else'
ip netns add db
ip -n db link set lo up
ip link add cable type veth peer name cable netns db
ip addr add 10.77.0.1/24 dev cable && ip link set cable up
ip -n db addr add 10.77.0.2/24 dev cable && ip -n db link set cable up
nsenter --net=/run/netns/db "$node" scripts/demo-service.mjs 5432 &
pids+=($!)
wait_for 'the service' nsenter --net=/run/netns/db "$node" scripts/demo-client.mjs 127.0.0.1 5432
echo '  From outside nobody gets in, not even over a cable between the two namespaces:'
show "$node" scripts/demo-client.mjs 10.77.0.2 5432 || true
show "$node" scripts/demo-client.mjs 127.0.0.1 5432 || true

say '3. One sentence'
show ./wormhole create id db url :5432 tail url db@:5432

say '4. The same connection again, and a gigabyte through it'
show "$node" scripts/demo-client.mjs 127.0.0.1 5432
show "$node" scripts/demo-client.mjs 127.0.0.1 5432 1073741824

say '5. What the daemon saw'
show ./wormhole ls
show ./wormhole stats db

say '6. And gone again'
show ./wormhole delete db
show "$node" scripts/demo-client.mjs 127.0.0.1 5432 || true

if [ -n "$docker_answers" ]; then
  say '7. Docker answers, so once more with a container that has no network at all'
  if gcc -static -O1 -o "$box/service" scripts/demo-service.c 2>/dev/null; then
    container=wormhole-demo-$$
    tar -C "$box" -c service | docker import -c 'CMD ["/service", "5432"]' - "$container" >/dev/null
    show docker run --detach --network none --name "$container" "$container"
    show ./wormhole create id shop url :5433 tail url :5432 docker-ns "$container"
    wait_for 'the container' "$node" scripts/demo-client.mjs 127.0.0.1 5433
    show "$node" scripts/demo-client.mjs 127.0.0.1 5433
    show docker restart -t 0 "$container"
    echo '  The wormhole follows the name:'
    wait_for 'the restarted container' "$node" scripts/demo-client.mjs 127.0.0.1 5433
    show "$node" scripts/demo-client.mjs 127.0.0.1 5433
    show ./wormhole ls
    show docker stop -t 0 "$container"
    show ./wormhole create id lazy url :5434 trigger url :5432 docker-ns "$container"
    echo '  Stopped, and started by the first connection:'
    show "$node" scripts/demo-client.mjs 127.0.0.1 5434
  else
    echo '  (left out: gcc cannot make a static program here)'
  fi
fi

say 'Done. The daemon, the namespaces and their files are gone; nothing else was touched.'
