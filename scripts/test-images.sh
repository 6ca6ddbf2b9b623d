#!/usr/bin/env bash
# Makes the container images that the tests of these projects run. Usage: test-images.sh PROJECT…
#
# What cannot be made is left out, and said to be; what is there already costs nothing.
set -uo pipefail
cd "$(dirname "$0")"

projects=" $* "
if [[ $projects = *' functional '* || $projects = *' kernel '* ]]; then
  ./build-mariadb-image.sh || echo 'test: the tests with MariaDB are left out'
  ./build-image.sh pong dnsmasq wordpress || echo 'test: the tests with these images are left out'
fi
