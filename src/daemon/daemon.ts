/**
 * The composition root: builds a daemon from its settings, and takes it down again.
 *
 *   state ─► data plane ─► registry ─► API ─► unix sockets ─► control port ─► remembered wormholes ─► ready
 *
 * Whatever fails before "ready" undoes what was built. Leaves signals and exit codes to `main.ts`.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { DockerEngine } from '../docker/dockerode.ts';
import type { WormholeError } from '../lib/errors.ts';
import { daemonKey } from '../lib/key-generate.ts';
import { Scope } from '../lib/scope.ts';
import { startDataPlane } from '../proxy/plane.ts';
import { makeId } from '../spec/id.ts';
import { raiseNofile } from '../sys/limits.ts';
import { allowedHosts } from './api/host.ts';
import { createApi } from './api/server.ts';
import type { Settings, TcpAddress } from './config/settings.ts';
import { listenTcp } from './listeners/tcp.ts';
import { listenUnix } from './listeners/unix.ts';
import type { Log } from './log.ts';
import { machine } from './machine.ts';
import { operationsOf } from './operate.ts';
import { planeWhenReady } from './plane-when-ready.ts';
import { Registry } from './registry/registry.ts';
import type { Schemas } from './schema/schema.ts';
import { StateStore } from './state/store.ts';

export interface DaemonOptions {
  readonly settings: Settings;
  readonly schemas: Schemas;
  readonly version: string;
  readonly log: Log;
  /** Ends the start; a daemon that has started is ended by {@link Daemon.stop}. */
  readonly signal: AbortSignal;
  /** The daemon cannot go on: a part of it died. */
  readonly onFatal: (error: WormholeError) => void;
}

export interface Daemon {
  /**
   * Stops accepting, lets connections end for `drainMs`, takes everything down. Calling it again with less hurries.
   */
  stop(drainMs: number): Promise<void>;
}

/** Resolves when remembered wormholes have been tried once. @throws {WormholeError} what keeps it from starting */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { settings, schemas, version, signal, onFatal } = options;
  const { logger: log, ring } = options.log;
  const instance = randomBytes(8).toString('hex');
  const { soft, hard } = raiseNofile();
  log.info({ version, instance, nofile: soft, nofileHard: hard, stateDir: settings.stateDir }, 'starting');

  await using start = new Scope('daemon', signal);
  const store = start.use(await StateStore.open(settings.stateDir));
  const engine = start.use(new DockerEngine({ log }));
  // Workers take a moment to start; nobody needs to wait for them before the first wormhole.
  const plane = start.use(
    planeWhenReady(startDataPlane({ onFault: (fault) => log.warn({ fault }, 'relay worker fault') }), onFatal),
  );
  const registry = new Registry({
    surroundings: machine({ plane, engine, log, nofile: soft }),
    memory: store,
    makeId: (taken) => makeId(randomInt, taken),
  });
  start.defer(() => registry.close(0));

  const stopping = new AbortController();
  const bound: TcpAddress[] = [];
  let hosts = allowedHosts([]);
  const operations = operationsOf({
    version,
    instance,
    registry,
    engine,
    ring,
    relayWorkers: () => plane.workers,
    circumstances: () => ({
      engine,
      keyFile: settings.keyFile.path,
      stateDir: settings.stateDir,
      tcp: bound,
      unix: settings.unix,
    }),
    keyFile: settings.keyFile.path,
    stopping: stopping.signal,
  });
  const api = start.use(await createApi({ operations, schemas, version, allowedHosts: () => hosts, log }));

  // Followed logs would keep the API open.
  start.defer(() => stopping.abort());
  const doors = start.use(new Scope('control listeners'));
  for (const path of settings.unix) doors.use(await listenUnix({ path, admit: api.admit, log }));
  if (settings.tcp.length > 0 || settings.keyFile.chosen) {
    const { psk: key, path, generated } = daemonKey(settings.keyFile.chosen ? settings.keyFile.path : undefined);
    if (generated) log.warn({ path }, 'made a new key; copy it to the peers');
    if (settings.tcp.length > 0) {
      const listener = doors.use(
        await listenTcp({ addresses: settings.tcp, key, admit: api.admit, log, onFailure: onFatal }),
      );
      bound.push(...listener.addresses);
      hosts = allowedHosts(settings.tcp.map(({ host }) => host));
    }
  }

  const { records, damaged } = await store.load();
  for (const { path, reason } of damaged) {
    log.error({ path, reason }, 'a remembered wormhole cannot be read; its file was set aside');
  }
  await registry.restore(records, start.signal);
  start.signal.throwIfAborted();

  const running = new Scope('daemon');
  start.moveTo(running);
  log.info({ wormholes: registry.list().length }, 'ready');
  let stopped: Promise<void> | undefined;
  return {
    async stop(drainMs) {
      const drained = doors[Symbol.asyncDispose]().then(() => registry.close(drainMs));
      stopped ??= drained.finally(() => running[Symbol.asyncDispose]());
      await Promise.all([drained, stopped]);
    },
  };
}
