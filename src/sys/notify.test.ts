import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDescriptors } from '../../test/support/descriptors.ts';
import { within } from '../../test/support/relay-wait.ts';
import { notify } from './notify.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'wh-notify-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A service manager: a real unix datagram socket, whose datagrams it prints, one per line. */
class ServiceManager implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(address: string) {
    this.#child = spawn('python3', ['-c', RECEIVER, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('no pipe');
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  async next(): Promise<string> {
    const line = await within('a line of the service manager', this.#lines.next());
    if (line.done === true) throw new Error('the service manager has ended');
    return JSON.parse(line.value) as string;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }
}

const RECEIVER = `
import json, socket, sys
address = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\\0" + address[1:] if address.startswith("@") else address)
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(receiver.recv(65536).decode()), flush=True)
`;

describe('notify', () => {
  test.each([
    ['a path', () => join(directory, 'notify')],
    ['a path of the greatest length', () => `${directory}/${'n'.repeat(106 - directory.length)}`],
    ['an abstract address', () => `@wh-${randomBytes(6).toString('hex')}`],
  ])('reaches a service manager at %s', async (_what, make) => {
    const address = make();
    await using manager = new ServiceManager(address);
    expect(await manager.next()).toBe('bound');
    expect(notify('READY=1', address)).toBe(true);
    expect(notify('STOPPING=1\nSTATUS=two relays left', address)).toBe(true);
    expect(await manager.next()).toBe('READY=1');
    expect(await manager.next()).toBe('STOPPING=1\nSTATUS=two relays left');
  });

  test.each([
    ['nobody listens at the path', () => join(directory, 'nobody')],
    ['nobody has the abstract address', () => `@wh-${randomBytes(6).toString('hex')}`],
    ['the path is longer than any socket may have', () => `/${'x'.repeat(200)}`],
    ['the address is empty', () => ''],
    ['the address is of a kind that is not ours', () => 'vsock:2:1234'],
  ])('answers false, and leaves nothing open, when %s', (_what, make) => {
    const before = openDescriptors();
    expect(notify('READY=1', make())).toBe(false);
    expect(openDescriptors()).toBe(before);
  });
});
