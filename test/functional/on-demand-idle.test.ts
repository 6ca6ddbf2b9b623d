/**
 * Containers that are ended when nobody needs them, and started again by whoever comes.
 *
 *     two wormholes ──► one container ──► stopped, paused or removed
 */
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { at, dial } from '../support/local.ts';
import { containersOf, echo, onDemandHost, statesOf, timesOf } from '../support/on-demand-host.ts';
import { UdpPeer } from '../support/relay-udp.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('a container that nobody needs', () => {
  const { host, daemon } = onDemandHost();
  const create = (...options: string[]) =>
    daemon().create(['url', ':0', 'trigger', 'url', ':80', 'docker-run', ECHO, ...options]);
  const state = async (id: string): Promise<string | undefined> => (await statesOf(host(), id))[0];
  const idle = (id: string) => daemon().sees(id, 'idle', ({ state }) => state === 'idle');

  test('is stopped, and started again by the next connection', async () => {
    const { id, port } = await create('idle', '300ms');
    expect(await echo(port, 'one')).toBe('one');
    await until('it is stopped', async () => (await state(id)) === 'exited');
    await idle(id);
    expect(await echo(port, 'two')).toBe('two');
    expect(await timesOf(host(), id, 'create')).toBe(1);
  });

  test('on-idle pause: is frozen, keeps its memory and its connections are new ones', async () => {
    const { id, port } = await create('idle', '300ms', 'on-idle', 'pause');
    expect(await echo(port, 'one')).toBe('one');
    await until('it is frozen', async () => (await state(id)) === 'paused');
    expect(await echo(port, 'two')).toBe('two');
    expect(await timesOf(host(), id, 'start')).toBe(1);
    await until('it is frozen again', async () => (await state(id)) === 'paused');
    await daemon().wormhole('delete', id);
    expect(await containersOf(host(), id)).toEqual([]);
  });

  test('on-idle remove: is gone, and made anew', async () => {
    const { id, port } = await create('idle', '300ms', 'on-idle', 'remove');
    expect(await echo(port, 'one')).toBe('one');
    await until('it is removed', async () => (await state(id)) === undefined);
    expect(await echo(port, 'two')).toBe('two');
    expect(await timesOf(host(), id, 'create')).toBe(2);
  });

  test('is needed as long as a connection is open, through whichever wormhole; silent ones count', async () => {
    const id = await host().run({ name: 'db', image: ECHO });
    const second = await daemon().create('url :0 tail url :80 docker-ns db');
    const client = await dial(second.port);
    const first = await daemon().create('url :0 trigger url :80 docker-ns db idle 300ms');
    await client.send('open');
    expect(await client.text(4)).toBe('open');
    await pause(1200);
    expect(await host().pid(id)).toBeGreaterThan(0);
    await client.send('still');
    expect(await client.text(5)).toBe('still');
    await client[Symbol.asyncDispose]();
    await until('it is stopped', async () => (await host().pid(id)) === 0);
    expect(await echo(first.port, 'again')).toBe('again');
  });

  test('is needed as long as a UDP flow lasts', async () => {
    const words = ['url', 'udp://:0', 'trigger', 'url', ':80', 'docker-run', ECHO, 'idle', '300ms'];
    const { id, port } = await daemon().create(words);
    await using client = await UdpPeer.bind();
    await client.send('one', at(port));
    expect((await client.datagram()).data.toString()).toBe('one');
    // The flow lives for a minute of silence.
    await pause(1200);
    expect(await state(id)).toBe('running');
    await client.send('two', at(port));
    expect((await client.datagram(1)).data.toString()).toBe('two');
    expect(await timesOf(host(), id, 'start')).toBe(1);
  });

  test.each([
    ['stopped', ECHO, 'stop', 'start'],
    ['stopped and so removed, with --rm,', `--rm --name once ${ECHO}`, 'stop', 'create'],
    ['paused', ECHO, 'pause', 'unpause'],
    ['removed', `--name again ${ECHO}`, 'remove', 'create'],
  ])(
    'R23 connections that arrive all the time while it is %s again and again are all served',
    async (_how, args, onIdle, event) => {
      const words = ['url', ':0', 'trigger', 'url', ':80', 'docker-run', args, 'idle', '20ms', 'on-idle', onIdle];
      const { id, port } = await daemon().create(words);
      let served = 0;
      const lost: string[] = [];
      // For long enough, however slow this machine is now.
      let enough = false;
      const client = async (gapMs: number): Promise<void> => {
        for (let n = 0; !enough; n++) {
          await echo(port, `${n}`).then(
            (text) => void (text === `${n}` ? served++ : lost.push(text)),
            (error: Error) => void lost.push(error.message),
          );
          // Around the time that it takes to be found idle, now shorter, now longer.
          await pause(gapMs + (n % 7) * 9);
        }
      };
      const clients = [client(10), client(25), client(40)];
      try {
        await pause(2000);
        const again = async (): Promise<boolean> => served > 10 && (await timesOf(host(), id, event)) > 1;
        await until('many were served, by more than one', again);
      } finally {
        enough = true;
      }
      await Promise.all(clients);
      expect(lost).toEqual([]);
      if (event !== 'create') expect(await timesOf(host(), id, 'create')).toBe(1);
    },
  );
});
