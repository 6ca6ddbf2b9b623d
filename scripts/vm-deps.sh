#!/usr/bin/env bash
# Makes a virtual machine for the tests of kernel tunnels: of the first KIND that can be had here, `uml` before `qemu` unless
# said otherwise. Usage: vm-deps.sh [KIND…]
set -uo pipefail
cd "$(dirname "$0")"

[ $# -gt 0 ] || set -- ${WORMHOLE_MACHINE:-uml qemu}
for kind; do ./vm-"$kind".sh && exit; done
echo 'test: the tests of kernel tunnels run on this kernel, as far as it has what they need' >&2
exit 69
