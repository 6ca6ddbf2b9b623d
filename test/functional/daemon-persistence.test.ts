/**
 * What a daemon remembers, and what it does with a memory that was damaged.
 *
 *     wormholed ──► STATE-DIR/wormholes/ID.json ──► the next wormholed
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WormholeList } from '../../src/spec/api.ts';
import { Belongings, Daemon, wormholed } from '../support/daemon.ts';
import { ask, at, portOf, reach } from '../support/local.ts';
import { echoServer, serve, type TargetServer } from '../support/relay-targets.ts';
import { ownNamespace } from '../support/world.ts';

ownNamespace();
let echo: TargetServer;
beforeAll(async () => {
  echo = await echoServer();
});
afterAll(() => echo[Symbol.asyncDispose]());

const record = (of: Belongings, id: string): string => join(of.stateDir, 'wormholes', `${id}.json`);
const ids = async (daemon: Daemon): Promise<string[]> =>
  (await daemon.get<WormholeList>('/v1/wormholes')).wormholes.map(({ id }) => id);

describe('memory', () => {
  test('after a restart: the same ids, ports and labels, in the same order; what was deleted stays away', async () => {
    using of = new Belongings();
    const tail = `tail url :${portOf(echo)}`;
    let before: WormholeList;
    {
      await using first = await Daemon.start({ of });
      await first.create(`id zebra url :9300 ${tail} label a=b max-conns 9`);
      await first.create(`url unix://${of.folder}/head.sock mode 0640 ${tail}`);
      await first.create(tail);
      await first.create(`id forgotten url :9301 ${tail}`);
      await first.wormhole('delete', 'forgotten');
      before = await first.get('/v1/wormholes');
      expect(await first.stop()).toBe(0);
    }
    await using second = await Daemon.start({ of });
    const after = await second.get<WormholeList>('/v1/wormholes');
    const lasting = ({ wormholes }: WormholeList): unknown =>
      wormholes.map(({ id, url, spec, labels, state, createdAt }) => ({ id, url, spec, labels, state, createdAt }));
    expect(lasting(after)).toEqual(lasting(before));
    expect(after.wormholes.map(({ state }) => state)).toEqual(['up', 'up', 'up']);
    const ephemeral = Number(/:(\d+)$/.exec(after.wormholes[2]?.url ?? '')?.[1]);
    expect(await ask(9300, 'x')).toBe('x');
    expect(await ask(ephemeral, 'x')).toBe('x');
    expect(statSync(join(of.folder, 'head.sock')).mode & 0o777).toBe(0o640);
    expect(await reach(9301)).toBe('ECONNREFUSED');
  });

  test('an engine that says nothing keeps the daemon waiting no longer than a while, and no other wormhole', async () => {
    using of = new Belongings();
    {
      await using first = await Daemon.start({ of });
      await first.create(`id plain url :9300 tail url :${portOf(echo)}`);
    }
    const plain = JSON.parse(readFileSync(record(of, 'plain'), 'utf8')) as Record<string, unknown>;
    const held = { ...plain, id: 'held', words: ['id', 'held', 'url', ':9302', 'docker-ns', 'db'], sequence: 2 };
    writeFileSync(record(of, 'held'), JSON.stringify(held), { mode: 0o600 });
    await using engine = await serve({ host: '127.0.0.1', port: 0 }, () => undefined);
    await using second = await Daemon.start({ of, env: { DOCKER_HOST: `tcp://127.0.0.1:${portOf(engine)}` } });
    expect(await ask(9300, 'x')).toBe('x');
    expect((await second.look('held')).state).toBe('waiting');
    second.signal('SIGTERM');
    second.signal('SIGTERM');
    expect(await second.stop()).toBe(0);
  });

  test('after kill -9: nothing that was acknowledged is lost, nothing stands in the way', async () => {
    using of = new Belongings();
    const socket = join(of.folder, 'head.sock');
    {
      await using first = await Daemon.start({ of });
      await first.create(`id one url :9300 tail url :${portOf(echo)}`);
      await first.create(`id file url unix://${socket} tail url :${portOf(echo)}`);
      const made = first.wormhole('create', 'id', 'last', 'tail', 'url', ':1');
      expect((await made).code).toBe(0);
      expect(await first.stop('SIGKILL')).toBe(null);
    }
    // A dead daemon's sockets lie about; they are nobody's.
    expect([existsSync(of.socket), existsSync(socket)]).toEqual([true, true]);
    await using second = await Daemon.start({ of });
    expect(await ids(second)).toEqual(['one', 'file', 'last']);
    expect(await ask(9300, 'x')).toBe('x');
    expect((await second.look('file')).state).toBe('up');
  });

  test('a damaged file is set aside, the daemon starts with the rest and says so', async () => {
    using of = new Belongings();
    {
      await using first = await Daemon.start({ of });
      for (const id of ['good', 'torn', 'newer', 'alien', 'misnamed']) await first.create(`id ${id} tail url :1`);
    }
    const text = readFileSync(record(of, 'torn'), 'utf8');
    writeFileSync(record(of, 'torn'), text.slice(0, text.length / 2));
    writeFileSync(
      record(of, 'newer'),
      readFileSync(record(of, 'newer'), 'utf8').replace('"version": 1', '"version": 9'),
    );
    writeFileSync(record(of, 'alien'), '[]');
    writeFileSync(record(of, 'misnamed'), readFileSync(record(of, 'good'), 'utf8'));
    writeFileSync(`${record(of, 'half')}.tmp`, '{');

    await using second = await Daemon.start({ of });
    expect(await ids(second)).toEqual(['good']);
    const files = readdirSync(join(of.stateDir, 'wormholes'));
    for (const id of ['torn', 'newer', 'alien', 'misnamed']) {
      expect(files.filter((name) => name.startsWith(`${id}.json.corrupt-`))).toHaveLength(1);
      expect(second.log).toContain(`${id}.json.corrupt-`);
    }
    expect(second.log).toContain('version 9');
    expect((await second.wormhole('logs')).stdout).toContain('set aside');
    expect((await second.wormhole('create', 'id', 'torn', 'tail', 'url', ':1')).code).toBe(0);
  });

  test('what cannot be made again is kept, shown as failed, and can be deleted', async () => {
    using of = new Belongings();
    {
      await using first = await Daemon.start({ of });
      await first.create('id busy url :9300 tail url :1');
    }
    {
      await using _squatter = await serve(at(9300));
      await using second = await Daemon.start({ of });
      const { state, reason } = await second.look('busy');
      expect({ state, reason }).toEqual({ state: 'failed', reason: expect.stringContaining('EADDRINUSE') as string });
      expect((await second.wormhole('ls')).stdout).toContain(reason);
      // It takes the port as soon as it is free.
      await _squatter[Symbol.asyncDispose]();
      await second.sees('busy', 'up', (one) => one.state === 'up');
    }
    await using third = await Daemon.start({ of });
    expect((await third.look('busy')).state).toBe('up');
    expect((await third.wormhole('delete', 'busy')).code).toBe(0);
    expect(existsSync(record(of, 'busy'))).toBe(false);
  });

  test('two daemons on one memory: the second is refused and names the first', async () => {
    using of = new Belongings();
    await using first = await Daemon.start({ of });
    const { code, stderr } = await wormholed(
      { ...pathsOf(of), socket: join(of.folder, 'other') },
      { flags: ['-H', ':7000'] },
    ).ended;
    expect(code).toBe(74);
    expect(stderr).toContain(`another wormholed (pid ${first.pid})`);
    expect((await first.wormhole('ping')).code).toBe(0);
  });

  test("memory is nobody else's: 0700, files 0600; a place that cannot be used is refused", async () => {
    using of = new Belongings();
    {
      await using first = await Daemon.start({ of });
      await first.create('id one tail url :1');
    }
    expect(statSync(of.stateDir).mode & 0o777).toBe(0o700);
    expect(statSync(record(of, 'one')).mode & 0o777).toBe(0o600);
    const { code, stderr } = await wormholed({ ...pathsOf(of), stateDir: of.keyFile }).ended;
    expect(code).toBe(74);
    expect(stderr).toContain(of.keyFile);
  });
});

function pathsOf({ folder, keyFile, socket, stateDir }: Belongings) {
  return { folder, keyFile, socket, stateDir };
}
