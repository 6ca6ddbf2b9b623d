#!/usr/bin/env bash
# Makes a MariaDB container image and client out of the distribution's packages; no registry, nothing installed.
#
#   node_modules/.cache/mariadb/image.tar   root file system with server, client and busybox; for docker import
#                               client/     the client with its libraries, runs on this machine from where it lies
#
# The packages are downloaded and unpacked, never installed; the system tables are made once, here. What is there
# already is left alone, so that calling it again costs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=node_modules/.cache/mariadb
made=$cache/made-3 # the number changes with this script's result
[ ! -e $made ] || exit 0

give_up() {
  echo "test: the MariaDB image cannot be made: $1" >&2
  exit 69
}
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || give_up 'only root can make one, and there is no sudo'
  exec sudo "$PWD/scripts/build-mariadb-image.sh"
fi
for program in apt-get dpkg ldd busybox chroot tar; do
  command -v $program >/dev/null || give_up "this machine has no $program"
done

mkdir -p $cache
exec 9>$cache/lock
flock 9 # two of us take turns
[ ! -e $made ] || exit 0
echo 'test: making a MariaDB image out of the packages of this distribution'
work=$(mktemp -d "$PWD/$cache/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{debs/partial,unpacked,root}

# --- packages ---------------------------------------------------------------------------------------------------
# Older Ubuntus have the version in the name.
newest() { apt-cache pkgnames "$1" | grep -E "^$1(-[0-9.]+)?$" | sort -V | head -n 1; }
fetch() {
  local server client
  server=$(newest mariadb-server-core) client=$(newest mariadb-client-core)
  [ -n "$server" ] && [ -n "$client" ] &&
    apt-get install -qq -y --no-install-recommends --reinstall --download-only \
      -o Dir::Cache::archives="$work/debs" -o APT::Sandbox::User=root "$server" "$client"
}
if ! fetch >"$work/log" 2>&1 </dev/null; then
  # The lists may be missing or old.
  { apt-get -qq update && fetch; } >"$work/log" 2>&1 </dev/null ||
    { tail -n 5 "$work/log" >&2; give_up 'apt-get could not download its packages'; }
fi
for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/unpacked"; done

# --- programs and their libraries -------------------------------------------------------------------------------
from=$work/unpacked root=$work/root
libraries=usr/lib/$(uname -m)-linux-gnu
mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,usr/bin,usr/sbin,usr/share,"$libraries",var/lib/mysql,run/mysqld}
chmod 1777 "$root/tmp"
cp /bin/busybox "$root/bin/"
for applet in sh sleep cat nc ip ls rm mkdir ln; do ln -s busybox "$root/bin/$applet"; done
cp "$from/usr/sbin/mariadbd" "$root/usr/sbin/"
cp "$from/usr/bin/mariadb" "$root/usr/bin/"
# MariaDB 11 calls its directory, and what lies in it, by its own name.
share=mariadb
[ -d "$from/usr/share/$share" ] || share=mysql
cp -a "$from/usr/share/$share" "$root/usr/share/"
rm -rf "$root/usr/share/$share"/{mysql-test,policy}
LD_LIBRARY_PATH=$from/$libraries:$from/lib/$(uname -m)-linux-gnu \
  ldd "$root/usr/sbin/mariadbd" "$root/usr/bin/mariadb" | grep -oE '/[^ ]+\.so[^ ]*' | sort -u |
  while read -r library; do
    case $library in
      */ld-linux*) mkdir -p "$root${library%/*}" && cp -L "$library" "$root$library" ;;
      *) cp -L "$library" "$root/$libraries/" ;;
    esac
  done
printf 'root:x:0:0:root:/:/bin/sh\nmysql:x:101:101::/var/lib/mysql:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nmysql:x:101:\n' >"$root/etc/group"
printf '/%s\n' "$libraries" >"$root/etc/ld.so.conf"
ldconfig -r "$root"

# --- system tables ----------------------------------------------------------------------------------------------
chown -R 101:101 "$root/var/lib/mysql" "$root/run/mysqld"
(
  printf 'create database if not exists mysql;\nuse mysql;\n'
  cd "$root/usr/share/$share"
  cat "$share"{_system_tables,_performance_tables,_system_tables_data}.sql \
    maria_add_gis_sp_bootstrap.sql 2>/dev/null || true
) >"$work/tables.sql"
# It grows by a megabyte at a time, not by 64: what is written to, a container's file system copies first.
# It also keeps eight terabytes of addresses free for more memory, unless told not to: more than a process of User-Mode Linux has.
small=(--loose-innodb-buffer-pool-size-max=8M --innodb-log-file-size=4M --innodb-data-file-path=ibdata1:3M:autoextend --innodb-autoextend-increment=1 --innodb-buffer-pool-size=8M)
chroot "$root" /usr/sbin/mariadbd --no-defaults --bootstrap --user=mysql --basedir=/usr --datadir=/var/lib/mysql \
  "${small[@]}" <"$work/tables.sql" >"$work/log" 2>&1 ||
  { tail -n 5 "$work/log" >&2; give_up 'its system tables cannot be made'; }
# One statement a line; it only listens on its own loopback and its socket.
printf '%s\n' 'create database if not exists app;' "create user if not exists 'app'@'%' identified by 'secret';" \
  "grant all on *.* to 'app'@'%';" >"$root/init.sql"
{
  printf '#!/bin/sh\nexec /usr/sbin/mariadbd --no-defaults --user=mysql --basedir=/usr --datadir=/var/lib/mysql '
  printf -- '--bind-address="${BIND:-127.0.0.1}" --port=3306 --socket=/run/mysqld/mysqld.sock --performance-schema=0 '
  printf -- '--init-file=/init.sql --skip-name-resolve %s\n' "${small[*]}"
} >"$root/bin/serve"
chmod 755 "$root/bin/serve"

# --- results ----------------------------------------------------------------------------------------------------
rm -rf $cache/client $cache/image.tar
mkdir $cache/client
tar -C "$root" -cf $cache/image.tar .
cp "$root/usr/bin/mariadb" $cache/client/
cp -P "$root/$libraries"/* $cache/client/
touch $made
