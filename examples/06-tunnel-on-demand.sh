#!/usr/bin/env bash
# About: Create a local port that makes a tunnel, and runs a mysql at its other end, when somebody connects.
# There: mysql
# Needs: wireguard-go
set -euo pipefail
source "$(dirname "$0")/lib.sh"

./wormhole create url :3306 trigger tunnel myserver trigger docker-run wormhole/mysql

# Nothing runs there, and there is no tunnel.
test -z "$(docker -H $MYSERVER ps --all --quiet)"
./wormhole tunnel-list

# The first connection makes both, and waits for it.
mysql -u root -h 127.0.0.1 -e 'select version(), @@bind_address'
./wormhole tunnel-list
docker -H $MYSERVER ps --format 'table {{.Image}}\t{{.Status}}'

# Where the time went, over there.
./wormhole inspect $(./wormhole ls --quiet) | grep -A 1 'Cold starts'

# What the wormhole made goes with it; the tunnel stays until it is deleted.
./wormhole delete $(./wormhole ls --quiet)
eventually test -z "$(docker -H $MYSERVER ps --all --quiet)"
./wormhole tunnel-delete myserver
