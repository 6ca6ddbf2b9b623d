#!/usr/bin/env bash
# About: Forget all this proxy stuff and make a tunnel.
# There: dnsmasq
# Needs: wireguard-go
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# A page of myserver, which is served at its own addresses alone.
docker -H $MYSERVER run -d --network host wormhole/dnsmasq \
  sh -c 'echo the page of myserver >/index.html; exec busybox httpd -f -p 8080 -h /'

# Its overlay addresses, ours and theirs; the same ones whenever it is asked for.
./wormhole tunnel-create myserver
read -r local remote < <(./wormhole tunnel-create myserver)

# Any program reaches the other host by that address; round trip and largest packet in between.
eventually curl -sS http://$remote:8080/
./wormhole ping --tunnel myserver
./wormhole tunnel-list

# Tunnels are not deleted when wormholed is closed. To delete the tunnel:
./wormhole tunnel-delete myserver
