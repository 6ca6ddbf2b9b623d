import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folder, translated, useFolder } from '../../../test/support/compose-world.ts';
import { splitWords } from '../../spec/shell.ts';

useFolder();

describe('files that people have', () => {
  test('WordPress and MySQL: the database is one wormhole, and the page reaches it on its own loopback', async () => {
    const { lines } = await translated(`
services:
  wordpress:
    depends_on: [db]
    image: wordpress:latest
    ports: ["8000:80"]
    restart: always
    environment:
      WORDPRESS_DB_HOST: db:3306
      WORDPRESS_DB_PASSWORD: word press
  db:
    image: mysql:8.0
    volumes: ["db_data:/var/lib/mysql"]
    environment: {MYSQL_DATABASE: wordpress}
volumes:
  db_data: {}
`);
    expect(lines).toEqual([
      "url unix:///run/wormhole/shop-db-3306.sock mode 0600 trigger url :3306 docker-run '--name shop-db-1 " +
        "-e MYSQL_DATABASE=wordpress -v shop_db_data:/var/lib/mysql mysql:8.0' idle 15m",
      "url 127.0.0.1:8000 trigger url :80 docker-run '--name shop-wordpress-1 --add-host db:127.0.0.1 " +
        String.raw`-e WORDPRESS_DB_HOST=db:3306 -e '\''WORDPRESS_DB_PASSWORD=word press'\'' wordpress:latest' idle 15m ` +
        'child url tcp://127.0.0.1:3306 tail url unix:///run/wormhole/shop-db-3306.sock',
    ]);
  });

  test('an application with Redis that says so only by its URL, and a second port', async () => {
    const { lines, notes, sentences } = await translated(
      `
services:
  web:
    build: .
    image: acme/web
    ports: ["127.0.0.1:8000:8000", "0.0.0.0:8443:8443"]
    environment: ["REDIS_URL=redis://redis:6379/0", TOKEN]
  redis:
    image: "redis:alpine"
`,
      { idle: undefined },
      { TOKEN: 't' },
    );
    expect(lines).toEqual([
      "url unix:///run/wormhole/shop-redis-6379.sock mode 0600 trigger url :6379 docker-run '--name shop-redis-1 redis:alpine'",
      "url 127.0.0.1:8000 tail docker-run '--name shop-web-1 --add-host redis:127.0.0.1 " +
        "-e REDIS_URL=redis://redis:6379/0 -e TOKEN=t acme/web' " +
        'child url tcp://127.0.0.1:6379 tail url unix:///run/wormhole/shop-redis-6379.sock',
      'url 0.0.0.0:8443 trigger docker-ns shop-web-1',
    ]);
    expect(sentences.map(({ id }) => id)).toEqual(['shop-redis', 'shop-web', 'shop-web.8443']);
    expect(notes).toEqual([
      'web: build is left out; build acme/web first: docker compose build web',
      'web: it has several ports, and so is started once when it is created; from then on each of them starts it',
    ]);
  });

  test('two databases with the same port get two addresses', async () => {
    const { lines } = await translated(`
services:
  app: {image: app, ports: ["80:3000"], links: ["main:primary", logs]}
  main: {image: postgres, networks: {default: {aliases: [pg.local]}}}
  logs: {image: postgres}
`);
    expect(lines.at(-1)).toBe(
      "url 127.0.0.1:80 trigger url :3000 docker-run '--name shop-app-1 --add-host main:127.0.0.1 --add-host primary:127.0.0.1 " +
        "--add-host pg.local:127.0.0.1 --add-host logs:127.0.0.2 app' idle 15m " +
        'child url tcp://127.0.0.1:5432 tail url unix:///run/wormhole/shop-main-5432.sock ' +
        'child url tcp://127.0.0.2:5432 docker-ns shop-app-1 tail url unix:///run/wormhole/shop-logs-5432.sock',
    );
  });

  test('PostgreSQL that is published is reached by others where it is published', async () => {
    const { lines } = await translated(`
services:
  api: {image: api, ports: ["8080:8080"], environment: {PGHOST: db}}
  db:
    image: postgres:16
    ports: ["0.0.0.0:15432:5432"]
    volumes:
      - type: volume
        source: data
        target: /var/lib/postgresql/data
        volume: {nocopy: true}
      - {type: bind, source: ./init, target: /docker-entrypoint-initdb.d, read_only: true}
      - {type: tmpfs, target: /scratch, tmpfs: {size: 64m}}
      - /anonymous
      - ~/certs:/certs:ro
    shm_size: 128mb
volumes:
  data: {external: true, name: pgdata}
`);
    expect(lines).toEqual([
      "url 0.0.0.0:15432 trigger url :5432 docker-run '--name shop-db-1 -v pgdata:/var/lib/postgresql/data:nocopy " +
        `-v ${folder}/init:/docker-entrypoint-initdb.d:ro --tmpfs /scratch:size=64m -v /anonymous ` +
        "-v /home/u/certs:/certs:ro --shm-size 128mb postgres:16' idle 15m",
      "url 127.0.0.1:8080 trigger docker-run '--name shop-api-1 --add-host db:127.0.0.1 -e PGHOST=db api' idle 15m " +
        'child url tcp://127.0.0.1:5432 tail url 127.0.0.1:15432',
    ]);
  });

  test('a port that is published twice is one port for the services that use it', async () => {
    const { lines } = await translated(`
services:
  app: {image: app, ports: ["127.0.0.1:80:3000"], depends_on: [db]}
  db: {image: postgres, ports: ["127.0.0.1:5432:5432", "127.0.0.1:5433:5432"]}
`);
    expect(lines).toEqual([
      "url 127.0.0.1:5432 tail docker-run '--name shop-db-1 postgres' idle 15m",
      'url 127.0.0.1:5433 trigger url :5432 docker-ns shop-db-1 idle 15m',
      "url 127.0.0.1:80 trigger url :3000 docker-run '--name shop-app-1 --add-host db:127.0.0.1 app' idle 15m " +
        'child url tcp://127.0.0.1:5432 tail url 127.0.0.1:5432',
    ]);
  });

  test('a name server speaks UDP, and TCP beside it', async () => {
    const { lines } = await translated(
      'services: {dns: {image: dnsmasq, container_name: ns, ports: ["53:53/udp", "53:53/tcp"], cap_add: [NET_ADMIN]}}',
      { bind: '192.0.2.1' },
    );
    expect(lines).toEqual([
      "url udp://192.0.2.1:53 tail docker-run '--name ns --cap-add NET_ADMIN dnsmasq' idle 15m",
      'url 192.0.2.1:53 trigger docker-ns ns idle 15m',
    ]);
  });

  test('everything that docker-run has a flag for', async () => {
    writeFileSync(join(folder, 'web.env'), 'FROM_FILE=1\nBOTH=file\nGONE=1\n');
    const { lines, notes } = await translated(`
services:
  web:
    image: web
    expose: [80]
    ports: ["80"]
    command: serve --name "a b"
    entrypoint: [/bin/tini, --, /run]
    env_file: [web.env, {path: none.env, required: false}]
    environment: {BOTH: own, EMPTY: "", GONE: null, NUMBER: 1}
    working_dir: /w
    user: "1000:1000"
    hostname: h
    platform: linux/amd64
    labels: {a.b: c}
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    dns: 192.0.2.53
    read_only: true
    privileged: false
    init: true
    tty: "true"
    tmpfs: [/run, "/tmp:size=1m"]
    devices: ["/dev/null:/dev/x", {source: /dev/zero}]
    ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}
    mem_limit: 64m
    cpus: 0.5
    stop_signal: SIGINT
    stop_grace_period: 1m0.5s
    extra_hosts: ["a:192.0.2.1", "b=192.0.2.2", "host.docker.internal:host-gateway"]
    healthcheck: {test: ["CMD", "check", "a b"], interval: 1s, timeout: 2s, retries: 3}
    pull_policy: if_not_present
    network_mode: none
`);
    const run = lines[0]?.match(/docker-run '(.*)' idle/)?.[1] ?? '';
    expect(splitWords(run.replaceAll(String.raw`'\''`, "'"))).toEqual(
      [
        '--name shop-web-1 -w /w -u 1000:1000 -h h --platform linux/amd64 --stop-signal SIGINT --cap-drop ALL',
        '--security-opt no-new-privileges:true --dns 192.0.2.53 --read-only --init -t -l a.b=c --add-host a:192.0.2.1',
        '--add-host b:192.0.2.2 --add-host host.docker.internal:host-gateway -e FROM_FILE=1 -e BOTH=own -e EMPTY= -e NUMBER=1',
        '--tmpfs /run --tmpfs /tmp:size=1m -m 64m --cpus 0.5 --stop-timeout 61 --ulimit nofile=1:2 --ulimit nproc=3',
        '--device /dev/null:/dev/x --device /dev/zero:/dev/zero --health-cmd',
      ]
        .flatMap((line) => line.split(' '))
        .concat([
          "check 'a b'",
          ...'--health-interval 1s --health-timeout 2s --health-retries 3 --pull missing'.split(' '),
        ])
        .concat('--entrypoint /bin/tini --network none web -- /run serve --name'.split(' '), 'a b'),
    );
    expect(notes.map((note) => note.slice(0, 25))).toEqual(['web: healthcheck: the fir', 'web: ports: a free port i']);
  });

  test('words that every object of the program has mean nothing here either', async () => {
    const { lines, notes } = await translated(`
services:
  web:
    image: web:\${toString:-1}
    ports: ["constructor:8080:80"]
    pull_policy: constructor
    valueOf: 1
`);
    expect(lines).toEqual(["url constructor:8080 trigger url :80 docker-run '--name shop-web-1 web:1' idle 15m"]);
    expect(notes).toEqual([
      'web: pull_policy: constructor is left out; always, missing and never can be had',
      'web: valueOf is left out; docker-run has no flag for it',
    ]);
  });
});
