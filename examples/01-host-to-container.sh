#!/usr/bin/env bash
# About: Proxy to the mysql in a local container.
# Images: mysql
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# mysql listens on the 127.0.0.1 of its container and nowhere else; no port is published.
mysql=$(docker run -d wormhole/mysql)
./wormhole create url :3306 docker-ns tail docker-ns $mysql

# Its root has no password and needs none: who gets here came through the wormhole.
eventually mysql -u root -h 127.0.0.1 -e 'select version(), @@bind_address'

# What went through.
./wormhole stats
./wormhole delete $(./wormhole ls --quiet)
