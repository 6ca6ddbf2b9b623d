/**
 * The programs wormhole is compared with, each configured as its own documentation advises for this job.
 *
 * A peer turns a list of links into running processes. `reference` peers are shown but are no bar to pass: nginx
 * with 256 KiB buffers is faster in bulk than any peer's usual settings, at up to half a megabyte per connection.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from './program.mjs';
import { started } from './running.mjs';

/** @typedef {{ protocol: 'tcp' | 'udp', listen: number, target: number }} Link ports on 127.0.0.1 */
/** @typedef {import('./running.mjs').Running} Running */
/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} file present when the peer is installed
 * @property {boolean} udp
 * @property {number} idleLimit connections it is asked to hold: below 20,000 descriptors, and in bearable time
 * @property {boolean} [reference] shown, but not counted among the peers to beat
 * @property {readonly import('./options.mjs').Group[]} [only] the tests it takes part in; absent = all
 * @property {(links: readonly Link[], dir: string) => Promise<Running>} start
 */

/** One program for all links, or one for each. @param {readonly Program[]} programs @param {readonly Link[]} links */
export const serving = (programs, links) =>
  started(
    programs,
    links.map(({ protocol, listen }, i) => /** @type {const} */ ([programs[i] ?? programs[0], protocol, listen])),
  );

/** A peer that needs one process per link. @param {(link: Link) => string[]} argv @returns {Peer['start']} */
export function perLink(argv) {
  return (links, dir) =>
    serving(
      links.map((link) => new Program(argv(link), { log: join(dir, 'log') })),
      links,
    );
}

/** 9,000 connections and 500 pipes keep haproxy below 20,000 descriptors. @type {Peer['start']} */
async function startHaproxy(links, dir) {
  const file = join(dir, 'haproxy.cfg');
  writeFileSync(
    file,
    `global
  nbthread 2
  maxconn 9000
  maxpipes 500
  tune.pipesize 262144
defaults
  mode tcp
  timeout connect 60s
  timeout client 60s
  timeout server 60s
  option splice-auto
  option tcp-smart-accept
  option tcp-smart-connect
${links
  .map(
    ({ listen, target }) => `listen to-${target}
  bind 127.0.0.1:${listen} backlog 4096
  server target 127.0.0.1:${target}
`,
  )
  .join('')}`,
  );
  return serving([new Program(['/usr/sbin/haproxy', '-db', '-f', file], { log: join(dir, 'log') })], links);
}

/** @param {string} settings of the stream block @returns {Peer['start']} */
function startNginx(settings) {
  return async (links, dir) => {
    const file = join(dir, 'nginx.conf');
    mkdirSync(join(dir, 'logs'), { recursive: true }); // opened before the configuration is read
    writeFileSync(
      file,
      `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
user root;
daemon off;
worker_processes 2;
worker_rlimit_nofile 20000;
pid ${dir}/nginx.pid;
error_log ${dir}/log warn;
events { worker_connections 19000; }
stream {
  proxy_timeout 60s;
  ${settings}
${links
  .map(({ protocol, listen, target }) => {
    // Without reuseport both workers read one UDP socket, and one client's datagrams become two sessions.
    const listener = protocol === 'udp' ? `${listen} udp reuseport` : `${listen} backlog=4096`;
    return `  server { listen 127.0.0.1:${listener}; proxy_pass 127.0.0.1:${target}; }\n`;
  })
  .join('')}}
`,
    );
    return serving([new Program(['/usr/sbin/nginx', '-p', dir, '-c', file], { log: join(dir, 'log') })], links);
  };
}

/** @type {readonly Peer[]} */
export const peers = [
  { name: 'haproxy', file: '/usr/sbin/haproxy', udp: false, idleLimit: 8000, start: startHaproxy },
  {
    name: 'nginx',
    file: '/usr/lib/nginx/modules/ngx_stream_module.so',
    udp: true,
    idleLimit: 8000,
    start: startNginx(''),
  },
  {
    name: 'nginx-256k',
    file: '/usr/lib/nginx/modules/ngx_stream_module.so',
    udp: true,
    idleLimit: 8000,
    reference: true,
    only: ['bulk'],
    start: startNginx('proxy_buffer_size 256k;'),
  },
  {
    name: 'socat',
    file: '/usr/bin/socat',
    udp: true,
    idleLimit: 1000, // one process each
    start: perLink(({ protocol, listen, target }) => {
      const options = 'bind=127.0.0.1,reuseaddr,fork';
      const sides =
        protocol === 'udp'
          ? [`UDP4-LISTEN:${listen},${options}`, `UDP4:127.0.0.1:${target}`]
          : [`TCP4-LISTEN:${listen},${options},backlog=4096,nodelay`, `TCP4:127.0.0.1:${target},nodelay`];
      return ['/usr/bin/socat', '-T', '60', '-b', '65536', ...sides];
    }),
  },
  {
    name: 'systemd',
    file: '/lib/systemd/systemd-socket-proxyd',
    udp: false,
    idleLimit: 3000, // six descriptors each
    start: perLink(({ listen, target }) => {
      const proxy = ['/lib/systemd/systemd-socket-proxyd', '--connections-max=9000', `127.0.0.1:${target}`];
      return ['/usr/bin/systemd-socket-activate', '-l', `127.0.0.1:${listen}`, ...proxy];
    }),
  },
  {
    name: 'docker-proxy',
    file: '/usr/sbin/docker-proxy',
    udp: true,
    idleLimit: 3000, // six descriptors each
    start: perLink(({ protocol, listen, target }) => {
      const host = ['-host-ip', '127.0.0.1', '-host-port', String(listen)];
      const container = ['-container-ip', '127.0.0.1', '-container-port', String(target)];
      // It reports to dockerd on descriptor 3, then closes it: without one, that number would be its own listener.
      const withParent = ['sh', '-c', 'exec "$@" 3>/dev/null', 'sh'];
      return [...withParent, '/usr/sbin/docker-proxy', '-proto', protocol, ...host, ...container];
    }),
  },
];

/** @param {Peer} peer */
export const installed = (peer) => existsSync(peer.file);

/** A program that is started by a command line per link. @param {{ name: string, command: string }} given @returns {Peer} */
export function commandPeer({ name, command }) {
  return {
    name,
    file: '/',
    udp: false,
    idleLimit: 8000,
    start: perLink(({ listen, target }) =>
      command
        .replaceAll('{listenPort}', String(listen))
        .replaceAll('{targetPort}', String(target))
        .split(/\s+/)
        .filter((word) => word !== ''),
    ),
  };
}
