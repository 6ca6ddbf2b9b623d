/**
 * `trigger docker-ns`: a container that somebody else made is started by a connection, and is never removed.
 *
 *     client ──► wormholed ──► db, stopped
 */
import { describe, expect, test } from 'vitest';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { at } from '../support/local.ts';
import { echo, fate, onDemandHost } from '../support/on-demand-host.ts';
import { UdpPeer } from '../support/relay-udp.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('a stopped container that a connection starts', () => {
  const { host, daemon } = onDemandHost();
  const running = async (name: string): Promise<boolean> => (await host().pid(name)) > 0;
  const made = (name: string, ...words: string[]): Promise<string> =>
    host().docker(['create', '--name', name, ECHO, ...words]);

  test('by name: started, left running by delete, and never removed', async () => {
    await made('db');
    const { id, port } = await daemon().create('url :0 trigger url :80 docker-ns db');
    expect((await daemon().look(id)).state).toBe('idle');
    expect(await running('db')).toBe(false);
    expect(await echo(port, 'hello')).toBe('hello');
    await daemon().wormhole('delete', id);
    expect(await running('db')).toBe(true);
  });

  test('by name, after the container was made anew: the new one is started', async () => {
    await made('db');
    const { id, port } = await daemon().create('url :0 trigger url :80 docker-ns db');
    expect(await echo(port, 'first')).toBe('first');
    await host().docker(['rm', '--force', 'db']);
    await daemon().sees(id, 'not up', ({ state }) => state !== 'up');
    expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
    const second = await made('db');
    expect(await echo(port, 'second')).toBe('second');
    expect(await running(second)).toBe(true);
  });

  test('by id: through restarts and renaming; gone when it is removed, whoever bears the name', async () => {
    const mine = await made('db');
    const { id, port } = await daemon().create(`url :0 trigger url :80 docker-ns ${mine.slice(0, 12)}`);
    expect(await echo(port, 'hello')).toBe('hello');
    await host().docker(['rename', 'db', 'other']);
    await host().docker(['kill', 'other']);
    await daemon().sees(id, 'idle', ({ state }) => state === 'idle');
    expect(await echo(port, 'again')).toBe('again');
    await host().docker(['rm', '--force', 'other']);
    await made('other');
    await daemon().sees(id, 'not up', ({ state }) => state !== 'up');
    expect(await fate(port)).toMatch(/^(eof|ECONNRESET)$/);
    expect(await running('other')).toBe(false);
  });

  test('one that runs already is not touched, and one that is paused goes on', async () => {
    const id = await host().run({ name: 'db', image: ECHO });
    const { port } = await daemon().create('url :0 trigger url :80 docker-ns db');
    const started = (): Promise<string> => host().docker(['inspect', '--format', '{{.State.StartedAt}}', id]);
    const before = await started();
    expect(await echo(port, 'hello')).toBe('hello');
    await host().docker(['pause', 'db']);
    await host().docker(['unpause', 'db']);
    expect(await echo(port, 'again')).toBe('again');
    expect(await started()).toBe(before);
  });

  test('UDP: the first datagrams are held, and arrive in their order', async () => {
    await made('dns', '53', '500');
    const { id, port } = await daemon().create('url udp://:0 trigger url :53 docker-ns dns');
    await using client = await UdpPeer.bind();
    const sent = Array.from({ length: 60 }, (_, n) => `datagram ${n}`);
    for (const text of sent) await client.send(text, at(port));
    await client.datagram(59);
    expect(client.received.map(({ data }) => data.toString())).toEqual(sent);
    expect((await daemon().look(id)).stats).toMatchObject({ datagramsIn: 60, datagramsOut: 60, datagramsDropped: 0 });
  });

  test('UDP: of more than can be held, the first ones of each client arrive, and what was dropped is counted', async () => {
    await made('dns', '53', '700');
    const { id, port } = await daemon().create('url udp://:0 trigger url :53 docker-ns dns');
    await using greedy = await UdpPeer.bind();
    await using modest = await UdpPeer.bind();
    for (let n = 0; n < 100; n++) await greedy.send(`${n}`, at(port));
    await modest.send('me too', at(port));
    expect((await modest.datagram()).data.toString()).toBe('me too');
    await greedy.datagram(63);
    expect(greedy.received.map(({ data }) => data.toString())).toEqual(Array.from({ length: 64 }, (_, n) => `${n}`));
    expect((await daemon().look(id)).stats.datagramsDropped).toBe(36);
  });
});
