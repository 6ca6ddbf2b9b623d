#!/usr/bin/env bash
# Installs node_modules from the lock file and proves that the native part loads.
# Usage: install-deps.sh NODE NPM STAMP; STAMP becomes a copy of the lock file that was installed.
set -euo pipefail
cd "$(dirname "$0")/.."
node=$1 npm=$2 stamp=$3

command -v "$node" >/dev/null || { echo "wormhole: '$node' is not installed; Node.js 20.19 or newer is needed" >&2; exit 69; }
command -v "$npm" >/dev/null || { echo "wormhole: '$npm' is not installed; it comes with Node.js or as Debian's package npm" >&2; exit 69; }
"$node" -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) process.exit(0);
  console.error(`wormhole: Node.js ${process.versions.node} is too old; 20.19 or newer is needed`);
  process.exit(69);'

echo "deps: npm ci"
"$npm" ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
"$node" -e 'require("koffi")' || {
  echo "wormhole: koffi has no prebuilt binary for $(uname -sm); Linux on x64 or arm64 with glibc is supported" >&2
  exit 69
}
cp package-lock.json "$stamp"
