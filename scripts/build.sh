#!/usr/bin/env bash
# Compiles src/ into dist/ and leaves ./wormhole and ./wormholed runnable.
#
# dist/ is written over, never emptied: a daemon that runs from it loads some of its parts when they are first
# needed. What no source stands behind any more is removed afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p dist .cache
exec 9>.cache/build.lock
flock 9 # two builds of one tree take turns

echo "build: src -> dist"
# shellcheck disable=SC2086 # flags are words
node_modules/.bin/tsc -p tsconfig.build.json ${TSCFLAGS:-}

# What is not TypeScript (JSON schemas, templates) is data that the code reads from beside itself.
(cd src && find . -type f ! -name '*.ts' -exec cp --parents -t ../dist {} +)

# The compiler's declarations of the API's shapes name typebox, which nobody has who installs the package.
"${NODE:-node}" scripts/plain-types.mjs src/spec/schemas.json dist/spec/api.d.ts

packed=$("${NODE:-node}" scripts/pack.mjs)

while IFS= read -r file; do
  [[ $'\n'$packed$'\n' != *$'\n'$file$'\n'* ]] || continue
  source=src/${file#dist/}
  [ -e "$source" ] && continue
  case $source in
    *.d.ts) source=${source%.d.ts}.ts ;;
    *.d.ts.map) source=${source%.d.ts.map}.ts ;;
    *.js) source=${source%.js}.ts ;;
    *.js.map) source=${source%.js.map}.ts ;;
  esac
  [ -e "$source" ] || rm -f "$file"
done < <(find dist -type f ! -path dist/.built)
find dist -mindepth 1 -type d -empty -delete

link() { # link NAME SCRIPT: a program at the root of the tree
  [ -e "$2" ] || { echo "build: there is no $2 to make ./$1 of" >&2; exit 70; }
  chmod +x "$2"
  ln -sfn "$2" "$1"
}
link wormhole dist/cli/main.js
link wormholed dist/daemon/main.js
touch dist/.built
