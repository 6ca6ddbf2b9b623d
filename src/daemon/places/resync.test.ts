import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../../test/support/command.ts';
import { EngineApi } from '../../../test/support/engine-api.ts';
import { FakeEngine } from '../../../test/support/fake-engine.ts';
import { Following } from './follow.ts';
import { procfs } from './process.ts';

const followers = 200;
const log = { warn: () => undefined, debug: () => undefined };
const processes = { ...procfs, belongsTo: () => true };
const everything = 'GET /containers/json?all=true';

interface Facts {
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  readonly startedAt: string;
}

/** Containers of an engine that never tells of anything. */
let containers: Facts[];
/** The first process of one of them. */
let child: ChildProcess;

beforeEach(() => {
  child = spawn('sleep', ['1000']);
  containers = Array.from({ length: followers }, (_, number) => ({
    id: number.toString(16).padStart(64, '0'),
    name: `web-${number}`,
    pid: number === 7 ? (child.pid ?? 0) : process.pid,
    startedAt: '2021',
  }));
});
afterEach(() => void child.kill());

async function startEngine(): Promise<EngineApi> {
  const api = await EngineApi.start({ resyncMs: 20 });
  const answer = (body: unknown): string => JSON.stringify(body);
  api.on('GET /events', (response) => response.writeHead(200).flushHeaders());
  api.on('GET /containers/json', (response, request) => {
    const { searchParams } = new URL(request.url ?? '', 'http://engine');
    const filters = JSON.parse(searchParams.get('filters') ?? '{}') as { name?: string[]; id?: string[] };
    const { name = [], id: prefixes = [] } = filters;
    const listed = containers.filter(
      (one) =>
        name.every((pattern) => new RegExp(pattern).test(one.name)) &&
        prefixes.every((prefix) => one.id.startsWith(prefix)),
    );
    response.end(
      answer(
        listed.map(({ id, name: own, pid }) => ({
          Id: id,
          Names: [`/${own}`],
          State: pid > 0 ? 'running' : 'exited',
        })),
      ),
    );
  });
  for (const { id } of containers) {
    api.on(`GET /containers/${id}/json`, (response) => {
      const { name, pid, startedAt } = containers.find((one) => one.id === id) as Facts;
      const State = { Running: pid > 0, Pid: pid, StartedAt: startedAt };
      response.end(answer({ Id: id, Name: `/${name}`, State, HostConfig: {}, Config: {} }));
    });
  }
  return api;
}

/** Follows all of them by name; `states` has what became of each, from the second state on. */
async function followAll(api: EngineApi) {
  const states: string[] = [];
  let told = 0;
  const following = await Promise.all(
    containers.map(({ name }) =>
      Following.start(
        { kind: 'container', container: name },
        (where) => {
          if (++told > followers)
            states.push(`${name} ${where.state === 'here' ? where.place.container?.startedAt : where.state}`);
        },
        { engine: api.engine, processes, log },
      ),
    ),
  );
  return {
    states,
    [Symbol.asyncDispose]: async () => void (await Promise.all(following.map((one) => one[Symbol.asyncDispose]()))),
  };
}

describe('R20: a resync', () => {
  test(`of ${followers} followers asks the engine once, and more only for what moved`, async () => {
    await using api = await startEngine();
    await using all = await followAll(api);
    const lists = (): number => api.asked.filter((call) => call === everything).length;
    const more = async (): Promise<string[]> => {
      const [from, seen] = [api.asked.length, lists()];
      await until('three resyncs', () => lists() >= seen + 3);
      return api.asked.slice(from).filter((call) => call !== everything);
    };
    // What came in while they started is looked at once more.
    await until('settled', async () => (await more()).length === 0);

    const ended = once(child, 'exit');
    child.kill();
    await ended;
    containers[7] = { ...(containers[7] as Facts), pid: process.pid, startedAt: '2022' };
    containers[9] = { ...(containers[9] as Facts), pid: 0 };
    const from = api.asked.length;
    await until('both moves are found', () => all.states.length === 2);
    expect(all.states.toSorted()).toEqual(['web-7 2022', 'web-9 absent']);
    await until('settled', async () => (await more()).length === 0);
    const asked = api.asked.slice(from).filter((call) => call !== everything);
    expect(asked.filter((call) => !/web-[79]\$|0[79](\/json|\$|"\])/.test(decodeURIComponent(call)))).toEqual([]);
    // For each of the two: finding takes a list of that name and an inspect, entering both once more; and all of it again when
    // the next resync comes while it is looked at.
    expect(asked.length).toBeLessThanOrEqual(16);
  }, 90_000);

  test('does not keep the start of a follower waiting, however many come during its first look', async () => {
    const engine = new FakeEngine();
    engine.add('db');
    const ask = async (): Promise<void> => {
      await Promise.resolve();
      engine.resync();
    };
    engine.onAsk = ask;
    const sources = { engine, processes: { startTime: () => '1', belongsTo: () => true }, log };
    await using following = await Following.start({ kind: 'container', container: 'db' }, () => undefined, sources);
    engine.onAsk = () => undefined;
    expect(following.where?.state).toBe('here');
  });
});
