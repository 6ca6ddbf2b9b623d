/**
 * A daemon's life, from its first listener to its exit code.
 *
 *     test's namespace ── wormholed ──┬── 127.0.0.1:9999 or what -H says
 *                                     └── unix sockets
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Belongings, Daemon, wormholed } from '../support/daemon.ts';
import { at, dial, portOf, reach } from '../support/local.ts';
import { wormhole } from '../support/program.ts';
import { echoServer, peerOf, serve } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { ownNamespace } from '../support/world.ts';

ownNamespace();
const float = /^\d+\.\d{6}\n$/;

describe('the daemon', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'WF1: listens on 9999, ends with 0 on %s and leaves nothing',
    async (signal) => {
      using of = new Belongings();
      await using daemon = await Daemon.start({ of });
      await using _control = await dial(9999);
      expect(existsSync(of.socket)).toBe(true);
      expect(await daemon.stop(signal)).toBe(0);
      expect(existsSync(of.socket)).toBe(false);
      expect(existsSync(`/proc/${daemon.pid}`)).toBe(false);
      expect(readdirSync(of.folder).toSorted()).toEqual(['key.secret', 'state']);
      expect(await reach(9999)).toBe('ECONNREFUSED');
    },
  );

  test('WF2: listens on another port, and not on 9999', async () => {
    await using daemon = await Daemon.start({ flags: ['-H', ':6666'] });
    await using _control = await dial(6666);
    expect(await reach(9999)).toBe('ECONNREFUSED');
    const { code, stdout } = await wormhole(['-H', ':6666', '-K', daemon.of.keyFile, 'ping']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(float) });
    expect(await daemon.stop()).toBe(0);
  });

  test('every -H answers: ports, addresses, a relative socket path', async () => {
    await using daemon = await Daemon.start({
      flags: ['-H', '127.0.0.1:7001', '-H', '[::1]:7002', '-H', 'unix://./other.sock', '-H', '127.0.0.2'],
    });
    const { keyFile, folder } = daemon.of;
    for (const address of ['127.0.0.1:7001', '[::1]:7002', '127.0.0.2:9999', `unix://${folder}/other.sock`]) {
      const { code, stdout } = await wormhole(['-H', address, '-K', keyFile, 'ping']);
      expect({ address, code, stdout }).toEqual({ address, code: 0, stdout: expect.stringMatching(float) });
    }
    expect((await daemon.wormhole('ping')).code).toBe(0);
    expect(await daemon.stop()).toBe(0);
    expect(existsSync(join(folder, 'other.sock'))).toBe(false);
  });

  test('one of several addresses that is taken: refuses to start, and frees the others', async () => {
    await using _other = await serve(at(7002));
    using of = new Belongings();
    const { code, stderr } = await wormholed(of, { flags: ['-H', ':7001', '-H', '127.0.0.1:7002'] }).ended;
    expect(code).toBe(73);
    expect(stderr).toContain('127.0.0.1:7002');
    expect(existsSync(of.socket)).toBe(false);
    expect(await reach(7001)).toBe('ECONNREFUSED');
  });

  test('a second daemon on the same socket is refused, and the first goes on', async () => {
    await using first = await Daemon.start();
    using of = new Belongings();
    const second = await wormholed(of, { flags: ['-H', `unix://${first.of.socket}`, '-H', ':7001'] }).ended;
    expect(second.code).toBe(73);
    expect(second.stderr).toContain('another wormholed');
    expect((await first.wormhole('ping')).code).toBe(0);
  });

  test('SIGTERM: nobody new is let in, a living connection is served to its end', async () => {
    await using echo = await echoServer();
    await using daemon = await Daemon.start();
    const { port } = await daemon.create(`tail url :${portOf(echo)}`);
    await using client = await dial(port);
    await client.send('before');
    expect(await client.text(6)).toBe('before');

    daemon.signal('SIGTERM');
    await daemon.logged('"msg":"stopping"');
    await until('nobody is let in', async () => (await reach(port)) === 'ECONNREFUSED');
    await client.send('during');
    expect(await client.text(6)).toBe('during');
    client.finish('last');
    expect(await client.text()).toBe('last');
    expect((await daemon.ended).code).toBe(0);
  });

  test('a second signal ends at once what still lives', async () => {
    await using target = await serve();
    await using daemon = await Daemon.start({ flags: ['--drain', '10m'] });
    const { port } = await daemon.create(`tail url :${portOf(target)}`);
    await using client = await dial(port);
    await client.send('x');
    const peer = await peerOf(target);
    daemon.signal('SIGTERM');
    await daemon.logged('"msg":"stopping"');
    expect(client.ended).toBeUndefined();
    expect(await daemon.stop('SIGINT')).toBe(0);
    // Not FIN: neither side may take what it has for the whole.
    expect(await client.ending()).toBe('ECONNRESET');
    expect(await peer.ending()).toBe('ECONNRESET');
  });

  test('a drain that is over ends what still lives', async () => {
    await using target = await serve();
    await using daemon = await Daemon.start({ flags: ['--drain', '100ms'] });
    const { port } = await daemon.create(`tail url :${portOf(target)}`);
    await using client = await dial(port);
    await peerOf(target);
    expect(await daemon.stop()).toBe(0);
    expect(await client.ending()).toBe('ECONNRESET');
  });
});
