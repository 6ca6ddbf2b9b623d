/** What a start promises to those who wait, leave, or use the container otherwise. */
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { acted, onDemand } from '../../../test/support/on-demand-world.ts';
import { failure, never } from '../../../test/support/registry-world.ts';
import { settle, until } from '../../../test/support/relay-wait.ts';
import { WormholeError } from '../../lib/errors.ts';
import { OwnedFd } from '../../sys/fd.ts';
import type { Ready } from '../activator/ready/target.ts';

const web = ['url', ':80', 'trigger', 'docker-run', 'web'] as const;
const db = ['url', ':80', 'trigger', 'docker-ns', 'db'] as const;

/** Probes that end when the test says so. */
function probes(world: ReturnType<typeof onDemand>) {
  const ends: Array<{ resolve: (ready: Ready) => void; reject: (error: Error) => void }> = [];
  world.surroundings.probe = (_probe, _target, signal) =>
    new Promise((resolve, reject) => {
      ends.push({ resolve, reject });
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  return ends;
}

const isOpen = (fd: number): boolean => {
  try {
    closeSync(openSync(`/proc/self/fd/${fd}`, 'r'));
    return true;
  } catch {
    return false;
  }
};

describe('those who wait for a start', () => {
  test('who leaves hears so at once, and who comes back joins the start that is still under way', async () => {
    const world = onDemand(...web);
    const ends = probes(world);
    await world.create();
    const leaving = new AbortController();
    const left = failure(world.ask(0, leaving.signal));
    await until('it is probed', () => ends[0]);
    leaving.abort();
    expect((await left).code).toBe('WH_ERR_ABORTED');
    const back = world.ask();
    ends[0]?.resolve({});
    expect((await back).targets).toHaveLength(1);
    expect(acted(world.runner.journal)).toEqual(['create', 'start']);
  });

  test('who has left before asking starts nothing', async () => {
    const world = onDemand(...web);
    await world.create();
    expect((await failure(world.ask(0, AbortSignal.abort()))).code).toBe('WH_ERR_ABORTED');
    expect(world.runner.journal).toEqual([]);
  });

  test('the connection of the probe goes to the first who still waits', async () => {
    const world = onDemand(...web);
    const ends = probes(world);
    await world.create();
    const leaving = new AbortController();
    const left = failure(world.ask(0, leaving.signal));
    const stayed = world.ask();
    await until('it is probed', () => ends[0]);
    leaving.abort();
    await left;
    using socket = new OwnedFd(openSync('/dev/null', 'r'));
    ends[0]?.resolve({ socket });
    expect((await stayed).connected?.socket).toBe(socket);
  });

  test('the connection of the probe is closed when nobody waits for it any more', async () => {
    const world = onDemand(...web);
    const ends = probes(world);
    await world.create();
    const leaving = new AbortController();
    const left = failure(world.ask(0, leaving.signal));
    await until('it is probed', () => ends[0]);
    leaving.abort();
    await left;
    const fd = openSync('/dev/null', 'r');
    ends[0]?.resolve({ socket: new OwnedFd(fd) });
    await until('it is closed', () => !isOpen(fd));
  });

  test('the connection of the probe is closed when the tail has no answer after all', async () => {
    const world = onDemand('url', ':80', 'trigger', 'docker-run', 'web', 'url', 'nobody:80', 'connect-timeout', '50ms');
    const ends = probes(world);
    await world.create();
    const asked = failure(world.ask());
    await until('it is probed', () => ends[0]);
    const fd = openSync('/dev/null', 'r');
    ends[0]?.resolve({ socket: new OwnedFd(fd) });
    expect((await asked).code).toBe('WH_ERR_NAME_NOT_RESOLVED');
    expect(isOpen(fd)).toBe(false);
  });

  test('a failure is told before its container has stopped', async () => {
    const world = onDemand(...web);
    const ends = probes(world);
    const entry = await world.create();
    const stop = world.runner.hold('stop');
    const asked = failure(world.ask());
    await until('it is probed', () => ends[0]);
    ends[0]?.reject(new WormholeError('WH_ERR_CONTAINER_FAILED', 'not today'));
    await asked;
    expect(entry.status.state).toBe('failed');
    await stop.reached;
    const next = world.ask();
    stop.release();
    await until('it is probed again', () => ends[1]);
    ends[1]?.resolve({});
    expect((await next).targets).toHaveLength(1);
    expect(acted(world.runner.journal)).toEqual(['create', 'start', 'stop', 'start']);
  });
});

describe('a start that is given up', () => {
  test('does not stop a container that others are connected to', async () => {
    const world = onDemand(...db);
    const { runner, registry, plane } = world;
    const ends = probes(world);
    runner.engine.add('db', { running: false, pid: 0, startedAt: '' });
    await world.create();
    const asked = failure(world.ask());
    await until('it is probed', () => ends[0]);
    await registry.create(['id', 'other', 'url', ':81', 'docker-ns', 'db'], never);
    plane.last.connect();
    ends[0]?.reject(new WormholeError('WH_ERR_CONTAINER_FAILED', 'not today'));
    await asked;
    await settle();
    expect(acted(runner.journal)).toEqual(['start']);
    expect(plane.last.addresses).toEqual(['127.0.0.1:81']);
  });

  test('leaves a doubt: what runs on for others is asked again whether it is ready', async () => {
    const world = onDemand(...db);
    const { runner, registry, plane } = world;
    const ends = probes(world);
    runner.engine.add('db', { running: false, pid: 0, startedAt: '' });
    await world.create();
    const asked = failure(world.ask());
    await until('it is probed', () => ends[0]);
    await registry.create(['id', 'other', 'url', ':81', 'docker-ns', 'db'], never);
    plane.last.connect();
    ends[0]?.reject(new WormholeError('WH_ERR_CONTAINER_FAILED', 'not today'));
    await asked;
    const again = world.ask();
    await until('it is probed again', () => ends[1]);
    ends[1]?.resolve({});
    expect((await again).targets).toHaveLength(1);
    expect(acted(runner.journal)).toEqual(['start']);
  });

  test('stops what the engine goes on to start', async () => {
    const world = onDemand(...web);
    const { runner } = world;
    const entry = await world.create();
    const start = runner.hold('start');
    const leaving = new AbortController();
    const asked = failure(world.ask(0, leaving.signal));
    await start.reached;
    leaving.abort();
    await asked;
    await until('it is stopped', () => acted(runner.journal).includes('stop'));
    await until('it is idle', () => entry.status.state === 'idle');
  });

  test('awaits the id of what is being created, so that delete removes it', async () => {
    const world = onDemand(...web);
    const { runner, registry } = world;
    await world.create();
    const create = runner.hold('create');
    const asked = failure(world.ask());
    const signal = await create.reached;
    const removed = registry.remove('shop', false);
    expect((await asked).code).toBe('WH_ERR_ABORTED');
    expect(signal.aborted).toBe(false);
    create.release();
    await removed;
    expect(runner.engine.containers).toEqual([]);
    expect(acted(runner.journal)).toEqual(['create', 'remove']);
  });
});
