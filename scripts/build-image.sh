#!/usr/bin/env bash
# Makes images for the tests out of the distribution's packages; no registry, nothing installed.
#
#   scripts/build-image.sh NAME…    pong dnsmasq wordpress
#   → node_modules/.cache/images/NAME.tar, a root file system for docker import (test/support/images.ts)
#
# Packages are downloaded and unpacked, never installed. An image is made again only when what it is made by has changed:
# this script and the files scripts/image-NAME.*. With OFFLINE=1 nothing is downloaded: what would have to be is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=$PWD/node_modules/.cache/images
libraries=usr/lib/$(uname -m)-linux-gnu

give_up() {
  echo "test: the image $name cannot be made: $1" >&2
  exit 69
}

# --- parts ------------------------------------------------------------------------------------------------------
# Both take package names and leave .deb files; the lists of apt may be missing or old, then they are updated.
download() { # with the packages that they need and this machine lacks
  apt_get install -y --no-install-recommends --reinstall --download-only "$@" ||
    { apt_get update && apt_get install -y --no-install-recommends --reinstall --download-only "$@"; } ||
    failed
}
download_alone() { # without any other
  (cd "$work/debs" && { apt_get download "$@" || { apt_get update && apt_get download "$@"; }; }) || failed
}
apt_get() {
  [ "${OFFLINE:-}" != 1 ] || give_up "its packages have to be downloaded first, where there is a network: scripts/build-image.sh $name"
  apt-get -qq -o Dir::Cache::archives="$work/debs" -o APT::Sandbox::User=root "$@" >>"$work/log" 2>&1 </dev/null
}
failed() {
  tail -n 5 "$work/log" >&2
  give_up 'apt-get could not download its packages'
}
depended() { # the package of this pattern that another depends on or recommends; nothing when there is none
  { apt-cache depends "$1" 2>/dev/null || true; } | sed -n "s/.*\(Depends\|Recommends\): \($2\)\$/\2/p" | head -n 1
}
unpack() {
  local package
  for package in "$work"/debs/*.deb; do dpkg -x "$package" "$from"; done
}
base() { # a root file system with a shell
  mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,run,usr/bin,usr/sbin,usr/share,"$libraries"}
  chmod 1777 "$root/tmp"
  cp /bin/busybox "$root/bin/"
  local applet
  for applet in sh sleep cat nc ip ls rm mkdir ln wget; do ln -s busybox "$root/bin/$applet"; done
  printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  printf '/%s\n' "$libraries" >"$root/etc/ld.so.conf"
}
with_libraries() { # programs and modules below $root get the libraries that they want
  LD_LIBRARY_PATH=$from/$libraries:$from/lib/$(uname -m)-linux-gnu ldd "$@" | grep -v ':$' | grep -oE '/[^ ]+\.so[^ ]*' | sort -u |
    while read -r library; do
      case $library in
        */ld-linux*) mkdir -p "$root${library%/*}" && cp -L "$library" "$root$library" ;;
        *) cp -L "$library" "$root/$libraries/" ;;
      esac
    done
  ldconfig -r "$root"
}
serve_with() { # the image's command
  printf '#!/bin/sh\n%s\n' "$1" >"$root/bin/serve"
  chmod 755 "$root/bin/serve"
}

# --- images -----------------------------------------------------------------------------------------------------
make_pong() { # one static program
  command -v gcc >/dev/null || give_up 'this machine has no gcc'
  mkdir -p "$root/bin"
  gcc -O2 -Wall -Wextra -Werror -static -o "$root/bin/serve" scripts/image-pong.c >"$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; give_up 'its program does not compile (apt-get install gcc libc6-dev)'; }
}

make_dnsmasq() { # answers fixed.test over UDP and TCP, on port 53 or $PORT
  download dnsmasq-base
  unpack
  base
  cp "$from/usr/sbin/dnsmasq" "$root/usr/sbin/"
  with_libraries "$root/usr/sbin/dnsmasq"
  serve_with 'exec dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --port="${PORT:-53}" --no-resolv \
  --no-hosts --no-poll --pid-file= --log-facility=- --local=/test/ --host-record=fixed.test,192.0.2.7,2001:db8::7 --txt-record=name.test,"${NAME:-dnsmasq}"'
}

make_wordpress() { # a blog that keeps its pages in the MariaDB at 127.0.0.1:3306, and installs itself
  local php theme
  php=$(depended php-cli 'php[0-9.]*-cli')
  if [ -z "$php" ]; then
    apt_get update || failed
    php=$(depended php-cli 'php[0-9.]*-cli')
  fi
  php=${php%-cli}
  [ -n "$php" ] || give_up 'this distribution has no package php-cli'
  theme=$(depended wordpress 'wordpress-theme-[a-z]*')
  download "$php-cli" "$php-common" "$php-mysql" "$php-opcache"
  # What wordpress depends on beyond this is a web server and a database client, for which there is no use here.
  download_alone wordpress ${theme:+"$theme"} php-getid3 libjs-underscore libjs-cropper tzdata
  unpack
  base
  cp "$from/usr/bin/$php" "$root/usr/bin/php"
  mkdir -p "$root/usr/lib"
  cp -a "$from/usr/lib/php" "$root/usr/lib/"
  # Debian's wordpress is woven into other packages by relative links; they stay where they point.
  # Its PHP knows no time zone, not even UTC, without the system's.
  cp -a "$from"/usr/share/{wordpress,php,javascript,zoneinfo} "$root/usr/share/"
  if [ -d "$from/var/lib/wordpress" ]; then mkdir -p "$root/var/lib" && cp -a "$from/var/lib/wordpress" "$root/var/lib/"; fi
  with_libraries "$root/usr/bin/php" "$root"/usr/lib/php/*/{mysqlnd,mysqli,opcache}.so
  # The links under /etc/php/…/conf.d are made when the packages are installed; this is all that is wanted of them.
  printf '%s\n' zend_extension=opcache.so opcache.enable=1 opcache.enable_cli=1 memory_limit=128M display_errors=0 \
    extension={ctype,tokenizer,iconv,fileinfo,mysqlnd,mysqli}.so error_log=/dev/stderr >"$root/etc/php.ini"
  cp scripts/image-wordpress.php "$root/serve.php"
  mkdir -p "$root/etc/wordpress" "$root/usr/share/wordpress/wp-content/mu-plugins"
  cat >"$root/etc/wordpress/config-default.php" <<'PHP'
<?php
foreach (['DB_HOST' => '127.0.0.1:3306', 'DB_NAME' => 'app', 'DB_USER' => 'app', 'DB_PASSWORD' => 'secret'] as $name => $value)
  define($name, getenv($name) ?: $value);
define('WP_CONTENT_DIR', '/usr/share/wordpress/wp-content');
// Whatever port led here.
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_SITEURL', WP_HOME);
define('DISABLE_WP_CRON', true);
PHP
  printf '<?php\nadd_filter("pre_http_request", fn() => new WP_Error("offline", "there is no network here"));\n' \
    >"$root/usr/share/wordpress/wp-content/mu-plugins/offline.php"
  serve_with 'export PHP_CLI_SERVER_WORKERS=4
exec php -c /etc/php.ini -S "${LISTEN:-0.0.0.0:80}" -t /usr/share/wordpress /serve.php'
}

# --- all that is asked for --------------------------------------------------------------------------------------
name=
made() { echo "$cache/$name-$(cat scripts/build-image.sh scripts/image-"$name".* 2>/dev/null | sha256sum | cut -c 1-12).made"; }
wanted=()
for name in "$@"; do
  declare -F "make_$name" >/dev/null || { echo "build-image.sh: there is no image $name" >&2; exit 64; }
  [ -e "$(made)" ] || wanted+=("$name")
done
[ ${#wanted[@]} -gt 0 ] || exit 0
name=${wanted[*]}
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || give_up 'only root can make one, and there is no sudo'
  exec sudo OFFLINE="${OFFLINE:-}" "$PWD/scripts/build-image.sh" "${wanted[@]}"
fi
for program in apt-get apt-cache dpkg ldd ldconfig busybox tar sha256sum; do
  command -v $program >/dev/null || give_up "this machine has no $program"
done
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # two of us take turns
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
for name in "${wanted[@]}"; do
  [ ! -e "$(made)" ] || continue
  echo "test: making the image $name out of the packages of this distribution"
  work=$(mktemp -d "$cache/work.XXXXXX")
  from=$work/unpacked root=$work/root
  mkdir -p "$work/debs/partial" "$from" "$root"
  "make_$name"
  tar -C "$root" --owner=0 --group=0 --numeric-owner -cf "$work/image.tar" .
  mv "$work/image.tar" "$cache/$name.tar"
  rm -rf "$work" "$cache/$name"-*.made
  touch "$(made)"
done
