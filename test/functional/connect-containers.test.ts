/**
 * `connect` out of containers: what the client names is what the container calls so, with its loopback, its networks and
 * its names; one that does not run is started by the first client, here and at a peer.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectHead, socksRequest } from '../support/connect-world.ts';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { dial } from '../support/local.ts';
import { onDemandHost, statesOf } from '../support/on-demand-host.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`connect-containers.test.ts is skipped: ${missing}`);

describe.skipIf(missing !== undefined)('connect out of a container', () => {
  const { host, daemon } = onDemandHost();
  let web: string;
  beforeAll(() => host().docker(['network', 'create', 'shop']));
  afterAll(() => host().docker(['network', 'rm', '--force', 'shop']));
  beforeEach(async () => {
    web = await host().run({ name: 'web', network: 'shop', image: ECHO, command: ['8080'] });
    await host().run({ name: 'db', network: 'shop', image: ECHO, command: ['3306'] });
  });

  /** What comes back through the tunnel to a destination, or the words of the refusal. */
  async function through(port: number, destination: string): Promise<string> {
    await using client = await dial(port);
    await client.send(connectHead(destination));
    const status = (await client.text(12)).slice(9);
    if (status !== '200') return status;
    await client.text('HTTP/1.1 200 Connection established\r\n\r\n'.length - 12);
    await client.send('hello');
    return await client.text(5);
  }

  test('its own loopback, its neighbours by name, and nobody else’s loopback', async () => {
    const { id, port } = await daemon().create(`url :0 tail connect docker-ns ${web.slice(0, 12)}`);
    expect(await through(port, '127.0.0.1:8080')).toBe('hello');
    expect(await through(port, 'localhost:8080')).toBe('hello');
    expect(await through(port, 'db:3306')).toBe('hello');
    expect(await through(port, '127.0.0.1:3306')).toBe('502');
    await daemon().wormhole('delete', '--now', id);
  });

  test('by SOCKS5 as well, to a name that only the container knows', async () => {
    const { id, port } = await daemon().create('url :0 tail connect socks5 docker-ns web');
    await using client = await dial(port);
    await client.send(socksRequest('db', 3306));
    expect([...(await client.read(4))]).toEqual([5, 0, 5, 0]);
    await client.read(8);
    await client.send('hello');
    expect(await client.text(5)).toBe('hello');
    await daemon().wormhole('delete', '--now', id);
  });

  test('that is stopped meanwhile: clients are told so, and served again when it runs', async () => {
    await host().run({ name: 'moody', image: ECHO, command: ['8080'] });
    const { id, port } = await daemon().create('url :0 tail connect docker-ns moody connect-timeout 1s');
    expect(await through(port, '127.0.0.1:8080')).toBe('hello');
    await host().docker(['stop', '-t', '0', 'moody']);
    await daemon().sees(id, 'waiting', ({ state }) => state === 'waiting');
    expect(await through(port, '127.0.0.1:8080')).toMatch(/^50[34]$/);
    await host().docker(['start', 'moody']);
    await daemon().sees(id, 'up', ({ state }) => state === 'up');
    await expect.poll(() => through(port, '127.0.0.1:8080')).toBe('hello');
    await daemon().wormhole('delete', '--now', id);
  });

  test('that the first client starts, once for all who come', async () => {
    const spec = ['url', ':0', 'trigger', 'connect', 'docker-run', `${ECHO} 8080`];
    const { id, port } = await daemon().create(spec);
    expect(await statesOf(host(), id)).toEqual([]);
    const patient = (): Promise<string> => through(port, '127.0.0.1:8080');
    const answers = await Promise.all(Array.from({ length: 10 }, patient));
    expect(await statesOf(host(), id)).toEqual(['running']);
    // Ready is the container, as far as anybody can tell; its service may need a moment more.
    expect(answers.every((one) => one === 'hello' || one === '502')).toBe(true);
    await expect.poll(patient).toBe('hello');
    await daemon().wormhole('delete', '--now', id);
  });
});
