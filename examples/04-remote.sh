#!/usr/bin/env bash
# About: Create a local port to talk to the mysql on another host.
# There: mysql
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# On myserver, where a wormholed runs that has the same key.secret: a mysql that only its own container can reach.
mysql=$(docker -H $MYSERVER run -d --network none wormhole/mysql)
./wormhole create url :3306 remote myserver tail docker-ns $mysql
eventually mysql -u root -h 127.0.0.1 -e 'select version(), @@bind_address'

# What is in between, and how far away.
./wormhole peers
./wormhole inspect $(./wormhole ls --quiet) | grep -A 6 'on myserver'

# Nothing of it is left on either side.
./wormhole delete $(./wormhole ls --quiet)
./wormhole peers
