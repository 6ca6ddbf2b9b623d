#!/usr/bin/env bash
# About: Create a local port that runs a mysql on another host when somebody connects.
# There: mysql
set -euo pipefail
source "$(dirname "$0")/lib.sh"

./wormhole create url :3306 trigger remote myserver trigger docker-run wormhole/mysql

# Nothing runs there.
test -z "$(docker -H $MYSERVER ps --all --quiet)"

# The first connection starts it, and waits for it.
mysql -u root -h 127.0.0.1 -e 'select version(), @@bind_address'
docker -H $MYSERVER ps --format 'table {{.Image}}\t{{.Status}}'

# Where the time went, over there.
./wormhole inspect $(./wormhole ls --quiet) | grep -A 1 'Cold starts'

# What the wormhole made goes with it.
./wormhole delete $(./wormhole ls --quiet)
eventually test -z "$(docker -H $MYSERVER ps --all --quiet)"
