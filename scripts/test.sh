#!/usr/bin/env bash
# Runs test projects and ends with one line: N passed, N failed[, N skipped].
#
# The projects take turns, but for `kernel`, which runs beside them: that is virtual machines, and much of what the others
# do is waiting. What functional and kernel tests need is made meanwhile (scripts/test-images.sh, scripts/vm-deps.sh).
#
# Each project runs in a box without a route (scripts/in-netns.sh), so that a test can neither reach the network nor
# be answered by a gateway, and leaves nothing behind. Inside it, conformance and functional files run some at a time, each
# in a box of its own (test/support/box-pool.ts), and kernel files in virtual machines (test/support/vm). Usage: test.sh PROJECT… (of vitest.config.ts)
set -uo pipefail
cd "$(dirname "$0")/.."
node=${NODE:-node}

# Seconds a project may take before it is ended; a hang is a failure, not a wait.
declare -A limit=([unit]=400 [conformance]=400 [functional]=1200 [kernel]=2400)

reports=$(mktemp -d /tmp/wormhole-test.XXXXXX)
declare -A pids=() # of what runs, by name
declare -A began=()
results=() # PROJECT=EXIT of what has ended

stop() { # stop CODE
  trap '' INT TERM HUP # twice ^C is once
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
  wait
  exit "$1"
}
trap 'rm -rf "$reports"' EXIT
trap 'stop 130' INT
trap 'stop 143' TERM HUP

begin() { # begin NAME COMMAND…
  "${@:2}" </dev/null &
  pids[$1]=$! began[$1]=$SECONDS
}

begin_project() {
  echo "test: $1"
  # Unit tests need a loopback interface and nothing else of root's.
  # The others tell of each test as it ends, so that one that hangs can be seen.
  local user=() reporter=verbose
  [ "$1" = unit ] && user=(--user) reporter=default
  begin "$1" scripts/in-netns.sh "${user[@]}" timeout --foreground --kill-after=15 "${limit[$1]}" \
    "$node" node_modules/vitest/vitest.mjs run --project "$1" --cache=false \
    --reporter="$reporter" --reporter=json --outputFile.json="$reports/$1.json"
}

collect() { # waits until something has ended
  local name running code
  wait -n
  running=" $(jobs -rp | tr '\n' ' ')"
  for name in "${!pids[@]}"; do
    [[ $running != *" ${pids[$name]} "* ]] || continue
    wait "${pids[$name]}"
    code=$?
    [ -z "${limit[$name]:-}" ] || results+=("$name=$code")
    unset "pids[$name]"
    echo "test: $name took $((SECONDS - began[$name])) s"
  done
}

runs() { # runs NAME…: whether one of them does
  local name
  for name; do [ -z "${pids[$name]:-}" ] || return 0; done
  return 1
}

# Whether a project may begin now.
may_begin() {
  case $1 in
    kernel) ! runs images machine kernel ;;
    functional) ! runs images unit conformance functional ;;
    *) ! runs unit conformance functional ;;
  esac
}

begin images scripts/test-images.sh "$@"
[[ " $* " != *' kernel '* ]] || begin machine scripts/vm-deps.sh
waiting=("$@")
while [ ${#waiting[@]} -gt 0 ] || [ ${#pids[@]} -gt 0 ]; do
  later=()
  for project in "${waiting[@]}"; do
    if may_begin "$project"; then begin_project "$project"; else later+=("$project"); fi
  done
  waiting=("${later[@]}")
  collect
done
"$node" scripts/test-totals.mjs "$reports" "${results[@]}"
