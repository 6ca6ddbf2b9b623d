/**
 * The composition root: builds a daemon from its settings, and takes it down again.
 *
 *   key ─► state ─► registry ─► API ─► unix sockets ─► relay workers ─► control port ─► remembered wormholes ─► ready
 *
 * Whatever fails before "ready" undoes what was built. Leaves signals and exit codes to `main.ts`.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DockerEngine } from '../docker/dockerode.ts';
import type { WormholeError } from '../lib/errors.ts';
import { daemonKey } from '../lib/key-generate.ts';
import { Scope } from '../lib/scope.ts';
import type { Secret } from '../lib/secret.ts';
import { passingBytes } from '../proxy/passing.ts';
import { startDataPlane } from '../proxy/plane.ts';
import { makeId } from '../spec/id.ts';
import { raiseNofile } from '../sys/limits.ts';
import { Orphans } from './activator/orphans.ts';
import { allowedHosts } from './api/host.ts';
import { type Api, createApi } from './api/server.ts';
import type { Settings, TcpAddress } from './config/settings.ts';
import type { Declarations, DeclarationsOptions } from './declared/declarations.ts';
import { Events } from './events.ts';
import { invitationOperations } from './invited/operate-invitations.ts';
import { openDoors } from './listeners/doors.ts';
import type { Log, Logger } from './log.ts';
import { machine } from './machine.ts';
import { operationsOf } from './operate.ts';
import { peeringOf } from './peering.ts';
import { Following } from './places/follow.ts';
import { planeWhenReady } from './plane-when-ready.ts';
import { authorizer } from './policy/authorize.ts';
import { peerKeys } from './policy/peer-keys.ts';
import { policiesOf } from './policy/policies-of.ts';
import { Registry } from './registry/registry.ts';
import type { Schemas } from './schema/schema.ts';
import { HostId } from './state/host-id.ts';
import { StateStore } from './state/store.ts';
import { halfCalls } from './tunnels/half-calls.ts';
import { tunnelKernel } from './tunnels/kernel.ts';
import { tunnelOperations } from './tunnels/operate-tunnels.ts';
import { Tunneling } from './tunnels/tunneling.ts';

/** Milliseconds that the remembered wormholes have to be there before the daemon calls itself ready. */
const RESTORE_MS = 5000;

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

/** Resolves when remembered wormholes have been tried once, or after a while. @throws {WormholeError} what keeps it from starting */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { settings, schemas, version, signal, onFatal } = options;
  const { logger: log, ring } = options.log;
  const instance = randomBytes(8).toString('hex');
  const { soft, hard } = raiseNofile();
  log.info({ version, instance, nofile: soft, nofileHard: hard, stateDir: settings.stateDir }, 'starting');

  const keys = keysFor(settings, log);
  await using start = new Scope('daemon', signal);
  const store = start.use(await StateStore.open(settings.stateDir));
  const hostId = new HostId(settings.stateDir);
  const engine = start.use(new DockerEngine({ log }));
  const onFault = (fault: string): void => log.warn({ fault }, 'relay worker fault');
  const passing = new SharedArrayBuffer(passingBytes);
  const plane = start.use(planeWhenReady(() => startDataPlane({ onFault, onDeath: onFatal, passing }), onFatal));
  const events = new Events();
  let tcp: readonly TcpAddress[] = [];
  const invited = (identity: string) => peering.invitations.policyOf(identity);
  const policies = policiesOf({ settings, engine, log, bound: () => tcp, invited });
  const peering = start.use(
    peeringOf({
      settings,
      instance,
      host: new HostId(settings.stateDir, 'peer-id').id,
      version,
      keys: () => keys ?? peerKeys(settings.peers, daemonKey(undefined, settings.keyFile.path)),
      policies,
      registry: () => registry,
      events,
      admit: (connection, origin) => api.admit(connection, origin),
      passing,
      log,
      onFailure: onFatal,
      onLeftBehind: () => (hostId.exists ? orphans.remove() : undefined),
      onHost: (link) => tunneling.linked(link),
      onStranger: (identity) => tunneling.part(identity),
      tunnel: async (request, signal) => (await tunneling.ensure(request, signal)).record.shape.overlay,
      overlayWith: (owner) => tunneling.overlayWith(owner),
    }),
  );
  const tunneling: Tunneling = start.use(
    new Tunneling({
      settings,
      kernel: tunnelKernel(),
      host: peering.abroad.host,
      peers: peering.peers,
      callsTo: (peer) => halfCalls(peer, peering.links),
      policies,
      follow: (ref, onMove, identity) => Following.start(ref, onMove, { engine, log }, identity),
      log,
    }),
  );
  const registry: Registry = new Registry({
    surroundings: machine({ plane, abroad: peering.abroad, engine, hostId, policies, log, nofile: soft }),
    memory: store,
    onEvent: (event) => events.emit(event),
    makeId: (taken) => makeId(randomInt, taken),
    onLeftBehind: () => orphans.remove(),
  });
  const known = (id: string): boolean => registry.list().some((entry) => entry.id === id) || peering.guests.expects(id);
  const orphans = start.use(new Orphans({ runner: engine, hostId: () => hostId.id, known, log }));
  start.defer(() => registry.close(0));
  const { records, damaged } = await store.load();
  for (const { path, reason } of damaged) {
    log.error({ path, reason }, 'a remembered wormhole cannot be read; its file was set aside');
  }
  registry.remember(records);

  const stopping = new AbortController();
  // Each reader that follows the log listens to it.
  setMaxListeners(0, stopping.signal);
  let hosts = allowedHosts([]);
  const operations = operationsOf({
    version,
    instance,
    registry,
    peers: peering.operations,
    tunnels: tunnelOperations(tunneling),
    invitations: invitationOperations({ ...peering, tunneling, settings, engine, bound: () => tcp }),
    events,
    engine,
    ring,
    relayWorkers: () => plane.workers,
    circumstances: () => ({
      engine,
      abilities: () => tunneling.tunnels.abilities(),
      keyFile: settings.keyFile.path,
      stateDir: settings.stateDir,
      tcp,
      unix: settings.unix,
      rootGrants: () => policies.rootGrants(),
    }),
    stopping: stopping.signal,
  });
  const authorize = authorizer(policies);
  const api: Api = start.use(
    await createApi({ operations, schemas, version, allowedHosts: () => hosts, authorize, log }),
  );

  // Followed logs would keep the API open.
  start.defer(() => stopping.abort());
  const doors = start.use(
    await openDoors({
      settings,
      carrier: () => peering.abroad.carrier(),
      admit: (connection, origin) => api.admit(connection, origin),
      log,
    }),
  );
  plane.start();
  tcp = await doors.openPort();
  hosts = allowedHosts(settings.tcp.map(({ host }) => host));
  const life = new AbortController();
  start.defer(() => life.abort());
  // An engine that stays silent may keep some of them waiting; that is their status, not the daemon's.
  peering.restore();
  const adopted = tunneling.restore();
  const restored = adopted.then(() => registry.restore(life.signal));
  const inTime = restored.then(() => true);
  if (!(await Promise.race([inTime, sleep(RESTORE_MS, false, { signal: start.signal, ref: false })]))) {
    log.warn({ ms: RESTORE_MS }, 'ready, though not all remembered wormholes have been made again');
  }
  start.signal.throwIfAborted();

  // After the remembered ones: an id or a port is theirs first.
  const { labels: allowed } = settings;
  const declarations =
    allowed.length === 0
      ? undefined
      : start.use(await declarationsOf({ engine, runner: engine, wormholes: registry, log, allowed }));

  const running = new Scope('daemon');
  if (hostId.exists) orphans.remove();
  start.moveTo(running);
  log.info({ wormholes: registry.list().length }, 'ready');
  let stopped: Promise<void> | undefined;
  const drain = async (drainMs: number): Promise<void> => {
    await doors[Symbol.asyncDispose]();
    await peering.stop();
    await declarations?.[Symbol.asyncDispose]();
    await registry.close(drainMs);
  };
  const takeDown = async (drained: Promise<void>): Promise<void> => {
    try {
      await drained;
    } finally {
      await running[Symbol.asyncDispose]();
    }
  };
  return {
    async stop(drainMs) {
      const drained = drain(drainMs);
      stopped ??= takeDown(drained);
      await Promise.all([drained, stopped]);
    },
  };
}

/** Keys that are given are judged even when nothing needs them: a wrong one must not go unnoticed. */
function keysFor({ tcp, keyFile, peers }: Settings, log: Logger): ReadonlyMap<string, Secret> | undefined {
  if (tcp.length === 0 && !keyFile.chosen && peers.length === 0) return undefined;
  const key = keyFile.chosen ? daemonKey(keyFile.path) : daemonKey(undefined, keyFile.path);
  if (key.generated) log.warn({ path: key.path }, 'made a new key; copy it to the peers');
  return peerKeys(peers, key);
}

/** Loaded only where containers may declare wormholes. */
async function declarationsOf(options: DeclarationsOptions): Promise<Declarations> {
  const { Declarations: Following } = await import('./declared/declarations.ts');
  return new Following(options);
}
