#!/usr/bin/env bash
# About: Create a local port that makes wordpress here, and its mysql at the other end of a tunnel, when somebody connects.
# Images: wordpress
# There: mysql
# Needs: wireguard-go
set -euo pipefail
source "$(dirname "$0")/lib.sh"

./wormhole create url :80 trigger docker-run wormhole/wordpress \
           child url :3306 tunnel myserver trigger docker-run wormhole/mysql

# The first connection starts wordpress; when that looks for a database at its own 127.0.0.1:3306, mysql is started there.
curl -sS http://127.0.0.1/ | grep -o '<title>.*</title>'
./wormhole tunnel-list
docker ps --format 'table {{.Image}}\t{{.Status}}'
docker -H $MYSERVER ps --format 'table {{.Image}}\t{{.Status}}'

./wormhole delete $(./wormhole ls --quiet)
test -z "$(docker ps --all --quiet)"
./wormhole tunnel-delete myserver
