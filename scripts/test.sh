#!/usr/bin/env bash
# Runs test projects one after another and ends with one line: N passed, N failed[, N skipped].
#
# Each project runs in a box without a route (scripts/in-netns.sh), so that a test can neither reach the network nor
# be answered by a gateway, and leaves nothing behind. Inside it, conformance and functional files run two at a time, each
# in a box of its own (test/support/box-pool.ts), and kernel files in one virtual machine (test/support/vm). Usage: test.sh PROJECT… (of vitest.config.ts)
set -uo pipefail
cd "$(dirname "$0")/.."
node=${NODE:-node}

# Seconds a project may take before it is ended; a hang is a failure, not a wait.
declare -A limit=([unit]=300 [conformance]=240 [functional]=1200 [kernel]=1500)

reports=$(mktemp -d /tmp/wormhole-test.XXXXXX)
trap 'rm -rf "$reports"' EXIT

arguments=()
for project in "$@"; do
  echo "test: $project"
  # Unit tests need a loopback interface and nothing else of root's.
  # The others tell of each test as it ends, so that one that hangs can be seen.
  user=() reporter=verbose
  [ "$project" = unit ] && user=(--user) reporter=default
  # The runner is a child of timeout, in the foreground, so that ^C reaches it.
  scripts/in-netns.sh "${user[@]}" timeout --foreground --kill-after=15 "${limit[$project]}" \
    "$node" node_modules/vitest/vitest.mjs run --project "$project" --cache=false \
    --reporter="$reporter" --reporter=json --outputFile.json="$reports/$project.json" </dev/null
  arguments+=("$project=$?")
done
"$node" scripts/test-totals.mjs "$reports" "${arguments[@]}"
