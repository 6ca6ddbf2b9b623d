#!/usr/bin/env bash
# About: Connect a local wordpress container to a local mysql container.
# Images: wordpress mysql
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# Two containers without any network: neither can reach the other, or anything else.
app=$(docker run -d --network none wormhole/wordpress)
mysql=$(docker run -d --network none wormhole/mysql)

# The app looks for its database at its own 127.0.0.1:3306. From now on, that is where it is.
./wormhole create url :3306 docker-ns $app tail docker-ns $mysql
eventually docker exec $app wget -qO- http://127.0.0.1/ | grep -o '<title>.*</title>'

# The page came out of the database, into which wordpress put it through the wormhole.
docker exec $mysql mariadb -e 'select post_title, post_status from app.wp_posts'
./wormhole ls
./wormhole delete $(./wormhole ls --quiet)
