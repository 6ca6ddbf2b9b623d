/**
 * Unix heads against whoever shares their directory.
 *
 *     attacker (another user) ─ renames, links, connects ─► 0777 directory ◄─ head
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openUnixListener } from '../../src/proxy/head/unix-listener.ts';
import { connectTo } from '../support/relay-peer.ts';
import { until } from '../support/relay-wait.ts';

const missing = process.getuid?.() === 0 ? undefined : 'acting as other users takes root';
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** Somebody without any right but that of a member of {@link GROUP}. */
const [STRANGER, GROUP] = [65_533, 65_532];

let directory: string;
let children: ChildProcess[];
beforeEach(() => {
  children = [];
  directory = mkdtempSync(join(tmpdir(), 'wh-heads-'));
  chmodSync(directory, 0o755);
});
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
  }
  rmSync(directory, { recursive: true });
});

function start(program: string, words: readonly string[]): ChildProcess & { readonly said: () => string } {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  return Object.assign(child, { said: () => said });
}

/** Runs Python as the stranger. */
function stranger(script: string, ...words: readonly string[]): ReturnType<typeof start> {
  // Imports come first: the stranger may not be let into the interpreter's folder.
  const drop = `import os, socket, sys\nos.setgroups([])\nos.setgid(${GROUP})\nos.setuid(${STRANGER})\n`;
  return start('python3', ['-c', drop + script, ...words]);
}

/** Puts a symlink to the victim over the first name of every new head: one call each, for there is little time. */
const SWAP = `
place, victim = sys.argv[1:3]
os.chdir(place)
ready = "../links/link"
print("ready", flush=True)
os.symlink(victim, ready)
while True:
    for name in os.listdir("."):
        if name.endswith(".wormhole"):
            try:
                os.rename(ready, name)
                os.symlink(victim, ready)
                print("swapped", flush=True)
            except OSError:
                pass
`;

/** Connects to whatever is there. */
const KNOCK_ALWAYS = `
os.chdir(sys.argv[1])
print("ready", flush=True)
while True:
    for name in os.listdir("."):
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(name)
            print("connected", flush=True)
        except OSError as error:
            print("refused" if name.endswith(".wormhole") else "kept out", flush=True)
        client.close()
`;

const count = (text: string, line: string): number => text.split('\n').filter((one) => one === line).length;

describe.skipIf(missing !== undefined)('a head in a directory that everybody may write (A33)', () => {
  let open: string;
  beforeEach(() => {
    open = join(directory, 'open');
    for (const folder of [open, join(directory, 'links')]) {
      mkdirSync(folder);
      chmodSync(folder, 0o777);
    }
  });

  test('never gives its mode and owner to a file that was put in its place', async () => {
    const victim = join(directory, 'victim');
    writeFileSync(victim, 'secret', { mode: 0o600 });
    const attacker = stranger(SWAP, open, victim);
    await until('the attacker is there', () => attacker.said().includes('ready'));
    await until('the attacker has swapped often enough', () => {
      for (let i = 0; i < 200; i++) {
        try {
          openUnixListener({
            path: join(open, 'head.sock'),
            mode: 0o666,
            owner: { uid: STRANGER, gid: GROUP },
          })[Symbol.dispose]();
        } catch {
          // The attacker may prevent the head: the directory is his as well.
          rmSync(join(open, 'head.sock'), { force: true });
        }
      }
      return count(attacker.said(), 'swapped') >= 500;
    });
    expect(statSync(victim)).toMatchObject({ uid: 0, gid: 0 });
    expect(statSync(victim).mode & 0o777).toBe(0o600);
  });

  test('lets nobody in before it has its mode: not for a moment', async () => {
    const attacker = stranger(KNOCK_ALWAYS, open);
    await until('the attacker is there', () => attacker.said().includes('ready'));
    await until('the attacker has knocked at both names', () => {
      for (let i = 0; i < 200; i++) openUnixListener({ path: join(open, 'head.sock'), mode: 0o600 })[Symbol.dispose]();
      return ['refused', 'kept out'].every((line) => count(attacker.said(), line) >= 20);
    });
    expect(count(attacker.said(), 'connected')).toBe(0);
  });
});

describe.skipIf(missing !== undefined)('a head with a mode and an owner (A33)', () => {
  const KNOCK = `
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
    print("connected", flush=True)
except OSError as error:
    print(error.strerror, flush=True)
`;

  test.each([
    [{ mode: 0o660, owner: { uid: 0, gid: GROUP } }, 'connected'],
    [{ mode: 0o600, owner: { uid: STRANGER, gid: 0 } }, 'connected'],
    [{ mode: 0o666 }, 'connected'],
    [{ mode: 0o660, owner: { uid: 0, gid: GROUP + 2 } }, 'Permission denied'],
    [{ mode: 0o600 }, 'Permission denied'],
    [{}, 'Permission denied'],
  ])('%o: another user is %s', async (rights, expected) => {
    const path = join(directory, 'head.sock');
    using _listener = openUnixListener({ path, ...rights });
    const child = stranger(KNOCK, path);
    await once(child, 'close');
    expect(child.said().trim()).toBe(expected);
  });
});

describe('the socket of a process that was killed', () => {
  test('is stale, and replaced', async () => {
    const path = join(directory, 'head.sock');
    const script = 'import socket,sys,time\ns=socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1]);s.listen()\n';
    const child = start('python3', ['-c', `${script}print("up",flush=True)\ntime.sleep(600)`, path]);
    await until('it listens', () => child.said() !== '');
    expect(() => openUnixListener({ path })).toThrow('another program listens there');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(lstatSync(path).isSocket()).toBe(true);
    using _listener = openUnixListener({ path });
    await using client = await connectTo({ path });
    expect(client.ended).toBeUndefined();
  });
});
