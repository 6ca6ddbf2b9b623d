#!/usr/bin/env bash
# About: Ports of another machine here, and one of ours there, without a daemon here.
# There: dnsmasq
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# On myserver, where a wormholed runs: a service whose port is published nowhere.
docker -H $MYSERVER run -d --name towel wormhole/dnsmasq \
  sh -c 'while :; do echo A long time ago | nc -l -p 23; done'

# Here, nothing but this program and the key. Its own port 8080 leads there.
./wormhole forward -t myserver -K $WORLD/key.secret -c 8080:container/towel:23 &
eventually busybox nc 127.0.0.1 8080
kill %1 && wait %1

# And back: a port of myserver leads to a service here, which nobody there could reach.
mkdir $WORLD/www && echo from over here >$WORLD/www/index.html
busybox httpd -f -p 127.0.0.1:3000 -h $WORLD/www &
./wormhole forward -t myserver -K $WORLD/key.secret -R 9090:3000 &
eventually docker -H $MYSERVER run --rm --network host wormhole/dnsmasq \
  wget -q -O - http://127.0.0.1:9090/
kill %2
wait %2 && echo ended with $?
kill %1
