/** Whose policy decides, and how a peer is told no. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FakeEngine } from '../../../test/support/fake-engine.ts';
import { failure, never } from '../../../test/support/registry-world.ts';
import type { Container } from '../../docker/engine.ts';
import { WormholeError } from '../../lib/errors.ts';
import type { PolicyShape } from '../../spec/policy-shape.ts';
import { defaultPolicy, parsePolicy } from '../../spec/policy-shape.ts';
import { parse, plan } from '../../spec/spec.ts';
import type { EndpointName } from '../api/endpoints.ts';
import { endpoints } from '../api/endpoints.ts';
import { parsePeers } from '../config/peers.ts';
import { makePlace } from '../places/place.ts';
import { authorizer } from './authorize.ts';
import { factsOf } from './facts.ts';
import { Ground } from './ground.ts';
import { Policies } from './policies.ts';

const folder = mkdtempSync(join(tmpdir(), 'wormhole-policies-'));
afterAll(() => rmSync(folder, { recursive: true }));
const socket = join(folder, 'control.sock');
const host = makePlace({ label: 'host', namespaceId: 'net:[1]' });

function world(shop: PolicyShape = { verbs: ['dial'], targets: [{ cidr: '10.0.0.0/8' }] }) {
  const lines: unknown[] = [];
  const engine = new FakeEngine();
  const ground = new Ground({
    controlPorts: () => [9999],
    controlSockets: [socket],
    engine: { kind: 'tcp', host: '127.0.0.1', port: 2375, tls: false },
    otherAddresses: ['203.0.113.5'],
  });
  const peers = parsePeers({
    shop: { 'key-file': '/shop.key', policy: shop },
    friend: { 'key-file': '/friend.key' },
    nobody: { address: '10.0.0.9' },
  });
  const log = { info: (facts: unknown) => void lines.push(facts) };
  const settings = { peers, policy: parsePolicy(defaultPolicy, 'the policy for peers') };
  return { policies: new Policies({ settings, ground, engine, log, namespaceId: 'net:[1]' }), engine, lines };
}

const dial = (policies: Policies, identity: string, address: string, port = 80): string => {
  try {
    policies.permit(identity).dial({ protocol: 'tcp', host: address, port, place: host, own: false });
  } catch (error) {
    return WormholeError.is(error) ? error.message : String(error);
  }
  return 'allowed';
};

describe('policies', () => {
  test('that of its own decides for a peer with its own key, the common one for all others with a key', () => {
    const { policies } = world();
    expect(dial(policies, 'shop', '10.0.0.7')).toBe('allowed');
    expect(dial(policies, 'shop', '192.0.2.1')).toContain('the policy of peer shop denies dialing 192.0.2.1:80');
    for (const identity of ['friend', 'wormhole']) {
      expect(dial(policies, identity, '192.0.2.1')).toBe('allowed');
      expect(dial(policies, identity, '127.0.0.1', 9999)).toContain('the policy for peers denies');
    }
  });

  test('an identity that no key in the config proves may nothing', () => {
    const { policies } = world();
    for (const identity of ['nobody', 'gone', '__proto__']) {
      expect(dial(policies, identity, '192.0.2.1')).toContain('is not in the config');
      expect(() => policies.control(identity, 'it')).toThrow('is not in the config');
    }
  });

  test("A6 knows the machine's addresses, those before its NAT, and the engine's port", () => {
    const { policies } = world();
    expect(dial(policies, 'wormhole', '203.0.113.5', 9999)).toContain('control port');
    expect(dial(policies, 'wormhole', '127.0.0.1', 2375)).toContain('control port');
  });

  test('A26 a denial is an error for each, and few lines in the log', () => {
    const { policies, lines } = world();
    for (let i = 0; i < 1000; i++) expect(dial(policies, 'shop', '192.0.2.1')).not.toBe('allowed');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(20);
    expect(lines[0]).toMatchObject({ identity: 'shop', rule: 'targets' });
    dial(policies, 'wormhole', '127.0.0.1', 9999);
    expect(lines.at(-1)).toEqual({ identity: 'wormhole', rule: 'control-port', reason: expect.any(String) as string });
  });

  test('A26 a plan that is denied asks no engine; one that names containers asks what they are', async () => {
    const { policies, engine } = world({
      verbs: ['listen', 'dial', 'docker-ns'],
      listen: ['any'],
      targets: [{ label: 'tier=web' }],
    });
    const judge = (spec: string): Promise<void> => policies.judge('shop', plan(parse(spec.split(' '))), never);
    expect((await failure(judge('url :80 docker-ns db trigger docker-run web'))).detail).toEqual({ rule: 'verbs' });
    expect(engine.asked).toBe(0);
    engine.add('web', { labels: { tier: 'web' } });
    const { id } = engine.add('db', { labels: { tier: 'db' }, running: false });
    await judge('url :80 trigger docker-ns web');
    expect((await failure(judge('url :80 trigger docker-ns db'))).message).toContain('entering container db');
    expect((await failure(judge(`url :80 trigger docker-ns ${id.slice(0, 12)}`))).message).toContain('container db');
    // What is not there is refused as what it is, by whoever makes the wormhole.
    await judge('url :80 trigger docker-ns nobody');
    const { wake } = policies.permit('shop');
    expect(() => wake({ name: 'db', labels: { tier: 'db' }, hostNetwork: false })).toThrow('entering container db');
  });

  test('A6 the end of a tunnel is judged by the container that it is in now, or by the verb alone', () => {
    const end = (policies: Policies, container?: string): (() => void) => {
      const labels = { tier: container ?? '' };
      const found = { name: 'x', labels, hostNetwork: false } as unknown as Container;
      return () => policies.tunnelEnd('shop', container === undefined ? undefined : { container: found });
    };
    const { policies } = world({ verbs: ['tunnel', 'docker-ns'], listen: [{ label: 'tier=db' }] });
    expect(end(policies)).not.toThrow();
    expect(end(policies, 'db')).not.toThrow();
    expect(end(policies, 'web')).toThrow('entering container x');
    expect(end(world({ verbs: ['dial'] }).policies)).toThrow('the policy of peer shop denies');
    expect(end(world({ verbs: ['tunnel'], listen: ['any'] }).policies, 'db')).toThrow('docker-ns');
  });

  test('A17 where a peer wants packets of its tunnel is judged as what it has dialed', () => {
    const to = (policies: Policies, address: string, port = 4500): (() => void) => {
      return () => policies.tunnelTo('shop', address, port);
    };
    const { policies } = world({ verbs: ['tunnel', 'dial'], targets: [{ cidr: '10.0.0.0/8', ports: '4500-4599' }] });
    expect(to(policies, '10.1.2.3')).not.toThrow();
    expect(to(policies, '10.1.2.3', 53)).toThrow('dialing udp://10.1.2.3:53: none of its targets is that');
    expect(to(policies, '192.0.2.1')).toThrow('none of its targets is that');
    expect(to(world({ verbs: ['tunnel'], targets: ['any'] }).policies, '10.1.2.3')).toThrow('dial');
    const free = world({ verbs: ['tunnel', 'dial'], targets: ['any'] }).policies;
    expect(to(free, '192.0.2.1')).not.toThrow();
    expect(to(free, '203.0.113.5', 9999)).toThrow('it is a control port of this machine');
    expect(to(free, '100.100.100.200')).toThrow('metadata');
  });

  test('A5 a socket that commands this machine is known by any name', async () => {
    await using server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const link = join(folder, 'link.sock');
    symlinkSync(socket, link);
    const { policies } = world({ verbs: ['dial'], targets: [{ unix: link }, { unix: '/run/absent.sock' }] });
    const permit = (path: string, policy: string) => () =>
      policies.permit(policy).dial({ protocol: 'unix', host: '', port: 0, path, place: host, own: false });
    expect(permit(link, 'wormhole')).toThrow('unix socket of the host');
    // A rule that names the path opens it: who wrote it down knew where it leads.
    expect(permit(link, 'shop')).not.toThrow();
    expect(permit('/run/absent.sock', 'shop')).not.toThrow();
    expect(permit(socket, 'shop')).toThrow('unix socket of the host');
  });

  test('A17 clients that name their destination reach what is not denied always, whoever made the wormhole', () => {
    const { policies, lines } = world();
    const to = (address: string, port = 80) => {
      return () => policies.clients({ protocol: 'tcp', host: address, port, place: host, own: false });
    };
    for (const address of ['192.0.2.1', '127.0.0.1', '10.0.0.7', '::1']) expect(to(address)).not.toThrow();
    for (const address of ['169.254.169.254', '::ffff:a9fe:a9fe', '::a9fe:a9fe', '0.0.0.0', '::', 'fd00:ec2::254'])
      expect(to(address)).toThrow('connect denies dialing');
    expect(to('127.0.0.1', 9999)).toThrow('control port');
    expect(to('203.0.113.5', 9999)).toThrow('control port');
    expect(lines.at(-1)).toMatchObject({ identity: 'connect', rule: 'control-port' });
  });

  test('those that give the machine away are known', () => {
    expect(world().policies.rootGrants()).toEqual([]);
    const { policies } = world({ verbs: ['dial'], targets: [{ unix: socket }] });
    expect(policies.rootGrants()).toEqual([{ title: 'the policy of peer shop', what: [`target ${socket}`] }]);
  });

  test('peers that may be gone on to are judged by name and by address', () => {
    const { policies } = world({ verbs: ['dial'], targets: [{ peer: 'b' }] });
    const go = (name: string, address: string) => () => policies.peer('shop', { kind: 'name', name }, address);
    expect(go('b', '192.0.2.1')).not.toThrow();
    expect(go('b', '127.0.0.1')).toThrow('control port');
    expect(go('b', '169.254.169.254')).toThrow('metadata');
    expect(go('c', '192.0.2.1')).toThrow('none of its targets');
    expect(() => policies.peer('wormhole', { kind: 'unix', path: '/run/x.sock' }, '')).toThrow(
      'unix socket of the host',
    );
  });
});

describe('the control API for peers', () => {
  const names = Object.keys(endpoints) as EndpointName[];

  test('A9 without the verb control there is ping, health, guests and halves of tunnels, which are judged by themselves, and nothing else', () => {
    const authorize = authorizer(world().policies);
    const peer = { kind: 'peer', identity: 'shop', address: '' } as const;
    const open = names.filter((name) => {
      try {
        authorize(name, peer);
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'WH_ERR_POLICY', detail: { rule: 'verbs' } });
        return false;
      }
    });
    const halves = ['acceptInvitation', 'offerHalf', 'commitHalf', 'half', 'removeHalf', 'rekeyHalf'];
    expect(open).toEqual(['health', 'ping', 'putGuest', 'guest', 'removeGuest', 'rollGuests', ...halves]);
  });

  test('with it, and for the people of this machine, there is all of it', () => {
    const authorize = authorizer(world().policies);
    for (const name of names) {
      authorize(name, { kind: 'peer', identity: 'wormhole', address: '' });
      authorize(name, { kind: 'local', pid: 1, uid: 0, gid: 0 });
    }
  });
});

describe('a place, as policies look at it', () => {
  const container = new FakeEngine().add('web', { labels: { a: 'b' } });
  const facts = (parts: Partial<Parameters<typeof makePlace>[0]>) =>
    factsOf(makePlace({ label: 'x', namespaceId: 'net:[2]', ...parts }), false, 'net:[1]');
  const namespace = { [Symbol.dispose]: () => undefined } as never;

  test('is the host whenever its network is, whatever it is called', () => {
    expect(facts({})).toEqual({ kind: 'host' });
    expect(facts({ namespace, namespaceId: 'net:[1]' })).toEqual({ kind: 'host' });
    expect(facts({ namespace, hostNetwork: true })).toEqual({ kind: 'host' });
    expect(facts({ namespace, container, hostNetwork: true })).toMatchObject({ name: 'web', hostNetwork: true });
  });

  test('is else a container, or a namespace with or without a name', () => {
    expect(facts({ namespace, container })).toMatchObject({
      kind: 'container',
      labels: { a: 'b' },
      hostNetwork: false,
    });
    expect(facts({ namespace })).toEqual({ kind: 'other', name: 'x' });
    expect(facts({ namespace, root: namespace })).toEqual({ kind: 'other', name: '' });
  });
});
