#!/usr/bin/env bash
# About: Do the above over a tunnel, which the kernels of the two hosts carry.
# There: mysql
# Needs: wireguard-go
set -euo pipefail
source "$(dirname "$0")/lib.sh"

mysql=$(docker -H $MYSERVER run -d --network none wormhole/mysql)
./wormhole create url :3306 tunnel myserver trigger docker-ns $mysql
mysql -u root -h 127.0.0.1 -e 'select version(), @@bind_address'

# Of the kind that both hosts can do, IPsec first; its packets are the kernels', no wormholed touches a byte.
./wormhole tunnel-list

# Where nothing but UDP gets through between the hosts, a tunnel that is carried in UDP.
./wormhole delete $(./wormhole ls --quiet)
./wormhole tunnel-delete myserver
./wormhole create url :3306 udptunnel myserver trigger docker-ns $mysql
mysql -u root -h 127.0.0.1 -e 'select version(), @@bind_address'
./wormhole tunnel-list

# A tunnel stays until it is deleted, also when no sentence needs it any more.
./wormhole delete $(./wormhole ls --quiet)
./wormhole tunnel-delete myserver
