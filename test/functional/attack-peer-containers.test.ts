/**
 * What peers may not have through containers, asked for over TLS with the right key.
 *
 *     peer ── TLS :9999 ──► wormholed ──► dockerd ── web (bridge), near (network of the host), ci (has docker.sock)
 */
import { afterAll, describe, expect, test } from 'vitest';
import { Belongings } from '../support/daemon.ts';
import { ECHO, missingEcho } from '../support/echo-image.ts';
import { KeyedPeers } from '../support/keyed-peers.ts';
import { echo, fate, onDemandHost, statesOf } from '../support/on-demand-host.ts';
import { PeerCaller } from '../support/peer-call.ts';
import { until } from '../support/relay-wait.ts';

const missing = missingEcho();
if (missing !== undefined) console.log(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('peers and containers', () => {
  const of = new Belongings();
  const peers = new KeyedPeers(of, {
    shop: {
      verbs: ['dial', 'listen', 'docker-ns', 'docker-run', 'control'],
      listen: [{ cidr: '127.0.0.0/8' }],
      targets: [{ label: 'tier=web', ports: 80 }],
      images: ['wormhole/echo'],
    },
  });
  const { host, daemon } = onDemandHost(() => ({ of, flags: [...peers.flags, '-H', ':9999'] }));
  afterAll(() => of[Symbol.dispose]());
  const member = new PeerCaller(of.keyFile);
  const shop = peers.caller('shop');
  const running = (name: string): Promise<string> => host().docker(['inspect', '--format', '{{.State.Running}}', name]);

  test("A6 the control port is not reached by the bridge's gateway, from the host nor from a container", async () => {
    await host().run({ name: 'web', image: ECHO });
    expect(await member.denied('url :7000 tail url 172.29.0.1:9999')).toBe('control-port');
    expect(await member.denied('url :7000 tail docker-ns web url 172.29.0.1:9999')).toBe('control-port');
    expect(await member.denied('url :7000 tail docker-ns web url [::ffff:172.29.0.1]:9999')).toBe('control-port');
    await host().sh('web', 'echo 172.29.0.1 gateway.example >>/etc/hosts');
    expect(await member.denied('url :7000 tail docker-ns web url gateway.example:9999')).toBe('control-port');
    expect(await member.denied(['url', ':7000', 'tail', 'docker-run', ECHO, 'url', '172.29.0.1:9999'])).toBe(
      'control-port',
    );
    expect(await member.denied('url :7000 tail docker-ns web url :9999')).toBe(201);
  });

  test("A6 nor by a container in the host's network, whose loopback is ours", async () => {
    await host().run({ name: 'near', network: 'host', image: ECHO, command: ['8080'], flags: ['--label=tier=web'] });
    expect(await member.denied('url :7000 tail docker-ns near url :9999')).toBe('control-port');
    expect(await member.denied('url :7000 tail docker-ns near url [::1]:9999')).toBe('control-port');
    expect(await member.denied('url :9999 docker-ns near tail url :80')).toBe('control-port');
    expect(await member.denied('url :7000 tail docker-ns near url :8080')).toBe(201);
    // A rule about the container is none about the host.
    expect(await shop.denied('url :7001 tail docker-ns near url :80')).toBe('targets');
  });

  test('A5 an engine socket that a container was given is out of reach, whatever it is called there', async () => {
    const mounts = [`-v=${host().socketPath}:/tmp/innocent`, `-v=${host().directory}:/engine`, `-v=${of.folder}:/ours`];
    await host().run({ name: 'ci', image: ECHO, flags: mounts });
    for (const path of ['/tmp/innocent', '/engine/docker.sock', '/ours/wormhole.sock', '/tmp/../tmp/innocent']) {
      expect(await member.denied(`url :7000 tail docker-ns ci url unix://${path}`)).toBe('engine-socket');
    }
    await host().sh('ci', 'echo >/tmp/file');
    expect(await member.denied('url :7000 tail docker-ns ci url unix:///tmp/file')).toBe(201);
    expect(await fate(7000)).toMatch(/^(eof|ECONNRESET)$/);
  });

  test('A17 a container that comes to call the metadata service its database leads nowhere', async () => {
    await host().run({ name: 'web', image: ECHO });
    await host().sh('web', 'echo 127.0.0.1 db.example >>/etc/hosts');
    expect(await member.denied('id there url :7000 tail docker-ns web url db.example:80')).toBe(201);
    expect(await echo(7000, 'hello')).toBe('hello');
    await host().sh('web', 'echo 169.254.169.254 db.example >/etc/hosts');
    const { reason } = await daemon().sees('there', 'denied', ({ state }) => {
      void fate(7000);
      return state === 'failed';
    });
    expect(reason).toContain('link-local or a metadata service');
    expect(await fate(7000)).toMatch(/^(eof|ECONNRESET)$/);
    // A probe would dial as well.
    const probed = [
      'url',
      ':7001',
      'tail',
      'docker-run',
      `--add-host m.example:169.254.169.254 ${ECHO}`,
      'url',
      'm.example:80',
    ];
    expect(await member.denied(probed)).toBe('run-flags');
  });

  test('A27 what concerns a container alone is started for a peer, and for one with a policy by its image', async () => {
    expect(await member.denied(['url', ':7000', 'trigger', 'url', ':80', 'docker-run', `-e A=b ${ECHO}`])).toBe(201);
    expect(await echo(7000, 'hello')).toBe('hello');
    expect(await shop.denied(['id', 'own', 'url', ':7001', 'trigger', 'url', ':80', 'docker-run', ECHO])).toBe(201);
    expect(await echo(7001, 'hello')).toBe('hello');
    expect(await statesOf(host(), 'own')).toEqual(['running']);
    expect(await shop.denied('url :7002 tail docker-run wormhole/test url :80')).toBe('images');
    // What it started is a target of its own, and no way to others.
    expect(
      await shop.denied(['id', 'way', 'url', ':7003', 'trigger', 'url', '172.29.0.1:80', 'docker-run', ECHO]),
    ).toBe(201);
    expect(await fate(7003)).toMatch(/^(eof|ECONNRESET)$/);
    expect((await daemon().look('way')).reason).toContain('none of its targets');
  });

  test('A26 A32 no container is woken that no rule is about: not at create, not when it has come to be another', async () => {
    await host().docker(['create', '--name', 'secret', ECHO]);
    await host().docker(['create', '--name', 'web', '--label', 'tier=web', ECHO]);
    expect(await shop.denied('url :7000 trigger docker-ns secret url :80')).toBe('targets');
    const id = await host().docker(['inspect', '--format', '{{.Id}}', 'secret']);
    expect(await shop.denied(`url :7000 trigger docker-ns ${id.slice(0, 12)} url :80`)).toBe('targets');
    expect(await running('secret')).toBe('false');

    expect(await shop.denied('id woken url :7000 trigger docker-ns web url :80')).toBe(201);
    await host().docker(['rm', 'web']);
    await host().docker(['rename', 'secret', 'web']);
    for (let n = 0; n < 20; n++) expect(await fate(7000)).toMatch(/^(eof|ECONNRESET)$/);
    expect(await running('web')).toBe('false');
    expect((await daemon().look('woken')).reason).toContain('entering container web');

    await host().docker(['rm', 'web']);
    await host().docker(['create', '--name', 'web', '--label', 'tier=web', ECHO]);
    await until('the new one serves', async () => {
      void fate(7000);
      return (await running('web')) === 'true';
    });
  });
});
