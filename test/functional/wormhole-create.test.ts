/**
 * Making wormholes and taking them away, as the command line sees it.
 *
 *     client ──► wormholed ──► echo server, all on 127.0.0.1
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, dial, portOf, reach } from '../support/local.ts';
import { peerOf, serve, type TargetServer } from '../support/relay-targets.ts';
import { until } from '../support/relay-wait.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon();
let echo: TargetServer;
beforeAll(async () => {
  echo = await serve(undefined, (socket) => socket.pipe(socket));
});
afterAll(() => echo[Symbol.asyncDispose]());

describe('create', () => {
  test('WF9: prints two fields and listens; after delete it does not', async () => {
    const { code, stdout } = await daemon().wormhole('create', 'url', ':9000', 'tail', 'url', `:${portOf(echo)}`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[a-z]+-[a-z]+ tcp:\/\/127\.0\.0\.1:9000\n$/);
    expect(await ask(9000, 'hello')).toBe('hello');
    const [id = ''] = stdout.split(' ');
    expect(await daemon().wormhole('delete', id)).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await reach(9000)).toBe('ECONNREFUSED');
    expect(await daemon().wormhole('delete', id)).toMatchObject({ code: 66 });
    expect(await daemon().wormhole('delete', '--ignore-missing', id)).toMatchObject({ code: 0 });
    expect((await daemon().wormhole('ls', '-q')).stdout).toBe('');
  });

  test('an ephemeral port is printed, and works', async () => {
    const { stdout } = await daemon().wormhole('create', 'tail', 'url', `:${portOf(echo)}`);
    const port = Number(/:(\d+)\n$/.exec(stdout)?.[1]);
    expect(await ask(port, 'hello')).toBe('hello');
  });

  test('an id and labels are what was given; an id that is taken is refused', async () => {
    const spec = ['id', 'shop', 'label', 'team=web', 'tail', 'url', `:${portOf(echo)}`];
    await daemon().create(spec.join(' '));
    expect(await daemon().look('shop')).toMatchObject({ id: 'shop', labels: { team: 'web' }, state: 'up' });
    const again = await daemon().wormhole('create', ...spec);
    expect(again).toMatchObject({ code: 73, stdout: '' });
    expect(again.stderr).toContain('WH_ERR_WORMHOLE_EXISTS');
    expect((await daemon().wormhole('ls', '-q')).stdout).toBe('shop\n');
  });

  test('a port that is taken: by a stranger, and by one of ours, who is named', async () => {
    await using stranger = await serve();
    const foreign = await daemon().wormhole('create', 'url', `:${portOf(stranger)}`, 'tail', 'url', ':1');
    expect(foreign).toMatchObject({ code: 73, stdout: '' });
    expect(foreign.stderr).toContain('another program listens there');
    await daemon().create(`id first url :9001 tail url :${portOf(echo)}`);
    const ours = await daemon().wormhole('create', 'url', ':9001', 'tail', 'url', ':1');
    expect(ours).toMatchObject({ code: 73 });
    expect(ours.stderr).toContain('wormhole first listens there');
    expect((await daemon().wormhole('ls', '-q')).stdout).toBe('first\n');
  });

  test.each([
    ['url :9002 tail url :9002'],
    ['url 0.0.0.0:9002 tail url :9002'],
    ['url 127.0.0.1:9002 tail url localhost:9002'],
    ['url [::1]:9002 tail url [::1]:9002'],
    ['url :9002 tail url :9003 also url :9002'],
    ['url udp://:9002 tail url :9002'],
    ['url pid:PID@:9002 tail url :9002'],
    ['url :9002 tail url pid:PID@:9002'],
  ])('what would lead to itself is refused: %s', async (spec) => {
    const words = spec.replace('PID', String(daemon().pid)).split(' ');
    const { code, stdout, stderr } = await daemon().wormhole('create', ...words);
    expect({ code, stdout }).toEqual({ code: 65, stdout: '' });
    expect(stderr).toContain('WH_ERR_SELF_PROXY');
    expect(await reach(9002)).toBe('ECONNREFUSED');
  });

  test.each(['tunnel', 'udptunnel'])('a %s to whom nobody knows is refused, and nothing is left', async (word) => {
    const { code, stdout, stderr } = await daemon().wormhole('create', 'url', ':9004', word, 'db-host');
    expect({ code, stdout }).toEqual({ code: 68, stdout: '' });
    expect(stderr).toContain('WH_ERR_NAME_NOT_RESOLVED');
    expect(stderr).toContain('db-host');
    expect(await reach(9004)).toBe('ECONNREFUSED');
    expect((await daemon().wormhole('ls', '-q')).stdout).toBe('');
  });

  test('XT6: what cannot be made leaves nothing behind', async () => {
    for (const [spec, code] of [
      ['url :9005 tail docker-ns nobody', 69],
      ['url :9005 tail url no-such-netns@:1', 71],
      ['url :9005 tail url pid:4194304@:1', 71],
      ['url no-such-name.invalid:9005 tail url :1', 68],
      ['url :9005 tail url no-such-name.invalid:1', 68],
      ['url unix:///no/such/directory/s tail url :1', 73],
    ] as const) {
      const ended = await daemon().wormhole('create', ...spec.split(' '));
      expect({ spec, code: ended.code, stderr: ended.stderr }).toMatchObject({ spec, code });
      expect(await reach(9005)).toBe('ECONNREFUSED');
    }
    expect((await daemon().wormhole('ls', '-q')).stdout).toBe('');
    expect((await daemon().wormhole('create', 'url', ':9005', 'tail', 'url', ':1')).code).toBe(0);
  });
});

describe('delete', () => {
  test('closes the listener and lets living connections end in peace; says so meanwhile', async () => {
    await using target = await serve();
    const { id, port } = await daemon().create(`tail url :${portOf(target)}`);
    await using client = await dial(port);
    await client.send('ping');
    const peer = await peerOf(target);
    expect((await daemon().wormhole('delete', id)).code).toBe(0);
    expect(await reach(port)).toBe('ECONNREFUSED');
    await daemon().sees(id, 'draining', ({ state }) => state === 'draining');

    expect(await peer.text(4)).toBe('ping');
    peer.finish('the last word');
    expect(await client.text()).toBe('the last word');
    client.finish();
    await until('it is forgotten', async () => (await daemon().wormhole('inspect', id)).code === 66);
  });

  test('--now ends living connections on both sides', async () => {
    await using target = await serve();
    const { id, port } = await daemon().create(`tail url :${portOf(target)}`);
    await using client = await dial(port);
    const peer = await peerOf(target);
    expect((await daemon().wormhole('delete', '--now', id)).code).toBe(0);
    expect(await client.ending()).toBe('ECONNRESET');
    expect(await peer.ending()).toBe('ECONNRESET');
  });

  test('the port and the id are free for another at once', async () => {
    await using target = await serve();
    const first = await daemon().create(`id again tail url :${portOf(target)}`);
    await using client = await dial(first.port);
    await peerOf(target);
    await daemon().wormhole('delete', 'again');
    await daemon().create(`id again url :${first.port} tail url :${portOf(echo)}`);
    expect(await ask(first.port, 'new')).toBe('new');
    expect(client.ended).toBeUndefined();
  });
});
