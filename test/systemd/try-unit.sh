#!/usr/bin/env bash
# Tries etc/wormholed.service under a real systemd: start, every kind of place, restart, a kill, stop.
#
# For a throw-away machine (a VM) on which `make install` was run and no wormhole of anybody's stands: it starts and
# stops the service, makes a namespace and, where Docker runs, two containers of an image `bb` that it makes itself.
# Prints a line per check; exits 1 when one failed. Not part of `make test`, which must run where there is no systemd.
set -uo pipefail
[ "$(cat /proc/1/comm)" = systemd ] && [ "$(id -u)" -eq 0 ] || { echo 'try-unit: needs root and systemd as process 1' >&2; exit 69; }

failed=0
check() { # check WHAT WANTED COMMAND…: its output must hold WANTED
  local what=$1 wanted=$2 got; shift 2
  got=$("$@" 2>&1 </dev/null)
  case $got in *"$wanted"*) echo "ok    $what" ;; *) echo "FAIL  $what: wanted '$wanted', got: $got"; failed=1 ;; esac
}
page() { busybox wget -q -O - "http://127.0.0.1:$1/$2"; }
soon() { for _ in $(seq 60); do [ "$("$@" 2>/dev/null)" != '' ] && break; sleep 0.5; done; "$@"; }
sum() { page 9000 big | sha256sum | cut -d' ' -f1; }
left() { pgrep -f '/wormholed ' || true; ls -d /run/wormhole /run/wh-try.sock 2>/dev/null; ss -Hlntu | grep -E ':(53|900[0-9]|901[0-9]|9999) '; echo end; }

work=$(mktemp -d /var/tmp/wormhole-unit.XXXXXX)
mkdir "$work/www" && echo from-blue >"$work/www/index.html"
head -c 20000000 /dev/urandom >"$work/www/big"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; ip netns delete wh-blue; rm -rf "$work"; [ -z "${docker:-}" ] || docker rm -f wh-db wh-app >/dev/null' EXIT

systemd-sysusers && systemctl daemon-reload
systemctl start wormholed
check 'it reports ready' active systemctl is-active wormholed
check 'ping' version wormhole ping
# A namespace that is younger than the daemon, so that it must reach it through its own view of /run.
ip netns add wh-blue && ip -n wh-blue link set lo up
ip netns exec wh-blue busybox httpd -f -p 127.0.0.1:7000 -h "$work/www" & pids+=($!)
ip netns exec wh-blue socat UDP4-RECVFROM:7002,bind=127.0.0.1,fork EXEC:cat & pids+=($!)
busybox httpd -f -p 127.0.0.1:7001 -h "$work/www" & pids+=($!)
socat -u TCP4-LISTEN:7003,bind=127.0.0.1 "CREATE:$work/proxied" & pids+=($!)
sleep 1
check 'tail in a namespace' 9000 wormhole create id b url :9000 tail url wh-blue@:7000
check 'its page' from-blue page 9000 ''
check '20 MB through it' "$(sha256sum <"$work/www/big" | cut -d' ' -f1)" sum
check 'head in a namespace' 9001 wormhole create id h url wh-blue@:9001 tail url :7001
check 'its page' from-blue ip netns exec wh-blue busybox wget -q -O - http://127.0.0.1:9001/
check 'unix head' wh-try.sock wormhole create id u url unix:///run/wh-try.sock mode 666 owner nobody:nogroup tail url wh-blue@:7000
check 'its mode and owner' '666 nobody nogroup' stat -c '%a %U %G' /run/wh-try.sock
check 'udp head below 1024' :53 wormhole create id d url udp://:53 tail url udp://wh-blue@:7002
check 'a datagram' ping-udp bash -c 'echo ping-udp | socat -t5 - UDP4:127.0.0.1:53'
check 'pid' 9004 wormhole create id p url :9004 tail url "pid:$(pgrep -f 'httpd -f -p 127.0.0.1:7000' | tail -1)@:7000"
check 'its page' from-blue page 9004 ''
check 'proxy protocol' 9003 wormhole create id v url :9003 tail url :7003 proxy-protocol v1
echo hello | socat -t2 - TCP4:127.0.0.1:9003
check 'its header' 'PROXY TCP4 127.0.0.1' cat "$work/proxied"
if docker version >/dev/null 2>&1; then
  docker=1
  mkdir -p "$work"/bb/{bin,run,tmp,www} && cp /bin/busybox "$work/bb/bin/" && echo from-db >"$work/bb/www/index.html"
  for name in sh sleep httpd wget ls; do ln -s busybox "$work/bb/bin/$name"; done
  tar -C "$work/bb" -c . | docker import - bb >/dev/null
  db() { docker run -d --name wh-db bb httpd -f -p 127.0.0.1:7000 -h /www >/dev/null; }
  db && docker run -d --name wh-app bb sleep 100000 >/dev/null
  check 'tail in a container' 9010 wormhole create id c url :9010 tail url :7000 docker-ns wh-db
  check 'its page' from-db page 9010 ''
  check 'head in a container' 9011 wormhole create id ca url :9011 docker-ns wh-app tail url :7000 docker-ns wh-db
  check 'its page' from-db docker exec wh-app wget -q -O - http://127.0.0.1:9011/
  check 'unix head in a container' x.sock wormhole create id cu url unix:///run/x.sock docker-ns wh-app tail url :7000 docker-ns wh-db
  check 'and a tail that is that socket' 9012 wormhole create id ct url :9012 tail url unix:///run/x.sock docker-ns wh-app
  check 'its page' from-db page 9012 ''
  docker rm -f wh-db >/dev/null && db
  check 'the container recreated' from-db soon page 9010 ''
fi
systemctl restart wormholed
check 'after a restart' from-blue page 9000 ''
check 'in the namespace, too' from-blue ip netns exec wh-blue busybox wget -q -O - http://127.0.0.1:9001/
[ -z "${docker:-}" ] || check 'in the container, too' from-db docker exec wh-app wget -q -O - http://127.0.0.1:9011/
kill -9 "$(systemctl show -P MainPID wormholed)"
check 'after a kill' from-blue soon page 9000 ''
for id in b h u d p v c ca cu ct; do wormhole delete --now "$id" >/dev/null 2>&1; done
wormhole create id b url :9000 tail url wh-blue@:7000 >/dev/null
systemctl stop wormholed
check 'nothing is left after a stop' end left
[ "$(left)" = end ] || { echo "FAIL  left: $(left)"; failed=1; }
systemctl start wormholed && wormhole delete --now b >/dev/null && systemctl stop wormholed
exit $failed
