#!/usr/bin/env bash
# About: Create a local port that makes wordpress and mysql when somebody connects.
# Images: wordpress mysql
set -euo pipefail
source "$(dirname "$0")/lib.sh"

./wormhole create url :80 trigger docker-run wormhole/wordpress \
           child url :3306 trigger docker-run wormhole/mysql

# Nothing runs.
./wormhole ls
test -z "$(docker ps --all --quiet)"

# The first connection starts wordpress; when that looks for a database at its own 127.0.0.1:3306, mysql is started.
curl -sS http://127.0.0.1/ | grep -o '<title>.*</title>'
docker ps --format 'table {{.Image}}\t{{.Status}}'
test "$(docker ps --quiet | wc -l)" -eq 2

# Where the time went, for each of them. Wordpress answered when it had installed itself into the empty database.
./wormhole inspect $(./wormhole ls --quiet) | grep -A 2 'Cold starts'

# The next one finds everything running.
curl -sS -o /dev/null -w '%{http_code} after %{time_total} s\n' http://127.0.0.1/

# What the wormhole made goes with it.
./wormhole delete $(./wormhole ls --quiet)
test -z "$(docker ps --all --quiet)"
