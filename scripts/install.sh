#!/usr/bin/env bash
# Installs a built tree under $DESTDIR$PREFIX: programs, unit, completions, manual pages, documentation, example configuration.
#
# The production packages are copied from node_modules, so that what was tested is what is installed and nothing
# is downloaded. Called by `make install`, which sets the variables.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PREFIX:?}" "${SYSCONFDIR:?}" "${SYSTEMDDIR:?}" "${NODE:?}"
dest=${DESTDIR:-}
lib=$dest$PREFIX/lib/wormhole
bin=$dest$PREFIX/bin
docs=$dest$PREFIX/share/doc/wormhole
node=$(command -v "$NODE") || { echo "install: there is no '$NODE' on PATH (under sudo: sudo make install NODE=\$(command -v node))" >&2; exit 69; }
node=$(realpath -s "$node")

[ -n "$dest" ] || [ "$(id -u)" -eq 0 ] || {
  echo "install: root is needed to install under $PREFIX (try: sudo make install), or set DESTDIR" >&2
  exit 77
}

# Into a folder beside, then exchanged: a daemon that is running keeps what it has open, and a failure half-way
# leaves the installed version as it was.
fresh=$lib.new
rm -rf "$fresh"
install -d "$fresh" "$bin" "$docs"
cp -R dist "$fresh/dist"
rm -f "$fresh/dist/.built"
cp package.json LICENSE "$fresh/"
"${NODE}" scripts/production-packages.mjs | while IFS= read -r package; do
  install -d "$fresh/$(dirname "$package")"
  cp -R "$package" "$fresh/$package"
done
# The programs run with the Node.js that they were installed with, whatever PATH a service manager or sudo has.
for program in cli daemon; do
  sed -i "1s|^#!.*|#!$node|" "$fresh/dist/$program/main.js"
  chmod 755 "$fresh/dist/$program/main.js"
done
chmod -R go=rX "$fresh"
rm -rf "$lib.old"
[ ! -e "$lib" ] || mv "$lib" "$lib.old"
mv "$fresh" "$lib"
rm -rf "$lib.old"
ln -sfn ../lib/wormhole/dist/cli/main.js "$bin/wormhole"
ln -sfn ../lib/wormhole/dist/daemon/main.js "$bin/wormholed"

fill() { # fill FROM TO: copies with the real paths in
  install -d "$(dirname "$2")"
  sed -e "s|@BINDIR@|$PREFIX/bin|g" -e "s|@SYSCONFDIR@|$SYSCONFDIR|g" -e "s|@DOCDIR@|$PREFIX/share/doc/wormhole|g" "$1" >"$2"
  chmod 644 "$2"
}
fill etc/wormholed.service "$dest$SYSTEMDDIR/systemd/system/wormholed.service"
fill etc/wormhole.sysusers.conf "$dest$SYSTEMDDIR/sysusers.d/wormhole.conf"
fill etc/wormhole.tmpfiles.conf "$dest$SYSTEMDDIR/tmpfiles.d/wormhole.conf"

install -d -m 755 "$dest$SYSCONFDIR/wormhole"
if [ -e "$dest$SYSCONFDIR/wormhole/wormholed.yaml" ]; then
  echo "install: kept $SYSCONFDIR/wormhole/wormholed.yaml"
else
  install -m 644 etc/wormholed.yaml "$dest$SYSCONFDIR/wormhole/wormholed.yaml"
fi

complete() { # complete SHELL FILE
  install -d "$(dirname "$2")"
  "$node" dist/cli/main.js completion "$1" >"$2"
  chmod 644 "$2"
}
complete bash "$dest$PREFIX/share/bash-completion/completions/wormhole"
complete zsh "$dest$PREFIX/share/zsh/site-functions/_wormhole"
complete fish "$dest$PREFIX/share/fish/vendor_completions.d/wormhole.fish"

"$node" scripts/man.mjs "$dest$PREFIX/share/man"
chmod 644 "$dest$PREFIX/share/man/man1/wormhole.1" "$dest$PREFIX/share/man/man8/wormholed.8"

cp -R README.md CHANGELOG.md SECURITY.md docs "$docs/"
chmod -R go=rX "$docs"

if [ -z "$dest" ]; then
  getent group wormhole >/dev/null || groupadd --system wormhole
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
  echo "install: done; start it with: systemctl enable --now wormholed"
  echo "install: to use it without sudo: usermod -aG wormhole USER (this makes USER equivalent to root)"
else
  echo "install: done under $dest"
fi
