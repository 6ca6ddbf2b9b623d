/**
 * The programs that wormhole is compared with between hosts: each a near half and a far half, configured as its own
 * documentation advises for TLS 1.3 with AES-128-GCM, or for what it has instead.
 *
 * Every half serves all links. A certificate of the run's own stands for the peers' keys; each near half checks it.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from '../program.mjs';
import { started } from '../running.mjs';
import { far, near } from './far-host.mjs';

/** @typedef {{ protocol: 'tcp' | 'udp', listen: number, carried: number, target: number }} Link
 * ports: near on 127.0.0.1, between the hosts, far on 127.0.0.1 */
/** @typedef {import('../running.mjs').Running} Running */
/**
 * @typedef {object} Pair
 * @property {string} name
 * @property {string} file present when it is installed
 * @property {'tcp' | 'udp' | 'both'} carries
 * @property {(links: readonly Link[], dir: string, prefix: readonly string[]) => Promise<Running>} start
 *   `prefix` runs a program in the far host
 */

/** Two programs that each read one configuration file. @param {string} dir @param {(side: 'near' | 'far', file: string) => string[]} argv
 * @param {readonly string[]} prefix @param {Record<'near' | 'far', string>} texts */
function configured(dir, argv, prefix, texts) {
  const [nearHalf, farHalf] = /** @type {const} */ (['near', 'far']).map((side) => {
    const file = join(dir, `${side}.conf`);
    writeFileSync(file, texts[side]);
    return new Program([...(side === 'far' ? prefix : []), ...argv(side, file)], { log: join(dir, `${side}.log`) });
  });
  if (nearHalf === undefined || farHalf === undefined) throw new Error('two halves');
  return { nearHalf, farHalf };
}

/** @param {readonly Link[]} links @param {Program} farHalf @param {Program} nearHalf */
const inOrder = (links, farHalf, nearHalf) => [
  ...links.map(({ protocol, carried }) => /** @type {const} */ ([farHalf, protocol, carried])),
  ...links.map(({ protocol, listen }) => /** @type {const} */ ([nearHalf, protocol, listen])),
];

/** @type {Pair['start']} */
async function startStunnel(links, dir, prefix) {
  const { certificate, both } = identity(dir);
  const common = `foreground = yes\npid =\ndebug = 3\nsslVersion = TLSv1.3\nciphersuites = TLS_AES_128_GCM_SHA256\n`;
  const sockets = 'socket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n';
  const texts = {
    near: `${common}${sockets}client = yes\nCAfile = ${certificate}\nverifyPeer = yes\n${links
      .map(({ listen, carried }) => `[to-${carried}]\naccept = 127.0.0.1:${listen}\nconnect = ${far}:${carried}\n`)
      .join('')}`,
    far: `${common}${sockets}cert = ${both}\n${links
      .map(({ carried, target }) => `[to-${target}]\naccept = ${far}:${carried}\nconnect = 127.0.0.1:${target}\n`)
      .join('')}`,
  };
  const { nearHalf, farHalf } = configured(dir, (_, file) => ['/usr/bin/stunnel4', file], prefix, texts);
  return started([nearHalf, farHalf], inOrder(links, farHalf, nearHalf));
}

/** @type {Pair['start']} */
async function startHaproxy(links, dir, prefix) {
  const { certificate, both } = identity(dir);
  const common = `global
  nbthread 2
  maxconn 9000
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
  ssl-default-server-options ssl-min-ver TLSv1.3
  ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA256
defaults
  mode tcp
  timeout connect 60s
  timeout client 60s
  timeout server 60s
`;
  const server = `ssl verify required ca-file ${certificate} verifyhost far`;
  const texts = {
    near: `${common}${links
      .map(
        ({ listen, carried }) =>
          `listen to-${carried}\n  bind 127.0.0.1:${listen} backlog 4096\n  server far ${far}:${carried} ${server}\n`,
      )
      .join('')}`,
    far: `${common}${links
      .map(
        ({ carried, target }) =>
          `listen to-${target}\n  bind ${far}:${carried} backlog 4096 ssl crt ${both}\n  server target 127.0.0.1:${target}\n`,
      )
      .join('')}`,
  };
  const { nearHalf, farHalf } = configured(dir, (_, file) => ['/usr/sbin/haproxy', '-db', '-f', file], prefix, texts);
  return started([nearHalf, farHalf], inOrder(links, farHalf, nearHalf));
}

/** One connection for all links, dialed by the near host (-L) or by the far one (-R). @param {'-L' | '-R'} way @returns {Pair['start']} */
function startSsh(way) {
  return async (links, dir, prefix) => {
    const port = links[0]?.carried ?? 0;
    for (const name of ['host', 'user'])
      command(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(dir, name)]);
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const listens = way === '-L' ? far : near;
    const file = join(dir, 'sshd_config');
    writeFileSync(
      file,
      `Port ${port}\nListenAddress ${listens}\nHostKey ${dir}/host\nPidFile none\nAuthorizedKeysFile ${dir}/user.pub\n` +
        'StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nUseDNS no\n',
    );
    writeFileSync(join(dir, 'known_hosts'), `[${listens}]:${port} ${readFileSync(join(dir, 'host.pub'), 'utf8')}`);
    const forwards = links.flatMap(({ listen, target }) => [way, `127.0.0.1:${listen}:127.0.0.1:${target}`]);
    const [there, here] = way === '-L' ? [prefix, []] : [[], prefix];
    const server = new Program([...there, '/usr/sbin/sshd', '-D', '-e', '-f', file], { log: join(dir, 'server.log') });
    await server.listens('tcp', [port]);
    const options = ['-F', '/dev/null', '-i', join(dir, 'user'), '-o', `UserKnownHostsFile=${dir}/known_hosts`];
    const quick = ['-o', 'ExitOnForwardFailure=yes', '-c', 'aes128-gcm@openssh.com', '-p', String(port)];
    const client = new Program([...here, 'ssh', '-N', ...options, ...quick, ...forwards, `root@${listens}`], {
      log: join(dir, 'client.log'),
    });
    // With -R it is the server that listens near.
    const listener = way === '-L' ? client : server;
    return started(
      [server, client],
      links.map(({ listen }) => /** @type {const} */ ([listener, 'tcp', listen])),
    );
  };
}

/** @param {(link: Link) => readonly [near: string[], far: string[]]} sides socat's words @returns {Pair['start']} */
function startSocat(sides) {
  return (links, dir, prefix) => {
    const halves = links.map((link) => {
      const [nearWords, farWords] = sides(link);
      const words = ['/usr/bin/socat', '-T', '60', '-b', '65536'];
      return {
        link,
        farHalf: new Program([...prefix, ...words, ...farWords], { log: join(dir, 'far.log') }),
        nearHalf: new Program([...words, ...nearWords], { log: join(dir, 'near.log') }),
      };
    });
    return started(
      halves.flatMap(({ nearHalf, farHalf }) => [nearHalf, farHalf]),
      halves.flatMap(({ link, farHalf, nearHalf }) => inOrder([link], farHalf, nearHalf)),
    );
  };
}

/** @type {Pair['start']} */
async function startSocatTls(links, dir, prefix) {
  const { certificate, both } = identity(dir);
  const tls = 'openssl-min-proto-version=TLS1.3,nodelay';
  return startSocat(({ listen, carried, target }) => [
    [
      `TCP4-LISTEN:${listen},bind=127.0.0.1,reuseaddr,fork,backlog=4096,nodelay`,
      `OPENSSL:${far}:${carried},cafile=${certificate},commonname=far,${tls}`,
    ],
    [
      `OPENSSL-LISTEN:${carried},bind=${far},reuseaddr,fork,backlog=4096,cert=${both},verify=0,${tls}`,
      `TCP4:127.0.0.1:${target},nodelay`,
    ],
  ])(links, dir, prefix);
}

const startSocatUdp = startSocat(({ listen, carried, target }) => [
  [`UDP4-LISTEN:${listen},bind=127.0.0.1,reuseaddr,fork`, `UDP4:${far}:${carried}`],
  [`UDP4-LISTEN:${carried},bind=${far},reuseaddr,fork`, `UDP4:127.0.0.1:${target}`],
]);

/** @type {readonly Pair[]} */
export const pairs = [
  { name: 'stunnel', file: '/usr/bin/stunnel4', carries: 'tcp', start: startStunnel },
  { name: 'haproxy', file: '/usr/sbin/haproxy', carries: 'tcp', start: startHaproxy },
  { name: 'ssh -L', file: '/usr/sbin/sshd', carries: 'tcp', start: startSsh('-L') },
  { name: 'ssh -R', file: '/usr/sbin/sshd', carries: 'tcp', start: startSsh('-R') },
  { name: 'socat tls', file: '/usr/bin/socat', carries: 'tcp', start: startSocatTls },
  { name: 'socat udp', file: '/usr/bin/socat', carries: 'udp', start: startSocatUdp },
];

/** Debian packages by a file that proves them installed. */
export const packages = [
  { file: '/usr/bin/stunnel4', name: 'stunnel4' },
  { file: '/usr/sbin/sshd', name: 'openssh-server' },
  { file: '/usr/bin/ssh', name: 'openssh-client' },
  { file: '/usr/bin/openssl', name: 'openssl' },
];

/** A key and a certificate that vouches for itself, made once per folder. @param {string} dir */
function identity(dir) {
  const [key, certificate, both] = ['key.pem', 'certificate.pem', 'both.pem'].map((name) => join(dir, name));
  if (key === undefined || certificate === undefined || both === undefined) throw new Error('three files');
  if (!existsSync(both)) {
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const name = ['-subj', '/CN=far', '-addext', `subjectAltName=DNS:far,IP:${far}`];
    command(['openssl', 'req', '-x509', ...kind, ...name, '-keyout', key, '-out', certificate]);
    writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'));
    chmodSync(both, 0o600);
  }
  return { certificate, both };
}

/** @param {readonly string[]} argv */
function command(argv) {
  const [file = '', ...words] = argv;
  const { status, stderr, error } = spawnSync(file, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr || error?.message}`);
}
