import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FakeEngine } from '../../../test/support/fake-engine.ts';
import type { NamespaceRef } from '../../spec/plan.ts';
import { type Processes, procfs, startTimeOf } from './process.ts';
import { resolvePlace } from './resolve.ts';

const { signal } = new AbortController();
const processes: Processes = { startTime: () => '1', belongsTo: () => true };
const db: NamespaceRef = { kind: 'container', container: 'db' };
const openFds = (): number => readdirSync('/proc/self/fd').length;

describe('resolvePlace', () => {
  test('the host has no descriptors, and the identity of the own namespace', async () => {
    using place = await resolvePlace({ kind: 'host' }, { engine: new FakeEngine() }, signal);
    expect(place).toMatchObject({ label: 'host', namespace: undefined, root: undefined, pid: 0, hostNetwork: false });
    expect(place.namespaceId).toMatch(/^net:\[\d+\]$/);
  });

  test('a process on our own namespace is recognised', async () => {
    using place = await resolvePlace({ kind: 'pid', pid: process.pid }, { engine: new FakeEngine() }, signal);
    expect(place).toMatchObject({ label: `pid:${process.pid}`, pid: process.pid, hostNetwork: true });
    expect(place.namespace?.id).toBe(place.namespaceId);
  });

  test('a place closes its descriptors once', async () => {
    const fds = openFds();
    const place = await resolvePlace({ kind: 'pid', pid: process.pid }, { engine: new FakeEngine() }, signal);
    expect(openFds()).toBe(fds + 2);
    place[Symbol.dispose]();
    place[Symbol.dispose]();
    expect(openFds()).toBe(fds);
  });

  test('a process that does not exist, and a name that is no namespace, are refused', async () => {
    const refused: NamespaceRef[] = [
      { kind: 'pid', pid: 2 ** 22 + 1 },
      { kind: 'netns', name: 'no-such-namespace' },
      { kind: 'netns', name: '../netns' },
      { kind: 'netns', name: '..' },
      { kind: 'netns', name: '' },
    ];
    for (const ref of refused) {
      await expect(resolvePlace(ref, { engine: new FakeEngine() }, signal)).rejects.toMatchObject({
        code: 'WH_ERR_NAMESPACE',
      });
    }
  });

  test('a stopped container is refused with what starts it', async () => {
    const engine = new FakeEngine();
    engine.add('db', { running: false, pid: 0 });
    await expect(resolvePlace(db, { engine }, signal)).rejects.toMatchObject({
      code: 'WH_ERR_CONTAINER_STOPPED',
      message: 'container db is not running; docker start db starts it',
    });
  });

  test('A29: a pid that is not in a control group of the container is never entered', async () => {
    const engine = new FakeEngine();
    engine.add('db');
    const fds = openFds();
    await expect(resolvePlace(db, { engine }, signal)).rejects.toMatchObject({
      code: 'WH_ERR_NAMESPACE',
      message: expect.stringMatching(/docker logs.*--cgroups=disabled.*DOCKER_HOST/) as string,
    });
    expect(openFds()).toBe(fds);
  });

  test('A29: a pid that is given to another process while it is opened is not believed', async () => {
    const engine = new FakeEngine();
    engine.add('db');
    const fds = openFds();
    let asked = 0;
    const reused: Processes = { ...processes, startTime: () => String(asked++) };
    await expect(resolvePlace(db, { engine, processes: reused }, signal)).rejects.toMatchObject({
      code: 'WH_ERR_NAMESPACE',
    });
    expect(openFds()).toBe(fds);
  });

  test('A29: a container that restarts while it is opened is opened again', async () => {
    const engine = new FakeEngine();
    const { id } = engine.add('db', { startedAt: '2021' });
    const fds = openFds();
    // The first confirmation finds a restart; the second look is left alone.
    engine.onAsk = (reference) => {
      if (reference === id && engine.asked === 2) engine.change(id, { startedAt: '2022' });
    };
    {
      using place = await resolvePlace(db, { engine, processes }, signal);
      expect(place.container?.startedAt).toBe('2022');
      expect(openFds()).toBe(fds + 2);
    }
    expect(openFds()).toBe(fds);
  });

  test('A32: a container that is renamed while it is opened is looked up anew', async () => {
    const engine = new FakeEngine();
    const first = engine.add('db', { startedAt: '2021' });
    engine.onAsk = (reference) => {
      if (reference !== first.id || engine.asked !== 2) return;
      engine.change(first.id, { name: 'old' });
      engine.add('db', { startedAt: '2022' });
    };
    using place = await resolvePlace(db, { engine, processes }, signal);
    expect(place.container?.startedAt).toBe('2022');
  });

  test('A29: an engine that fails at the confirmation leaves nothing open', async () => {
    const engine = new FakeEngine();
    engine.add('db');
    const fds = openFds();
    engine.onAsk = () => {
      engine.down = engine.asked === 2;
    };
    await expect(resolvePlace(db, { engine, processes }, signal)).rejects.toMatchObject({
      code: 'WH_ERR_DOCKER_UNAVAILABLE',
    });
    expect(openFds()).toBe(fds);
  });
});

describe('procfs', () => {
  test('reads the start time behind any name a process gives itself', () => {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const honest = startTimeOf(stat);
    expect(honest).toMatch(/^\d+$/);
    expect(startTimeOf(stat.replace(/\(.*\)/, '(a) R 1 2 3 (b c)'))).toBe(honest);
    expect(procfs.startTime(process.pid)).toBe(honest);
  });

  test('a zombie and a missing process have none', () => {
    expect(startTimeOf('7 (x) Z 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 999 0')).toBeUndefined();
    expect(procfs.startTime(2 ** 22 + 1)).toBeUndefined();
  });
});
