/**
 * The world of a test file: a network namespace that the file lives in, and a daemon in it.
 *
 *     world() ── namespace ──┬── test process: clients, servers
 *                            ├── wormholed on 127.0.0.1:9999 and its socket
 *                            └── dockerd, its bridges; containers in namespaces of their own
 */
import { afterAll, afterEach, beforeAll } from 'vitest';
import { DockerEngine } from '../../src/docker/dockerode.ts';
import type { Wormhole } from '../../src/spec/api.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import { DockerHost } from './docker-host.ts';
import { Netns } from './netns.ts';

/** Gives the file a namespace; every socket and program of its tests is in there. */
export function ownNamespace(): () => Netns {
  let made: Netns;
  let stay: Disposable;
  beforeAll(() => {
    made = Netns.create();
    stay = made.enter();
  });
  afterAll(() => {
    stay[Symbol.dispose]();
    made[Symbol.dispose]();
  });
  return () => made;
}

/** Gives the file an engine of its own and moves the file into the engine's namespace; no container outlives a test. */
export function ownEngine(): () => DockerHost {
  let host: DockerHost;
  let stay: Disposable;
  beforeAll(async () => {
    host = await DockerHost.start();
    stay = Netns.named(host.namespace).enter();
  });
  afterEach(() => host.clear());
  afterAll(async () => {
    stay[Symbol.dispose]();
    await host[Symbol.asyncDispose]();
  });
  return () => host;
}

/** Gives the file one daemon for all of its tests, without wormholes at the start of each. */
export function sharedDaemon(options: () => DaemonOptions = () => ({})): () => Daemon {
  let daemon: Daemon;
  let shown = 0;
  beforeAll(async () => {
    daemon = await Daemon.start(options());
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.log(`wormholed:\n${daemon.log.slice(shown).slice(-8000)}`);
    shown = daemon.log.length;
    const { wormholes } = await daemon.get<{ wormholes: Wormhole[] }>('/v1/wormholes');
    await daemon.delete(...wormholes.map(({ id }) => id));
  });
  afterAll(() => daemon[Symbol.asyncDispose]());
  return () => daemon;
}

/** Gives the file an engine of its own and what acts on its containers; none outlives a test. */
export function ownRunner(): { readonly host: () => DockerHost; readonly engine: () => DockerEngine } {
  let host: DockerHost;
  let engine: DockerEngine;
  beforeAll(async () => {
    host = await DockerHost.start();
    const log = { warn: () => undefined, debug: () => undefined };
    engine = new DockerEngine({ log, env: { DOCKER_HOST: host.address } });
  });
  afterEach(() => host.clear());
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });
  return { host: () => host, engine: () => engine };
}
