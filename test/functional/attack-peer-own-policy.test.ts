/**
 * What a peer with a key and a policy of its own may have, and what becomes of its wormholes when that changes.
 *
 *     peer "shop" ──┐
 *     peer "quiet" ─┴─ TLS :9999, a key each ──► wormholed
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { Belongings, Daemon } from '../support/daemon.ts';
import { KeyedPeers } from '../support/keyed-peers.ts';
import { ask, reach } from '../support/local.ts';
import { PeerCaller, ruleOf } from '../support/peer-call.ts';
import { echoServer } from '../support/relay-targets.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

const of = new Belongings();
const appSocket = join(of.folder, 'app.sock');
const peers = new KeyedPeers(of, {
  shop: {
    verbs: ['dial', 'listen', 'control', 'docker-run'],
    listen: [{ cidr: '127.0.0.0/8', ports: '7000-7999' }],
    targets: [{ cidr: '127.0.0.1', ports: [9500, 9999] }, { cidr: '127.0.0.2', ports: 9999 }, { unix: appSocket }],
    images: ['registry.example/shop/*:1.*'],
  },
  quiet: { verbs: ['dial'], targets: [{ cidr: '127.0.0.1', ports: 9500 }] },
});
afterAll(() => of[Symbol.dispose]());

const namespace = ownNamespace();
const daemon = sharedDaemon(() => ({ of, flags: [...peers.flags, '-H', ':9999'] }));
const shop = peers.caller('shop');
const quiet = peers.caller('quiet');

describe('a peer with a policy of its own', () => {
  test('A6 may have what it lists: every wormhole is judged, whatever came before', async () => {
    await using _echo = await echoServer({ host: '127.0.0.1', port: 9500 });
    expect(await shop.denied('url :7000 tail url :9500')).toBe(201);
    expect(await ask(7000, 'x')).toBe('x');
    expect(await shop.denied('url :7001 tail url :9501')).toBe('targets');
    expect(await shop.denied('url :7001 tail url 127.0.0.2:9500')).toBe('targets');
    expect(await shop.denied('url :8000 tail url :9500')).toBe('listen');
    expect(await shop.denied('url 0.0.0.0:7001 tail url :9500')).toBe('listen');
    expect(await shop.denied('url :7001 tail docker-ns web url :9500')).toBe('verbs');
    expect(await shop.denied(`url :7001 tail url ${namespace().name}@127.0.0.1:9501`)).toBe('targets');
    expect(await shop.denied(`url :7001 tail url pid:${process.pid}@127.0.0.1:9500`)).toBe(201);
  });

  test('A5 A6 what is denied to all is opened by the rule that names exactly it', async () => {
    expect(await shop.denied('url :7000 tail url :9999')).toBe('control-port');
    expect(await shop.denied('url :7000 tail url 127.0.0.2:9999')).toBe(201);
    expect(await shop.denied(`url :7001 tail url unix://${appSocket}`)).toBe(201);
    expect(await shop.denied(`url :7002 tail url unix://${of.socket}`)).toBe('host-unix');
  });

  test('A27 only images that it lists are asked for', async () => {
    expect(await shop.denied('url :7000 trigger docker-run mysql')).toBe('images');
    expect(await shop.denied('url :7000 trigger docker-run evil.example/registry.example/shop/web:1.0')).toBe('images');
    const digest = `registry.example/shop/web:1.0@sha256:${'a'.repeat(64)}`;
    expect(await shop.denied(`url :7000 trigger docker-run ${digest}`)).toBe('images');
    expect(await shop.denied('url :7000 trigger docker-run registry.example/shop/web:1.0')).toBe(201);
  });

  test('A9 without the verb control it is told that the daemon is there, and nothing else', async () => {
    await daemon().create('id secret url :7000 tail url :9500');
    expect((await quiet.ask('/v1/health')).status).toBe(200);
    expect((await quiet.ask('/v1/ping', { method: 'POST', json: { payload: 'x' } })).status).toBe(200);
    for (const path of ['', '/secret', '/secret/stats']) {
      expect(ruleOf(await quiet.ask(`/v1/wormholes${path}`))).toBe('verbs');
    }
    for (const path of ['stats', 'logs', 'events', 'doctor', 'containers']) {
      const answer = await quiet.ask(`/v1/${path}`);
      expect(ruleOf(answer)).toBe('verbs');
      expect(answer.text).not.toContain('secret');
    }
    expect(ruleOf(await quiet.ask('/v1/wormholes/secret', { method: 'DELETE' }))).toBe('verbs');
    expect(await quiet.denied('url :7001 tail url :9500')).toBe('verbs');
    expect(await quiet.ping('127.0.0.1:9501')).toBe('targets');
    expect((await daemon().look('secret')).state).toBe('up');
  });

  test('A26 a thousand denials cost few lines and leave nothing', async () => {
    const before = daemon().log.length;
    for (let i = 0; i < 100; i++) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => shop.denied('url :7001 tail url :9501')));
      expect(new Set(answers)).toEqual(new Set(['targets']));
    }
    const lines = daemon().log.slice(before).split('"msg":"denied by policy"').length - 1;
    expect(lines).toBeGreaterThan(0);
    expect(lines).toBeLessThan(300);
    expect((await daemon().get<{ wormholes: Wormhole[] }>('/v1/wormholes')).wormholes).toEqual([]);
  });
});

describe('a policy that has become another one', () => {
  test('A6 holds for wormholes of before, after a restart', async () => {
    using own = new Belongings();
    const file = join(own.folder, 'wormholed.yaml');
    const start = (text: string, port: string): Promise<Daemon> => {
      writeFileSync(file, text);
      return Daemon.start({ of: own, flags: ['--config', file, '-H', `:${port}`] });
    };
    {
      await using first = await start('', '7100');
      expect(await new PeerCaller(own.keyFile, undefined, 7100).denied('id theirs url :7000 tail url :9500')).toBe(201);
      await first.create('id ours url :7001 tail url :9500');
    }
    await using second = await start('policy: {verbs: [dial]}', '7100');
    expect(await second.look('ours')).toMatchObject({ state: 'up' });
    expect(await second.look('theirs')).toMatchObject({ state: 'failed' });
    expect((await second.look('theirs')).reason).toContain('the policy for peers denies listening');
    expect(await reach(7000)).toBe('ECONNREFUSED');
  });
});
