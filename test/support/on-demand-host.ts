/**
 * The world of the tests of starting on demand: an engine of the file's own with the echo image, and a daemon that uses
 * it, both in one namespace.
 *
 *     client ──► wormholed ──► (not yet) container of wormhole/echo
 */
import { beforeAll, beforeEach } from 'vitest';
import type { WormholeDetail } from '../../src/spec/api.ts';
import type { Daemon, DaemonOptions } from './daemon.ts';
import type { DockerHost } from './docker-host.ts';
import { ECHO, importEcho } from './echo-image.ts';
import { dial } from './local.ts';
import { ownEngine, sharedDaemon } from './world.ts';

export interface OnDemandHost {
  readonly host: () => DockerHost;
  readonly daemon: () => Daemon;
}

/** @param options of the daemon, beside where its engine is */
export function onDemandHost(options: () => DaemonOptions = () => ({})): OnDemandHost {
  const host = engineWithEcho();
  const daemon = sharedDaemon(() => ({ ...options(), env: { DOCKER_HOST: host().address, ...options().env } }));
  return { host, daemon };
}

/** The engine alone, for files whose tests start daemons of their own. */
export function engineWithEcho(): () => DockerHost {
  const host = ownEngine();
  beforeAll(() => importEcho(host()));
  beforeEach(() => void began.set(host(), Date.now()));
  return host;
}

/** When the test that runs now began, in milliseconds: one that is tried again does not count what it did before. */
const began = new WeakMap<DockerHost, number>();

/** A wormhole that makes a container of the echo image when somebody comes; on a free port. */
export const onFirstConnection = (id: string, args = ECHO): string[] =>
  `id ${id} url :0 trigger url :80 docker-run`.split(' ').concat(args);

/** State of each container that a wormhole made, e.g. `running`, `exited`. */
export async function statesOf(host: DockerHost, id: string): Promise<string[]> {
  const filter = ['--filter', `label=dev.wormhole.id=${id}`];
  const lines = await host.docker(['ps', '--all', ...filter, '--format', '{{.State}}']);
  return lines.split('\n').filter((line) => line !== '');
}

/** Full ids of the containers that a wormhole made. */
export async function containersOf(host: DockerHost, id: string): Promise<string[]> {
  const filter = ['--filter', `label=dev.wormhole.id=${id}`];
  const lines = await host.docker(['ps', '--all', '--quiet', '--no-trunc', ...filter]);
  return lines.split('\n').filter((line) => line !== '');
}

/** How often the engine has done something for a wormhole since the test began, e.g. `create`; containers that are gone included. */
export async function timesOf(host: DockerHost, id: string, event: string): Promise<number> {
  const filters = ['--filter', `label=dev.wormhole.id=${id}`, '--filter', `event=${event}`];
  const [since, until] = [began.get(host) ?? 1000, Date.now()].map((ms) => (ms / 1000).toFixed(3));
  const lines = await host.docker([
    'events',
    `--since=${since}`,
    `--until=${until}`,
    ...filters,
    '--format',
    '{{.ID}}',
  ]);
  return lines.split('\n').filter((line) => line !== '').length;
}

/** What comes back to a client that sends and waits for as much. */
export async function echo(port: number, text: string): Promise<string> {
  await using client = await dial(port);
  await client.send(text);
  return await client.text(text.length);
}

/** How a client's connection ends when it only waits; that may be before it knows that it was connected. */
export async function fate(port: number): Promise<string> {
  try {
    await using client = await dial(port);
    return await client.ending();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

export const detailOf = (daemon: Daemon, id: string): Promise<WormholeDetail> =>
  daemon.get<WormholeDetail>(`/v1/wormholes/${id}`);
