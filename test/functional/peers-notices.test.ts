/**
 * What becomes of the far end of a wormhole is seen at its near end by itself: in `ls`, in `inspect`, and by whoever
 * listens to events.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { ECHO, importEcho, missingEcho } from '../support/echo-image.ts';
import { EventReader } from '../support/event-reader.ts';
import type { Host } from '../support/host.ts';
import { Hosts } from '../support/hosts.ts';
import { Netns } from '../support/netns.ts';
import { until } from '../support/relay-wait.ts';

const noEngine = missingEcho();
if (noEngine !== undefined) console.log(`peers-notices.test.ts is partly skipped: ${noEngine}`);

let world: Hosts & { readonly a: Host; readonly b: Host; readonly c: Host };
beforeAll(async () => {
  world = await Hosts.start({ hosts: { a: {}, b: { engine: noEngine === undefined }, c: {} } });
  if (noEngine === undefined) await importEcho(world.b.engine);
});
afterAll(() => world?.[Symbol.asyncDispose]());
// Of a test that failed, and is tried again or followed by others.
afterEach(async () => {
  const { wormholes } = await world.a.daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes');
  const ids = wormholes.map(({ id }) => id);
  if (ids.length > 0) await world.a.daemon.wormhole('delete', '--now', ...ids);
});

async function listed(host: Host, id: string): Promise<string> {
  const { stdout } = await host.daemon.wormhole('ls');
  return stdout.split('\n').find((line) => line.includes(id)) ?? '';
}

async function guestOf(host: Host, id: string): Promise<string> {
  const { wormholes } = await host.daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes');
  return wormholes.find((one) => one.id.startsWith(`${id}.`))?.id ?? '';
}

describe('the far end of a wormhole', () => {
  test('goes and comes back: ls, inspect and events here tell it, in the words of the peer', async () => {
    using place = Netns.create();
    const { a } = world;
    const { id } = await a.daemon.create(`url :0 remote b tail url ${place.name}@:80`);
    using events = new EventReader(a.daemon, id);
    await until('how it is was told', () => events.states.includes('up'));
    place.unname();
    const seen = await a.daemon.sees(id, 'not up', ({ state }) => state !== 'up');
    expect(seen.reason).toMatch(/^peer b: .*wormhole-/);
    expect(await listed(a, id)).toContain(seen.state);
    expect((await a.daemon.wormhole('inspect', id)).stdout).toContain(seen.reason);
    await until('whoever listens was told', () =>
      events.seen.some(({ state, reason }) => state === seen.state && reason === seen.reason),
    );
    await a.daemon.wormhole('delete', '--now', id);
  });

  test('over three hosts: each adds whose words they are', async () => {
    using place = Netns.create();
    const { a } = world;
    const { id } = await a.daemon.create(`url :0 remote b remote c tail url ${place.name}@:80`);
    place.unname();
    const seen = await a.daemon.sees(id, 'not up', ({ state }) => state !== 'up');
    expect(seen.reason).toMatch(/^peer b: peer c: .*wormhole-/);
    await a.daemon.wormhole('delete', '--now', id);
  });

  test('deleted by people over there, it is told to be, and is up again with the next connection', async () => {
    const { a, b } = world;
    await using service = await b.serve((socket) => socket.pipe(socket));
    const { id, port } = await a.daemon.create(`url :0 remote b tail url :${service.port}`);
    await b.daemon.wormhole('delete', '--now', await guestOf(b, id));
    await a.daemon.sees(id, 'told to be deleted', ({ reason }) => reason.includes('peer b: it was deleted there'));
    await using client = await a.connect(port);
    await client.send('hello');
    expect(await client.text(5)).toBe('hello');
    await a.daemon.sees(id, 'up again', ({ state, reason }) => state === 'up' && reason === '');
    await a.daemon.wormhole('delete', '--now', id);
  });

  test('is heard of again after the connection was replaced, and after the link was', async () => {
    const { a, b } = world;
    using place = Netns.create();
    const { id } = await a.daemon.create(`url :0 remote b tail url ${place.name}@:80`);
    await a.daemon.wormhole('kick', 'b');
    await b.daemon.stop();
    await a.daemon.sees(id, 'waiting for its peer', ({ state }) => state === 'waiting');
    await b.up();
    await a.daemon.sees(id, 'up', ({ state }) => state === 'up');
    await a.daemon.wormhole('kick', 'b');
    place.unname();
    await a.daemon.sees(id, 'told anew', ({ state, reason }) => state !== 'up' && reason.startsWith('peer b: '));
    await a.daemon.wormhole('delete', '--now', id);
  });

  test('costs its link one stream, however many there are, and none once there are none', async () => {
    const { a } = world;
    const made = await Promise.all([1, 2, 3].map(() => a.daemon.create('url :0 remote b tail url :1')));
    await until('one stream is open', async () => (await a.peer('b')).streams === 1);
    await a.daemon.wormhole('delete', '--now', ...made.map(({ id }) => id));
    await until('no stream is open', async () => (await a.peer('b')).streams === 0);
  });
});

describe.skipIf(noEngine !== undefined)('a container at the far end', () => {
  test('that is started by the first connection: idle, starting, up', async () => {
    const { a, b } = world;
    const { id, port } = await a.daemon.create(`url :0 remote b trigger url :80 docker-run ${ECHO}`);
    using events = new EventReader(a.daemon, id);
    await until('it is told to be idle', () => events.states.includes('idle'));
    await using client = await a.connect(port);
    await client.send('hello');
    expect(await client.text(5)).toBe('hello');
    await until('it is told to be up', () => events.states.includes('up'));
    expect(events.states).toEqual(['idle', 'starting', 'up']);
    await a.daemon.wormhole('delete', '--now', id);
    await b.engine.clear();
  });

  test('whose image is nowhere to be found: failed, and the engine there says why', async () => {
    const { a } = world;
    const spec = ['url', ':0', 'remote', 'b', 'trigger', 'url', ':80', 'docker-run', '--pull=never nowhere/such:1'];
    const { id, port } = await a.daemon.create(spec);
    await using client = await a.connect(port);
    await client.ending();
    const { reason } = await a.daemon.sees(id, 'failed', ({ state }) => state === 'failed');
    expect(reason).toMatch(/^peer b: .*nowhere\/such/);
    expect(await listed(a, id)).toContain('failed');
    await a.daemon.wormhole('delete', '--now', id);
  });

  test('that stops and runs again', async () => {
    const { a, b } = world;
    await b.engine.run({ name: 'db' });
    const { id } = await a.daemon.create('url :0 remote b tail url :80 docker-ns db');
    await b.engine.docker(['stop', '-t', '0', 'db']);
    const { reason } = await a.daemon.sees(id, 'waiting', ({ state }) => state === 'waiting');
    expect(reason).toMatch(/^peer b: .*db/);
    await b.engine.docker(['start', 'db']);
    await a.daemon.sees(id, 'up', ({ state }) => state === 'up');
    await a.daemon.wormhole('delete', '--now', id);
    await b.engine.clear();
  });
});
