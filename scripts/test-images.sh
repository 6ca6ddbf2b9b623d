#!/usr/bin/env bash
# Makes what the tests of these projects run: container images, a virtual machine. Usage: test-images.sh PROJECT…
#
# What cannot be made is left out, and said to be; what is there already costs nothing.
set -uo pipefail
cd "$(dirname "$0")"

projects=" $* "
if [[ $projects = *' functional '* || $projects = *' kernel '* ]]; then
  ./build-mariadb-image.sh || echo 'test: the tests with MariaDB are left out'
  ./build-image.sh pong dnsmasq wordpress || echo 'test: the tests with these images are left out'
fi
if [[ $projects = *' kernel '* ]]; then
  ./vm-deps.sh || echo 'test: the tests of kernel tunnels run on this kernel, as far as it has what they need'
fi
