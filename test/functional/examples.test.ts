/**
 * The examples, as a stranger runs them: each shows what it promises, and leaves the machine as it was.
 *
 *   this test's namespace ── examples/run NAME ── its world: dockerd, wormholed, containers
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingImages } from '../support/images.ts';
import { MariaDb } from '../support/mariadb.ts';

const root = resolve(import.meta.dirname, '../..');
const blog = '<title>Wormhole shop</title>';

const tunnelToMyserver = /myserver +complete +(ipsec|wireguard)/;

/** What each has to print, in this order. */
const essential: Readonly<Record<string, readonly (string | RegExp)[]>> = {
  '01-host-to-container': ['create url :3306 docker-ns tail docker-ns $mysql', /\d-MariaDB.*\t127\.0\.0\.1\n/],
  '02-container-to-container': ['create url :3306 docker-ns $app tail docker-ns $mysql', blog, /Hello world!\tpublish/],
  '03-wordpress': [
    /create url :80 trigger docker-run wormhole\/wordpress \\\n +child url :3306 trigger docker-run wormhole\/mysql/,
    blog,
    /wormhole\/mysql +Up .*\nwormhole\/wordpress +Up /,
    /Cold starts\n(.+: created .+ · started .+ · ready .+ · first-byte .+\n){2}/,
    /\n200 after /,
  ],
  '04-remote': [
    'create url :3306 remote myserver tail docker-ns $mysql',
    /\d-MariaDB.*\t127\.0\.0\.1\n/,
    /myserver +up +direct +10\.77\.0\.2:9999/,
    /Segment 2 on myserver, /,
  ],
  '05-tunnel': [
    'create url :3306 tunnel myserver trigger docker-ns $mysql',
    /\d-MariaDB.*\t127\.0\.0\.1\n/,
    tunnelToMyserver,
    'create url :3306 udptunnel myserver trigger docker-ns $mysql',
    /\d-MariaDB.*\t127\.0\.0\.1\n/,
    tunnelToMyserver,
    'removed at both ends',
  ],
  '06-tunnel-on-demand': [
    'create url :3306 trigger tunnel myserver trigger docker-run wormhole/mysql',
    /\d-MariaDB.*\t127\.0\.0\.1\n/,
    tunnelToMyserver,
    /wormhole\/mysql +Up /,
    /Cold starts\n.+ first-byte/,
    'removed at both ends',
  ],
  '07-wordpress-tunnel': [
    /create url :80 trigger docker-run wormhole\/wordpress \\\n +child url :3306 tunnel myserver trigger docker-run wormhole\/mysql/,
    blog,
    tunnelToMyserver,
    /wormhole\/wordpress +Up .*\n/,
    /wormhole\/mysql +Up /,
    'removed at both ends',
  ],
  '08-tunnel-alone': [
    /tunnel-create myserver\n100\.\S+ 100\.\S+\n/,
    'the page of myserver',
    /packets of up to 1[34]\d\d bytes/,
    tunnelToMyserver,
    'removed at both ends',
  ],
  compose: [/create id shop-web .* child /, 'shop-web tcp://127.0.0.1:8080', blog, 'shop-web-1 '],
  'follow-name': [/\nfirst\n/, /\nsecond\n/, / up /],
  forward: [
    'tcp://127.0.0.1:8080 -> container/towel:23 at myserver',
    /\nA long time ago\n/,
    'tcp://127.0.0.1:9090 at myserver -> 127.0.0.1:3000',
    /\nfrom over here\n/,
    /\nended with 0\n/,
  ],
  'forward-docker': [
    'tcp://127.0.0.1:10001 -> 127.0.0.1:2375 at myserver',
    /CONTAINER ID +IMAGE/,
    /\nHello from Docker!\r?\n/,
    /\na terminal\r?\n/,
    /\nsha256:[0-9a-f]{64}\n/,
    /\nbuilt elsewhere\n/,
    /\nline 1\nline 2\nline 3\n/,
    'tcp://127.0.0.1:8080 -> container/whoami:80 at myserver',
    /\nI am whoami\n/,
  ],
  idle: [/mysql +Up /, /mysql +Exited \(0\)/, 'still here'],
  'quic-tunnel': [
    'certs/client.key\n',
    /curl -fsS -p --proxy localhost:10443 .*[\s\S]*an agent is connected agent=quic-tunnel-client/,
    /\nthe page inside\n/,
    'it said goodbye',
    // Of what both ends log, some comes after the next command was shown.
    /\nthe page inside\n/,
  ],
  wgtunnel: [
    'wg-up --endpoint myserver --demo',
    /\nhello from wg-demo-\S+, you are 100\./,
    /\nhello from wg-demo-\S+, you are 100\./,
    /myserver +complete +wireguard.* in wg-demo-\S+ +\S+ in wg-demo-/,
    /tunnel-list\nPEER.*\n\$ .*peers\nNAME.*\nok/,
  ],
  'udp-on-demand': ['192.0.2.7', /dnsmasq +Up /],
};

/** A directory for what an example keeps on disk, and all that bears its name. */
class Room implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'wormhole-room-'));

  /** Runs an example; `onOutput` sees all that was printed so far. */
  run(name: string, onOutput?: (text: string, child: ChildProcess) => void) {
    const child = spawn(join(root, 'examples/run'), [name], {
      cwd: '/',
      env: { ...process.env, TMPDIR: this.path, OFFLINE: '1', NODE: process.execPath },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        onOutput?.(text, child);
      });
    }
    return new Promise<{ text: string; code: number | null }>((done) =>
      child.once('close', (code) => done({ text, code })),
    );
  }

  /** What an example has left behind here. */
  traces() {
    return {
      files: readdirSync(this.path),
      mounts: linesOf('/proc/self/mounts').filter((line) => line.includes(this.path)),
      processes: readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .flatMap((pid) => [...linesOf(`/proc/${pid}/cmdline`), ...linesOf(`/proc/${pid}/environ`)])
        .filter((line) => line.includes(`${this.path}/`)),
      interfaces: Object.keys(networkInterfaces()),
      programs: this.#inWorlds(),
    };
  }

  /** Programs in worlds that were made here: they have mounts of their own, but the temporary files of this box. */
  #inWorlds(): string[] {
    const { dev } = statSync(this.path);
    const number = ` ${(dev >> 8) & 0xfff}:${dev & 0xff} `;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && mountsOf(name) !== mountsOf('self'))
      .filter((pid) => linesOf(`/proc/${pid}/mountinfo`).some((line) => line.includes(number)))
      .flatMap((pid) => linesOf(`/proc/${pid}/cmdline`));
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

const nothing = { files: [], mounts: [], processes: [], interfaces: Object.keys(networkInterfaces()), programs: [] };

function mountsOf(process: string): string {
  try {
    return readlinkSync(`/proc/${process}/ns/mnt`);
  } catch {
    return ''; // ended meanwhile
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ').split('\n');
  } catch {
    return []; // ended meanwhile
  }
}

test('the examples are those of which it is said here what they have to show', () => {
  const files = readdirSync(`${root}/examples`).filter((name) => name.endsWith('.sh') && name !== 'lib.sh');
  expect(files.map((name) => name.slice(0, -3)).sort()).toEqual(Object.keys(essential).sort());
});

test('an example that is not there is refused, with the way to the list', async () => {
  using room = new Room();
  const { text, code } = await room.run('99-nothing');
  expect({ text, code }).toEqual({
    text: 'examples: there is no example 99-nothing; examples/run lists them\n',
    code: 64,
  });
});

const missing = missingImages('dnsmasq', 'wordpress') ?? MariaDb.missing();
if (missing !== undefined) console.log(`examples.test.ts is skipped: ${missing}`);

describe.skipIf(missing !== undefined)('an example', () => {
  test.each(Object.entries(essential))('%s shows what it promises, and leaves nothing behind', async (name, shown) => {
    using room = new Room();
    const { text, code } = await room.run(name);
    expect(code, text).toBe(0);
    let from = 0;
    for (const line of shown) {
      const at = typeof line === 'string' ? text.indexOf(line, from) : text.slice(from).search(line) + from;
      expect(at, `${line} in\n${text.slice(from)}`).toBeGreaterThanOrEqual(from);
      from = at;
    }
    expect(text).toMatch(/\nok\n$/);
    expect(room.traces()).toEqual(nothing);
  });

  test.each([
    ['SIGTERM', 'udp-on-demand', '$ busybox'],
    ['SIGINT', '08-tunnel-alone', '$ ./wormhole ping'],
  ] as const)('leaves nothing behind when %s ends %s in the middle', async (signal, name, there) => {
    using room = new Room();
    let ended = false;
    const { text, code } = await room.run(name, (output, child) => {
      if (ended || !output.includes(there)) return;
      ended = true;
      child.kill(signal);
    });
    expect(ended, text).toBe(true);
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
    expect(text).not.toContain('\nok\n');
    expect(room.traces()).toEqual(nothing);
  });
});
