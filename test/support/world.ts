/**
 * The world of a test file: a network namespace that the file lives in, and a daemon in it.
 *
 *     world() ── namespace ──┬── test process: clients, servers
 *                            └── wormholed on 127.0.0.1:9999 and its socket
 */
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import { Netns } from './netns.ts';

/** Gives the file a namespace; every socket and program of its tests is in there. */
export function ownNamespace(): () => Netns {
  let made: Netns;
  let stay: Disposable;
  beforeAll(async () => {
    made = await Netns.create();
    stay = made.enter();
  });
  afterAll(async () => {
    stay[Symbol.dispose]();
    await made[Symbol.asyncDispose]();
  });
  return () => made;
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
    const ids = wormholes.map(({ id }) => id);
    if (ids.length > 0) await daemon.wormhole('delete', '--now', ...ids);
  });
  afterAll(() => daemon[Symbol.asyncDispose]());
  return () => daemon;
}
