/**
 * A process with relay workers in epoll_wait ends at once, whichever way it dies: a thread that is blocked in a native
 * call cannot be terminated, and Node joins its threads before it goes.
 *
 *     this test ── echo server ◄── plane in a child ◄── client
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PlaneChild, planeSources } from '../support/plane-child.ts';
import { connectTo, type Peer } from '../support/relay-peer.ts';
import { echoServer, serve, type TargetServer } from '../support/relay-targets.ts';
import { type Compiled, compile } from '../support/relay-worker.ts';

let compiled: Compiled;
beforeAll(() => {
  compiled = compile(...planeSources);
});
afterAll(() => compiled?.[Symbol.dispose]());

const portOf = ({ address }: TargetServer): number => (address.kind === 'ip' ? address.port : 0);

/** A child whose head is open; `end` is what it does when it hears its client. */
function childOf(target: TargetServer, end: string): PlaneChild {
  return new PlaneChild(
    compiled,
    `const { route, port } = await open(${portOf(target)});
     process.on('SIGUSR2', () => { ${end} });
     say(String(port));`,
  );
}

async function client(child: PlaneChild): Promise<Peer> {
  return connectTo({ host: '127.0.0.1', port: Number(await child.hear()) });
}

describe('a process with a living connection ends at once', () => {
  test.each([
    ['process.exit(3)', { code: 3, signal: null }],
    ['throw new Error("uncaught")', { code: 1, signal: null }],
    ['Promise.reject(new Error("unhandled"))', { code: 1, signal: null }],
    ['process.on("uncaughtException", () => process.exit(9)); throw new Error("caught")', { code: 9, signal: null }],
    ['process.exitCode = 4; void plane[Symbol.asyncDispose]()', { code: 4, signal: null }],
    ['void route.close(600_000); setTimeout(() => process.exit(5), 50)', { code: 5, signal: null }],
    ['process.kill(process.pid, "SIGTERM")', { code: null, signal: 'SIGTERM' }],
    ['process.kill(process.pid, "SIGINT")', { code: null, signal: 'SIGINT' }],
    ['process.abort()', { code: null, signal: 'SIGABRT' }],
  ])('by %s', async (end, how) => {
    await using target = await echoServer();
    await using child = childOf(target, end);
    await using peer = await client(child);
    await peer.send('alive');
    expect(await peer.text(5)).toBe('alive');
    process.kill(child.pid, 'SIGUSR2');
    expect(await child.end()).toMatchObject(how);
    // With the process go its sockets: the client is told, one way or the other.
    expect(await peer.ending()).toMatch(/eof|ECONNRESET/);
  });

  test('while its workers are busy with a stream that never pauses', async () => {
    await using target = await echoServer();
    await using child = childOf(target, 'process.exit(6)');
    await using peer = await client(child);
    const chunk = Buffer.alloc(1 << 20, 'w');
    const flood = (): void => void peer.socket.write(chunk, (error) => error ?? flood());
    flood();
    peer.socket.resume();
    await peer.read(8 << 20);
    process.kill(child.pid, 'SIGUSR2');
    expect(await child.end()).toMatchObject({ code: 6 });
  });

  test('while a stalled reader holds bytes in a pipe', async () => {
    await using target = await serve();
    await using child = childOf(target, 'throw new Error("stalled")');
    await using peer = await client(child);
    peer.socket.write(Buffer.alloc(32 << 20));
    const reader = await firstPeer(target);
    reader.socket.pause();
    process.kill(child.pid, 'SIGUSR2');
    expect(await child.end()).toMatchObject({ code: 1 });
  });
});

describe('a process without connections ends at once', () => {
  const lines: ReadonlyArray<readonly [string, string, number]> = [
    ['when its plane is disposed of and nothing is left to do', 'await plane[Symbol.asyncDispose]();', 0],
    [
      'without mourning the workers that it stopped itself',
      'const other = await startDataPlane({ onDeath: () => process.exit(1) }); await other[Symbol.asyncDispose](); process.exit(9);',
      9,
    ],
    ['by process.exit() right after the start', 'process.exit(7);', 7],
    ['by a throw of its main module', 'throw new Error("main");', 1],
    [
      'when routes were opened and the plane is disposed of under them',
      'await Promise.all([open(1), open(2), open(3)]); await plane[Symbol.asyncDispose]();',
      0,
    ],
    ['by process.exit() amid messages to its workers', 'for (let i = 1; i < 9; i++) void open(i); process.exit(8);', 8],
  ];

  test.each(lines)('%s', async (_when, program, code) => {
    await using child = new PlaneChild(compiled, program);
    expect(await child.end()).toMatchObject({ code, signal: null });
  });

  test.each([
    ['at once', ''],
    ['in the next turn', 'await new Promise((resolve) => setImmediate(resolve));'],
    ['a little later', 'await new Promise((resolve) => setTimeout(resolve, 30));'],
  ])('by process.exit() while its workers are still starting, %s', async (_when, pause) => {
    const program = `void startDataPlane({ workers: 4 }); ${pause} process.exit(2);`;
    await using child = new PlaneChild(compiled, program, { unstarted: true });
    expect(await child.end()).toMatchObject({ code: 2, signal: null });
  });

  test('with two planes', async () => {
    await using child = new PlaneChild(compiled, 'await startDataPlane({ workers: 2 }); process.exit(4);');
    expect(await child.end()).toMatchObject({ code: 4, signal: null });
  });
});

describe('a worker that faults', () => {
  const source = (text: string): string =>
    `new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(text)}))`;
  const dies = `
    import { workerData } from 'node:worker_threads';
    workerData.port.postMessage({ type: 'ready' });
    workerData.port.on('message', () => { throw new Error('died at work'); });`;

  test('before it is ready fails the start, and the process can end', async () => {
    const program = `
      await startDataPlane({ workers: 2, workerUrl: ${source('throw new Error("unfit")')} })
        .catch(({ code, cause }) => say(code + ' ' + cause.message));`;
    await using child = new PlaneChild(compiled, program, { unstarted: true });
    expect(await child.hear()).toBe('WH_ERR_INTERNAL unfit');
    expect(await child.end()).toMatchObject({ code: 0, signal: null });
  });

  test('at work is reported, fails what is asked of it, and the process can end', async () => {
    const program = `
      const onDeath = ({ code, message }) => say('death: ' + code + ' ' + message);
      const plane = await startDataPlane({ workers: 1, onFault, onDeath, workerUrl: ${source(dies)} });
      await open(1).catch(({ code, message }) => say(code + ' ' + message));
      await plane[Symbol.asyncDispose]();
      say('disposed');`;
    await using child = new PlaneChild(compiled, program, { unstarted: true });
    const said = [await child.hear(), await child.hear(), await child.hear(), await child.hear()];
    expect(said).toContain('fault: relay worker: died at work');
    expect(said).toContain('death: WH_ERR_INTERNAL a relay worker ended unasked');
    expect(said).toContain('WH_ERR_INTERNAL the relay worker is gone');
    expect(said.at(-1)).toBe('disposed');
    expect(await child.end()).toMatchObject({ code: 0, signal: null });
  });
});

async function firstPeer(target: TargetServer): Promise<Peer> {
  for (;;) {
    const [peer] = target.peers;
    if (peer !== undefined) return peer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
