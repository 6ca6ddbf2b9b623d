/**
 * What peers may not have through a daemon, asked for over TLS with the right key.
 *
 *     peer with the common key ── TLS :9999 ──► wormholed ──✗ itself, engine, metadata, the host's files
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { command } from '../support/command.ts';
import { Belongings } from '../support/daemon.ts';
import { ask, reach } from '../support/local.ts';
import { PeerCaller } from '../support/peer-call.ts';
import { echoServer } from '../support/relay-targets.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

const of = new Belongings();
afterAll(() => of[Symbol.dispose]());

const namespace = ownNamespace();
const daemon = sharedDaemon(() => ({ of, flags: ['-H', ':9999'] }));
const member = new PeerCaller(of.keyFile);

describe('a peer with the common key', () => {
  test('may have wormholes that lead to what there is', async () => {
    await using _echo = await echoServer({ host: '127.0.0.1', port: 9500 });
    expect(await member.denied('url :7000 tail url :9500')).toBe(201);
    expect(await ask(7000, 'x')).toBe('x');
    expect((await member.ask('/v1/wormholes')).status).toBe(200);
  });

  test.each([
    ':9999',
    '127.9.9.9:9999',
    '[::1]:9999',
    '[::ffff:127.0.0.1]:9999',
    'localhost:9999',
    'LOCALHOST.:9999',
    '[64:ff9b::7f00:1]:9999',
  ])('A6 may not have one that leads to the control port, as %s', async (address) => {
    expect(await member.denied(`url :7000 tail url ${address}`)).toBe('control-port');
    expect(await member.denied(`url :7000 tail url :9500 also url ${address}`)).toBe('control-port');
    expect(await reach(7000)).toBe('ECONNREFUSED');
    // Peers are looked up by the system, for which a name in capitals with a dot may be none; then nothing is dialed.
    const unknown = address.endsWith('.:9999') ? ['WH_ERR_NAME_NOT_RESOLVED'] : [];
    const pinged = await member.ping(address.replace(/^:/, '127.0.0.1:'));
    expect(['control-port', ...unknown]).toContain(pinged);
  });

  test("A6 nor by an address of an interface, nor by another name of the daemon's own namespace", async () => {
    await command('ip', ['address', 'add', '192.0.2.77/32', 'dev', 'lo']);
    try {
      expect(await member.denied('url :7000 tail url 192.0.2.77:9999')).toBe('control-port');
      expect(await member.denied('url :7000 tail url udp://192.0.2.77:9999')).toBe('WH_ERR_SPEC_INVALID');
      expect(await member.denied('url udp://:7000 tail url udp://192.0.2.77:9999')).toBe('control-port');
      expect(await member.denied(`url :7000 tail url ${namespace().name}@127.0.0.1:9999`)).toBe('control-port');
      expect(await member.denied(`url :7000 tail url pid:${daemon().pid}@127.0.0.1:9999`)).toBe('control-port');
      expect(await member.denied('url :7000 tail url 0.0.0.0:9999')).toBe('WH_ERR_SPEC_INVALID');
      expect(await member.ping(':9999')).toBe('control-port');
    } finally {
      await command('ip', ['address', 'delete', '192.0.2.77/32', 'dev', 'lo']);
    }
    expect(await reach(7000)).toBe('ECONNREFUSED');
  });

  test('A6 nor take the place of the control port', async () => {
    expect(await member.denied('url 127.0.0.3:9999 tail url :9500')).toBe('control-port');
    expect(await member.denied(`url ${namespace().name}@:9999 tail url :9500`)).toBe('control-port');
  });

  test('A5 nor reach unix sockets of the host, nor put any there', async () => {
    for (const path of [of.socket, '/var/run/docker.sock', '/run/podman/podman.sock', '/tmp/app.sock']) {
      expect(await member.denied(`url :7000 tail url unix://${path}`)).toBe('host-unix');
      expect(await member.denied(`url unix://${path} tail url :9500`)).toBe('host-unix');
      expect(await member.ping(`unix://${path}`)).toBe('host-unix');
    }
  });

  test.each([
    '169.254.169.254',
    '[::ffff:169.254.169.254]',
    '[::169.254.169.254]',
    '[64:ff9b::169.254.169.254]',
    '[2002:a9fe:a9fe::1]',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '100.100.100.200',
  ])('A17 nor a metadata service, as %s', async (address) => {
    expect(await member.denied(`url :7000 tail url ${address}:80`)).toBe('metadata');
    expect(await member.denied(`url udp://:7000 tail url udp://${address}:80`)).toBe('metadata');
    expect(await member.denied(`url :7000 tail url ${namespace().name}@${address}:80`)).toBe('metadata');
    expect(await member.ping(`${address}:9999`)).toBe('metadata');
  });

  test.each(['0251.0376.0251.0376', '2852039166', '0xa9fea9fe', '127.1'])(
    'A17 A18 nor anything by %s, which some read as an address',
    async (address) => {
      expect(await member.denied(`url :7000 tail url ${address}:80`)).toBe('WH_ERR_SPEC_INVALID');
      expect(await member.ping(`${address}:80`)).toBe('WH_ERR_USAGE');
    },
  );

  test('A17 a name is judged by what it means, each time: one that comes to mean the metadata service leads nowhere', async () => {
    const hosts = `/etc/netns/${namespace().name}`;
    mkdirSync(hosts, { recursive: true });
    try {
      writeFileSync(join(hosts, 'hosts'), '127.0.0.1 rebound.example\n');
      await using _echo = await echoServer({ host: '127.0.0.1', port: 9500 });
      expect(await member.denied(`id rebound url :7000 tail url ${namespace().name}@rebound.example:9500`)).toBe(201);
      expect(await ask(7000, 'x')).toBe('x');
      writeFileSync(join(hosts, 'hosts'), '127.0.0.1 rebound.example\n169.254.169.254 rebound.example\n');
      await daemon().sees('rebound', 'denied', ({ state }) => {
        void reach(7000);
        return state === 'failed';
      });
      expect((await daemon().look('rebound')).reason).toContain('metadata');
      writeFileSync(join(hosts, 'hosts'), '169.254.169.254 rebound.example\n');
      expect(await member.denied(`url :7001 tail url ${namespace().name}@rebound.example:9500`)).toBe('metadata');
    } finally {
      await command('rm', ['-r', hosts]);
    }
  });

  test.each([
    '--privileged web',
    '-v /:/host web',
    '-v /var/run/docker.sock:/var/run/docker.sock web',
    '--mount type=bind,source=/,target=/host web',
    '--network host web',
    '--network container:db web',
    '--device /dev/sda web',
    '--cap-add SYS_ADMIN web',
    '--security-opt seccomp=unconfined web',
    '--tmpfs /run web',
    '-p 80:80 web',
    '--restart always web',
    '--name db web',
  ])('A9 A26 A27 nor have the engine asked for docker-run %s', async (run) => {
    expect(await member.denied(['url', ':7000', 'trigger', 'docker-run', run])).toBe('run-flags');
    expect(await member.denied(['url', ':7000', 'tail', 'docker-run', run])).toBe('run-flags');
    const child = [
      'url',
      ':7000',
      'trigger',
      'docker-run',
      'shop',
      'child',
      'url',
      ':3306',
      'trigger',
      'docker-run',
      run,
    ];
    expect(await member.denied(child)).toBe('run-flags');
  });

  test('people of this machine may do all that', async () => {
    const { id } = await daemon().create(`url :7000 tail url unix://${of.socket}`);
    expect((await daemon().look(id)).state).toBe('up');
  });
});
