/**
 * A container that does what it can: takes ports, poisons its own files, changes names, lays links.
 *
 *     test ──► wormholed ──┬──► victim
 *                          └──► evil (may mount and make devices in its own file system)
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DockerHost } from '../support/docker-host.ts';
import { ask, portOf, reach } from '../support/local.ts';
import { Netns } from '../support/netns.ts';
import { connectTo } from '../support/relay-peer.ts';
import { echoServer, namedServer } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { ownEngine, sharedDaemon } from '../support/world.ts';

const missing = DockerHost.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);
const outside = mkdtempSync(join(tmpdir(), 'wormhole-outside-'));
afterAll(() => rmSync(outside, { recursive: true }));

describe.skipIf(missing !== undefined)('a hostile container', () => {
  const host = ownEngine();
  const daemon = sharedDaemon(() => ({ env: { DOCKER_HOST: host().address } }));
  const evil = (command: string[] = []): Promise<string> =>
    host().run({ name: 'evil', network: 'none', flags: ['--cap-add=SYS_ADMIN', '--cap-add=MKNOD'], command });
  const inside = async (name: string): Promise<Netns> => Netns.ofProcess(await host().pid(name));
  const create = (spec: string) => daemon().wormhole('create', ...spec.split(' '));

  test('A31: it takes the port first: create says so; after a restart it is told who has it', async () => {
    await evil(['nc', '-ll', '-p', '9600', '-e', 'cat']);
    const there = await inside('evil');
    await until('it has the port', async () => (await there.visit(() => reach(9600))) === 'connected');
    const squatted = await create('url :9600 docker-ns evil tail url :1');
    expect(squatted).toMatchObject({ code: 73, stderr: expect.stringContaining('EADDRINUSE') as string });
    await using home = await namedServer('home');
    await host().clear();
    await host().run({ name: 'evil', network: 'none' });
    const { id } = await daemon().create(`url :9600 docker-ns evil tail url :${portOf(home)}`);
    expect(await (await inside('evil')).visit(() => ask(9600, ''))).toBe('home');
    await host().clear();
    await evil(['nc', '-ll', '-p', '9600', '-e', 'cat']);
    // It may lose the race; whoever has the port, the daemon tells which.
    const { state, reason } = await daemon().sees(id, 'decided', (one) => one.state === 'up' || one.state === 'failed');
    expect(state === 'up' || reason.includes('EADDRINUSE')).toBe(true);
    expect((await daemon().wormhole('ping')).code).toBe(0);
  });

  test('A31: its resolv.conf and hosts mislead nobody else, and a FIFO in their place stops nothing', async () => {
    await evil();
    await host().sh('evil', 'umount /etc/resolv.conf /etc/hosts; rm -f /etc/resolv.conf; mkfifo /etc/resolv.conf');
    await host().sh('evil', 'echo 127.0.0.6 victim > /etc/hosts');
    const [fifo, ping] = await Promise.all([create('tail url nobody:80 docker-ns evil'), daemon().wormhole('ping')]);
    expect(fifo.code).toBe(68);
    expect(ping.code).toBe(0);
    // Its own names are its own affair; nobody else has them.
    expect((await create('tail url victim:80 docker-ns evil')).code).toBe(0);
    expect((await create('tail url victim:80')).code).toBe(68);
  });

  test('A32: a name that looks like an id, and one that changes hands', async () => {
    const victim = await host().run({ name: 'victim', network: 'none' });
    await using _real = await (await inside('victim')).visit(() =>
      namedServer('real', { host: '127.0.0.1', port: 9601 }),
    );
    const early = await daemon().create(`tail url :9601 docker-ns ${victim.slice(0, 12)}`);
    expect(await ask(early.port, '')).toBe('real');

    const impostor = victim.slice(0, 12);
    await host().run({ name: impostor, network: 'none' });
    await using _fake = await (await inside(impostor)).visit(() =>
      namedServer('fake', { host: '127.0.0.1', port: 9601 }),
    );
    const ambiguous = await create(`tail url :9601 docker-ns ${impostor}`);
    expect(ambiguous).toMatchObject({ code: 65, stdout: '' });
    expect(ambiguous.stderr).toContain('WH_ERR_CONTAINER_AMBIGUOUS');
    const full = await daemon().create(`tail url :9601 docker-ns ${victim}`);
    expect(await ask(full.port, '')).toBe('real');
    expect(await ask(early.port, '')).toBe('real');

    // The name moves; who was named by id does not.
    const named = await daemon().create('tail url :9601 docker-ns victim');
    await host().docker(['rename', 'victim', 'other']);
    await host().docker(['rename', impostor, 'victim']);
    await expect.poll(() => ask(named.port, '')).toBe('fake');
    expect(await ask(full.port, '')).toBe('real');
    expect((await daemon().look(early.id)).state).toBe('up');
  });

  test('A32: a prefix of a name is no name, a label is no name', async () => {
    await host().run({ name: 'database', flags: ['--label=com.docker.compose.service=db', '--hostname=db'] });
    for (const name of ['data', 'db', 'Database', 'database ', '/database', '*', '.']) {
      const { code, stdout } = await daemon().wormhole('create', 'url', ':9602', 'docker-ns', name);
      expect({ name, stdout }).toEqual({ name, stdout: '' });
      expect([65, 68]).toContain(code);
    }
  });

  test("A33: a link in its file system never leads to the host's sockets, from whichever side it is laid", async () => {
    await evil();
    await using _secret = await echoServer({ path: join(outside, 'secret.sock') });
    const real = join(outside, 'secret.sock');
    const { port } = await daemon().create(
      'url :9603 tail url unix:///run/x.sock docker-ns evil connect-timeout 200ms',
    );
    for (const target of [
      real,
      `../../../..${real}`,
      `/proc/1/root${real}`,
      `/proc/self/root${real}`,
      '/proc/self/fd/3',
    ]) {
      await host().sh('evil', `ln -sf ${target} /run/x.sock`);
      await expect(ask(port, 'secret?')).rejects.toThrow('ECONNRESET');
      await host().sh('evil', `rm /run/x.sock; ln -sfn ${outside} /run/d`);
      const direct = await daemon().post({
        words: `id d url :9604 tail url unix:///run/d/secret.sock docker-ns evil connect-timeout 200ms`.split(' '),
      });
      expect(direct.status).toBe(201);
      await expect(ask(9604, 'secret?')).rejects.toThrow('ECONNRESET');
      await daemon().wormhole('delete', '--now', 'd');
    }
    // Nor does a FIFO or a device there block it.
    await host().sh('evil', 'mkfifo /run/x.sock');
    await expect(ask(port, 'x')).rejects.toThrow('ECONNRESET');
    expect((await daemon().wormhole('ping')).code).toBe(0);
  });

  test('A33: a head in its file system stays in there, whatever links lead out; and it is really there', async () => {
    await evil();
    await using _home = await namedServer('home', { host: '127.0.0.1', port: 9605 });
    await host().sh('evil', `ln -sfn ${outside} /run/out; mkdir -p /run/in`);
    const before = readdirSync(outside);
    const led = await create('url unix:///run/out/head.sock docker-ns evil tail url :9605');
    expect(led.code).toBe(73);
    expect(readdirSync(outside)).toEqual(before);

    const { id } = await daemon().create('url unix:///run/in/head.sock docker-ns evil tail url :9605');
    expect(await host().sh('evil', 'ls /run/in')).toBe('head.sock');
    expect(existsSync('/run/in/head.sock')).toBe(false);
    {
      await using client = await connectTo({ path: `/proc/${await host().pid('evil')}/root/run/in/head.sock` });
      expect(await client.text(4)).toBe('home');
    }
    // It swaps the directory; what is removed is our file, not one outside.
    await host().sh(
      'evil',
      `mv /run/in /run/was 2>/dev/null || { cp -r /run/in /run/was; }; ln -sfn ${outside} /run/in`,
    );
    await daemon().wormhole('delete', id);
    expect(readdirSync(outside)).toEqual(before);
  });
});
