#!/usr/bin/env bash
# Removes what install.sh put there. Configuration, key, state and the group stay: they are the administrator's.
set -euo pipefail
: "${PREFIX:?}" "${SYSTEMDDIR:?}"
dest=${DESTDIR:-}

[ -n "$dest" ] || [ "$(id -u)" -eq 0 ] || { echo "uninstall: root is needed (try: sudo make uninstall)" >&2; exit 77; }
if [ -z "$dest" ] && [ -d /run/systemd/system ]; then systemctl disable --now wormholed 2>/dev/null || true; fi

rm -rf "$dest$PREFIX/lib/wormhole" "$dest$PREFIX/share/doc/wormhole"
rm -f "$dest$PREFIX/bin/wormhole" "$dest$PREFIX/bin/wormholed" \
  "$dest$SYSTEMDDIR/systemd/system/wormholed.service" \
  "$dest$SYSTEMDDIR/sysusers.d/wormhole.conf" "$dest$SYSTEMDDIR/tmpfiles.d/wormhole.conf" \
  "$dest$PREFIX/share/bash-completion/completions/wormhole" \
  "$dest$PREFIX/share/zsh/site-functions/_wormhole" \
  "$dest$PREFIX/share/fish/vendor_completions.d/wormhole.fish" \
  "$dest$PREFIX/share/man/man1/wormhole.1" "$dest$PREFIX/share/man/man8/wormholed.8"

if [ -z "$dest" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
echo "uninstall: done; kept /etc/wormhole, /var/lib/wormhole and the group wormhole"
