#!/usr/bin/env bash
# About: The services of a compose file start when somebody connects.
# Images: wordpress mysql
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# examples/compose.yaml has a web service that publishes port 8080 and needs db. As sentences:
./wormhole compose --run-dir "$WORLD" examples/compose.yaml

# The same, carried out.
./wormhole compose --run-dir "$WORLD" --apply examples/compose.yaml
test -z "$(docker ps --all --quiet)"

curl -sS http://127.0.0.1:8080/ | grep -o '<title>.*</title>'
docker ps --format 'table {{.Names}}\t{{.Image}}\t{{.Status}}'
./wormhole ls
./wormhole delete --now $(./wormhole ls --quiet)
test -z "$(docker ps --all --quiet)"
