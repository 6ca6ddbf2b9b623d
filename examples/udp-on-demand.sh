#!/usr/bin/env bash
# About: A DNS server that starts with the first question, over UDP.
# Images: dnsmasq
set -euo pipefail
source "$(dirname "$0")/lib.sh"

./wormhole create url udp://:53 trigger docker-run wormhole/dnsmasq
test -z "$(docker ps --quiet)"

# The datagram waits until somebody listens, and is answered.
busybox nslookup fixed.test 127.0.0.1
docker ps --format 'table {{.Image}}\t{{.Status}}'
./wormhole stats
./wormhole delete --now $(./wormhole ls --quiet)
