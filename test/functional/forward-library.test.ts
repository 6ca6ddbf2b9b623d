/** `wormhole/forward` in a program of somebody else's: F51. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import type { ServerThere } from '../support/netns-sockets.ts';

const root = process.getuid?.() === 0;
if (!root) console.log('forward-library.test.ts is skipped: needs root');
const door = join(import.meta.dirname, '../../dist/agent/forward/index.js');

describe.skipIf(!root)('forward as a library', () => {
  let world: Hosts & { readonly client: Host; readonly server: Host };
  let echo: ServerThere;
  beforeAll(async () => {
    world = await Hosts.start({ hosts: { client: { down: true }, server: {} } });
    echo = await world.server.serve((socket) => void socket.pipe(socket));
  });
  afterAll(async () => {
    await echo?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  /** Runs a program in the client's host. @returns what it printed, as JSON */
  const run = async (body: string): Promise<unknown> => {
    const { belongings } = world.client;
    const file = join(belongings.folder, 'main.mjs');
    const options = { target: 'server', keyFile: belongings.keyFile, connections: [`0:${echo.port}`] };
    writeFileSync(
      file,
      `import { once } from 'node:events';
       import { connect } from 'node:net';
       import { forward, WormholeError } from ${JSON.stringify(door)};
       const options = ${JSON.stringify(options)};
       const print = (value) => console.log(JSON.stringify(value));
       ${body}`,
    );
    const { code, stdout, stderr } = await world.client.run([process.execPath, file]);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };

  test('F51 ports are open when it resolves, it tells what happens, and it lets the program end', async () => {
    const told = await run(`
      const events = [];
      const ports = await forward({ ...options, onEvent: ({ kind }) => events.push(kind) });
      const { listen } = ports.status().mappings[0];
      const socket = connect(Number(listen.split(':').at(-1)), '127.0.0.1');
      socket.write('hello');
      const [answer] = await once(socket, 'data');
      socket.destroy();
      await once(socket, 'close');
      while (!events.includes('closed')) await new Promise((resolve) => setTimeout(resolve, 5));
      const { state, peer, mappings: [{ bytesIn, bytesOut }] } = ports.status();
      await ports.close();
      await ports.over;
      print({ answer: String(answer), events, state, peer, bytesIn, bytesOut, after: ports.status().state });`);
    expect(told).toEqual({
      answer: 'hello',
      events: ['up', 'closed'],
      state: 'up',
      peer: 'server',
      bytesIn: 5,
      bytesOut: 5,
      after: 'closing',
    });
  });

  test('F51 failures are errors with a code, and a signal ends it', async () => {
    const told = await run(`
      const code = (error) => WormholeError.is(error) ? error.code : String(error);
      const failed = await forward({ ...options, connections: ['0:9999'] }).catch(code);
      const stop = new AbortController();
      const ports = await forward({ ...options, signal: stop.signal });
      stop.abort();
      await ports.over.catch(() => {});
      print({ failed });`);
    expect(told).toEqual({ failed: 'WH_ERR_POLICY' });
  });

  test('no native code is loaded: it runs where Node does', async () => {
    const told = await run(`
      const ports = await forward(options);
      print(process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node')));
      await ports.close();`);
    expect(told).toEqual([]);
  });
});
