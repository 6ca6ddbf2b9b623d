#!/usr/bin/env bash
# About: Docker's command line here, its engine on another machine.
# There: dnsmasq
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# The engine of myserver listens on its own loopback only; a wormholed there lets in who has the key.
./wormhole forward -t myserver -K $WORLD/key.secret -c 10001:127.0.0.1:2375 &
export DOCKER_HOST=tcp://127.0.0.1:10001
eventually docker ps

docker run --rm wormhole/dnsmasq sh -c 'echo Hello from Docker!'
echo 'echo a terminal; exit' | script -qec 'docker run --rm -it wormhole/dnsmasq sh' /dev/null
printf 'FROM wormhole/dnsmasq\nRUN echo built elsewhere >/note\n' | DOCKER_BUILDKIT=0 docker build -q -t note -
docker run --rm note cat /note
docker run -d --name talker wormhole/dnsmasq sh -c 'for n in 1 2 3; do echo line $n; sleep 0.1; done'
docker logs -f talker

# One more service: a container in a network of its own, reached by its name.
docker network create our-network
docker run -d --net our-network --name whoami wormhole/dnsmasq \
  sh -c 'echo I am whoami >/index.html; exec busybox httpd -f -p 80 -h /'
./wormhole forward -t myserver -K $WORLD/key.secret -c 8080:container/whoami:80 &
eventually curl -s http://localhost:8080/

docker rm -f whoami talker
docker rmi note
docker network rm our-network
kill %2 %1
wait
