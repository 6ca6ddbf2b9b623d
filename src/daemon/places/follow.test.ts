import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FakeEngine } from '../../../test/support/fake-engine.ts';
import type { NamespaceRef } from '../../spec/plan.ts';
import { Following } from './follow.ts';
import type { Processes } from './process.ts';
import type { Identity } from './sight.ts';
import type { OnMove, Where } from './where.ts';

const container = (name: string): NamespaceRef => ({ kind: 'container', container: name });
const log = { warn: () => undefined, debug: () => undefined };
/** Every fake container runs as this process, which is all of them at once. */
const processes: Processes = { startTime: () => '1', belongsTo: () => true };

/** Follows and keeps the states in short form: `here 2026-…`, `absent`, `gone`. */
async function following(engine: FakeEngine, ref: NamespaceRef, onMove?: OnMove, identity?: Identity) {
  const states: string[] = [];
  const waiting: Array<() => void> = [];
  const tell = async (where: Where): Promise<void> => {
    await onMove?.(where);
    states.push(where.state === 'here' ? `here ${where.place.container?.startedAt.slice(0, 4) ?? ''}` : where.state);
    for (const wake of waiting.splice(0)) wake();
  };
  const follower = await Following.start(ref, tell, { engine, processes, log, lookMs: 1 }, identity);
  const next = async (count: number): Promise<string[]> => {
    while (states.length < count) await new Promise<void>((resolve) => void waiting.push(resolve));
    return states;
  };
  return { follower, states, next };
}

const openFds = (): number => readdirSync('/proc/self/fd').length;

describe('Following a container', () => {
  test('by name: through a restart, a removal and another one of that name', async () => {
    const engine = new FakeEngine();
    const old = engine.add('db', { startedAt: '2021' });
    const { follower, next } = await following(engine, container('db'));
    await using _ = follower;
    expect(follower.identity).toEqual({ by: 'name', name: 'db' });

    engine.tell('start', engine.change(old.id, { startedAt: '2022' }));
    await next(2);
    engine.remove(old.id);
    engine.tell('destroy', old);
    await next(3);
    engine.tell('start', engine.add('db', { startedAt: '2023' }));
    expect(await next(4)).toEqual(['here 2021', 'here 2022', 'absent', 'here 2023']);
  });

  test('by name: renamed away it is absent, another renamed into it is taken', async () => {
    const engine = new FakeEngine();
    const [blue, green] = [engine.add('db', { startedAt: '2021' }), engine.add('green', { startedAt: '2022' })];
    const { follower, next } = await following(engine, container('db'));
    await using _ = follower;
    engine.tell('rename', engine.change(blue.id, { name: 'old' }));
    await next(2);
    engine.tell('rename', engine.change(green.id, { name: 'db' }));
    expect(await next(3)).toEqual(['here 2021', 'absent', 'here 2022']);
  });

  test("A32: by name: never another container's id that begins like the name", async () => {
    const engine = new FakeEngine();
    const named = engine.add('cafe');
    engine.add('other', { id: 'cafe'.padEnd(64, '0') });
    const { follower, next } = await following(engine, container('cafe'));
    await using _ = follower;
    engine.remove(named.id);
    engine.tell('destroy', named);
    expect(await next(2)).toEqual(['here 2026', 'absent']);
  });

  test('by id prefix: through restart and rename, and gone once removed', async () => {
    const engine = new FakeEngine();
    const { id } = engine.add('db', { startedAt: '2021' });
    const { follower, next } = await following(engine, container(id.slice(0, 12)));
    await using _ = follower;
    expect(follower.identity).toEqual({ by: 'id', id });
    engine.tell('rename', engine.change(id, { name: 'new' }));
    engine.tell('die', engine.change(id, { running: false, pid: 0 }));
    await next(2);
    engine.tell('start', engine.change(id, { running: true, pid: process.pid, startedAt: '2022' }));
    await next(3);
    engine.add('db', { startedAt: '2023' });
    engine.remove(id);
    engine.tell('destroy', { id, name: 'new' });
    expect(await next(4)).toEqual(['here 2021', 'absent', 'here 2022', 'gone']);
    expect(engine.watchers).toBe(0);
  });

  test('by an identity learned before: an id that was removed meanwhile is gone, not taken for another', async () => {
    const engine = new FakeEngine();
    engine.add('cafe');
    const { follower, states } = await following(engine, container('cafe'), undefined, {
      by: 'id',
      id: 'f'.repeat(64),
    });
    await using _ = follower;
    expect(states).toEqual(['gone']);
  });

  test('absent at first, it is taken once it appears', async () => {
    const engine = new FakeEngine();
    const { follower, next } = await following(engine, container('db'));
    await using _ = follower;
    expect(follower.where).toMatchObject({ state: 'absent', error: { code: 'WH_ERR_CONTAINER_NOT_FOUND' } });
    engine.tell('start', engine.add('db'));
    expect(await next(2)).toEqual(['absent', 'here 2026']);
  });

  test('R20: a change without an event is found by the resync', async () => {
    const engine = new FakeEngine();
    const { id } = engine.add('db', { startedAt: '2021' });
    const { follower, next } = await following(engine, container('db'));
    await using _ = follower;
    engine.change(id, { startedAt: '2022' });
    engine.resync();
    expect(await next(2)).toEqual(['here 2021', 'here 2022']);
  });

  test('an engine that is away moves nothing while the process lives', async () => {
    const engine = new FakeEngine();
    const { id } = engine.add('db', { startedAt: '2021' });
    const { follower, next } = await following(engine, container('db'));
    await using _ = follower;
    engine.down = true;
    engine.resync();
    while (engine.asked < 3) await new Promise(setImmediate);
    engine.down = false;
    engine.change(id, { startedAt: '2022' });
    engine.resync();
    expect(await next(2)).toEqual(['here 2021', 'here 2022']);
  });

  test('a burst of events is answered by one more look, never by two at once', async () => {
    const engine = new FakeEngine();
    const db = engine.add('db', { startedAt: '2021' });
    let [moving, most] = [0, 0];
    const { follower, next } = await following(engine, container('db'), async () => {
      most = Math.max(most, ++moving);
      await new Promise(setImmediate);
      moving -= 1;
    });
    await using _ = follower;
    const before = engine.asked;
    const now = engine.change(db.id, { startedAt: '2022' });
    for (let i = 0; i < 100; i++) engine.tell('start', now);
    await next(2);
    await follower[Symbol.asyncDispose]();
    expect(most).toBe(1);
    expect(engine.asked - before).toBeLessThanOrEqual(4);
  });

  test('the old place is open until the move to the new one is done', async () => {
    const engine = new FakeEngine();
    const db = engine.add('db', { startedAt: '2021' });
    const seen: boolean[] = [];
    let old: Where | undefined;
    const { follower, next } = await following(engine, container('db'), async (where) => {
      await new Promise(setImmediate);
      if (old?.state === 'here') seen.push(old.place.root?.open ?? false);
      old ??= where;
    });
    await using _ = follower;
    engine.tell('start', engine.change(db.id, { startedAt: '2022' }));
    await next(2);
    engine.tell('start', engine.change(db.id, { startedAt: '2023' }));
    await next(3);
    expect(seen).toEqual([true, false]);
  });

  test('what the first move throws ends the following; what a later one throws does not', async () => {
    const engine = new FakeEngine();
    const db = engine.add('db', { startedAt: '2021' });
    const fds = openFds();
    const refuse = (): void => {
      throw new Error('no listener');
    };
    await expect(following(engine, container('db'), refuse)).rejects.toThrow('no listener');
    expect(engine.watchers).toBe(0);
    expect(openFds()).toBe(fds);

    const moves: string[] = [];
    const { follower, next } = await following(engine, container('db'), (where) => {
      if (moves.push(where.state) === 2) throw new Error('no listener');
    });
    await using _ = follower;
    engine.tell('start', engine.change(db.id, { startedAt: '2022' }));
    while (moves.length < 2) await new Promise(setImmediate);
    engine.tell('start', engine.change(db.id, { startedAt: '2023' }));
    expect(await next(2)).toEqual(['here 2021', 'here 2023']);
  });

  test('disposal stops a look under way, tells nothing more, and leaves no descriptor', async () => {
    const engine = new FakeEngine();
    const fds = openFds();
    const db = engine.add('db', { startedAt: '2021' });
    const { follower, states } = await following(engine, container('db'));
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      engine.onAsk = () => {
        resolve();
        return new Promise<void>((done) => (answer = done));
      };
    });
    engine.tell('start', engine.change(db.id, { startedAt: '2022' }));
    await asked;
    const disposed = follower[Symbol.asyncDispose]();
    answer();
    await disposed;
    expect(states).toEqual(['here 2021']);
    expect(engine.watchers).toBe(0);
    expect(openFds()).toBe(fds);
  });
});

describe('Following a process', () => {
  test('is gone when it ends, and stays gone when its pid names another', async () => {
    let started: string | undefined = '1';
    const moves: string[] = [];
    let told: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (told = resolve));
    await using follower = await Following.start(
      { kind: 'pid', pid: process.pid },
      (where) => {
        moves.push(where.state);
        if (where.state === 'gone') told();
      },
      { engine: new FakeEngine(), processes: { ...processes, startTime: () => started }, log, lookMs: 1 },
    );
    started = undefined;
    await gone;
    started = '2';
    follower.wake();
    await new Promise(setImmediate);
    expect(moves).toEqual(['here', 'gone']);
  });
});

describe('Following the host', () => {
  test('is here for ever', async () => {
    await using follower = await Following.start({ kind: 'host' }, () => undefined, { engine: new FakeEngine(), log });
    follower.wake();
    expect(follower.where).toMatchObject({ state: 'here', place: { label: 'host', pid: 0 } });
  });
});
