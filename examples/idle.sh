#!/usr/bin/env bash
# About: A database that stops when nobody has been connected for a while, and keeps its data.
# Images: mysql
set -euo pipefail
source "$(dirname "$0")/lib.sh"

./wormhole create id db url :3306 trigger docker-run wormhole/mysql idle 2s
mysql -u root -h 127.0.0.1 -e 'create table app.notes select "still here" as note'
docker ps --format 'table {{.Image}}\t{{.Status}}'

# Nobody is connected any more; two seconds later it is stopped, and ends with 0.
docker wait $(docker ps --all --quiet)
docker ps --all --format 'table {{.Image}}\t{{.Status}}'
./wormhole ls

# The next connection starts it again.
mysql -u root -h 127.0.0.1 -e 'select note from app.notes'
./wormhole delete --now db
