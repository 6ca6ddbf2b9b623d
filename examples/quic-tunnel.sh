#!/usr/bin/env bash
# About: A tunnel from the inside out, over QUIC: the agent dials, and clients of the server reach what it reaches.
# Images:
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# A network with a web server on its own localhost, where nobody can dial into.
ip netns add private
ip link add outside type veth peer name inside netns private
ip addr add 192.0.2.1/30 dev outside && ip link set outside up
ip -n private addr add 192.0.2.2/30 dev inside && ip -n private link set inside up && ip -n private link set lo up
mkdir "$WORLD/www" && echo 'the page inside' >"$WORLD/www/index.html"
ip netns exec private busybox httpd -f -p 127.0.0.1:80 -h "$WORLD/www" &

# Outside is the server: clients come by TCP, agents by QUIC. Both ends show certificates.
./wormhole certs "$WORLD/certs"
certs=$WORLD/certs as_agent="--ca-file $WORLD/certs/ca.crt --cert-file $WORLD/certs/client.crt --cert-key $WORLD/certs/client.key"
./wormhole quic-server --cert-file $certs/tls.crt --cert-key $certs/tls.key --client-ca-file $certs/ca.crt &

# Inside is the agent. It dials out and serves HTTP CONNECT: the client says where it wants to go.
ip netns exec private ./wormhole quic-agent --server 192.0.2.1:8888 $as_agent &
eventually curl -fsS -p --proxy localhost:10443 http://127.0.0.1/index.html
kill $! && wait $!

# Or it leads every client to one place; then no client has to know of it.
ip netns exec private ./wormhole quic-agent --server 192.0.2.1:8888 $as_agent --upstream 127.0.0.1:80 &
eventually curl -fsS http://localhost:10443/index.html
kill $(jobs -p) && wait
