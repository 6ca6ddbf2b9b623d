#!/usr/bin/env bash
# About: A tunnel between containers of two hosts that share no key, by a token.
# Images: dnsmasq
# There: dnsmasq
# Strangers: each host has a key of its own
# Needs: wireguard-go
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# No registry is asked here; elsewhere: docker pull busybox
docker tag wormhole/dnsmasq busybox
docker -H $MYSERVER tag wormhole/dnsmasq busybox

# On myserver: a container that serves a page, and a token for one host that is to reach it.
./wormhole --socket $WORLD/there/wormhole.sock wg-up --endpoint myserver --demo >$WORLD/token &
eventually test -s $WORLD/token

# Here: a container with the other end of the tunnel. The server saw it as it is: nobody translates its address.
./wormhole wg-join --demo $WORLD/token >$WORLD/page &
eventually grep hello $WORLD/page
read -r local remote <$WORLD/page
docker exec $(docker ps --quiet) busybox wget -qO- http://$remote/ | grep "you are $local"
./wormhole tunnel-list

# One of the two ends, and with it everything at both ends: containers, tunnel, interfaces.
kill %2
wait
test -z "$(docker ps --all --quiet)$(docker -H $MYSERVER ps --all --quiet)"
./wormhole tunnel-list
./wormhole peers
