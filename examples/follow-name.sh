#!/usr/bin/env bash
# About: A wormhole follows a container's name when the container is made anew.
# Images: mysql
set -euo pipefail
source "$(dirname "$0")/lib.sh"

docker run -d --name db --hostname first wormhole/mysql
./wormhole create url :3306 docker-ns db
eventually mysql -u root -h 127.0.0.1 -e 'select @@hostname'

# Another container, another network namespace, another address; the same name.
docker rm -f db
./wormhole ls
docker run -d --name db --hostname second wormhole/mysql
eventually mysql -u root -h 127.0.0.1 -e 'select @@hostname'
./wormhole ls
./wormhole delete $(./wormhole ls --quiet)
