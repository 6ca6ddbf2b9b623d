/**
 * One side of a demonstration of a tunnel: a container that its end is in, started here and gone with the demonstration.
 *
 *   wg-up --demo                                  wg-join --demo
 *   container that serves a page ◄── tunnel ──► container that fetches it
 *
 * The container is a `docker-run` of an ordinary wormhole, seen in `ls` meanwhile. Owns what has to be taken away again, newest first:
 * also when it is interrupted, or fails half-way.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as after } from 'node:timers/promises';
import type { Tunnel } from '../../spec/api.ts';
import { makeId } from '../../spec/id.ts';
import { printable } from '../../spec/invalid.ts';
import { joinWords } from '../../spec/shell.ts';
import { resolveWords } from '../docker-run/resolve.ts';
import { known, tell } from '../failure.ts';
import type { Daemon, Invocation } from '../invocation.ts';
import { makeWormhole } from '../making.ts';
import { print } from '../print.ts';
import { openToUndo } from '../undoing.ts';
import type { DemoOptions } from './options.ts';

/** Milliseconds between two looks at the tunnel, and at a container that is going. */
const LOOK_MS = 500;
/** Milliseconds that the container has to be gone. */
const GONE_MS = 15_000;

type Undo = (daemon: Daemon) => Promise<unknown>;

export class Demo implements AsyncDisposable {
  /** Of the container, and of the wormhole that it is of. */
  readonly name: string;
  readonly #call: Invocation;
  readonly #undo: Undo[] = [];

  private constructor(call: Invocation) {
    this.#call = call;
    this.name = `wg-demo-${makeId(randomInt, () => false)}`;
  }

  /**
   * Starts the container.
   *
   * @param command what to run when nothing else is asked for
   * @param words what the wormhole says of it
   */
  static async begin(
    call: Invocation,
    options: DemoOptions,
    command: readonly string[],
    words: readonly string[],
  ): Promise<Demo> {
    const demo = new Demo(call);
    try {
      await demo.#start(options.image ?? joinWords(['--stop-signal', 'KILL', 'busybox', ...command]), words);
    } catch (error) {
      await demo[Symbol.asyncDispose]();
      throw error;
    }
    return demo;
  }

  /** Does something with the daemon; interrupted with the program. */
  async ask<T>(question: (daemon: Daemon) => Promise<T>): Promise<T> {
    await using daemon = await this.#call.open();
    return await question(daemon);
  }

  /** Takes that away again in the end, before what was registered earlier. */
  defer(undo: Undo): void {
    this.#undo.push(undo);
  }

  /** A note for people. */
  async say(text: string): Promise<void> {
    if (!this.#call.json) await print(this.#call.surroundings.stderr, `${printable(text)}\n`);
  }

  /** The tunnel that ends in the container; undefined while there is none. */
  async tunnel(): Promise<Tunnel | undefined> {
    return (await this.ask((daemon) => daemon.tunnels())).tunnels.find(({ attach }) => attach === this.name);
  }

  /** @returns false when it is interrupted meanwhile */
  async pause(): Promise<boolean> {
    const { signal } = this.#call.surroundings;
    await after(LOOK_MS, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }

  /** Resolves when it is interrupted, or the tunnel was removed. */
  async over(): Promise<void> {
    await this.say('^C ends the demonstration, and takes all of it away');
    while (await this.pause()) {
      const { signal } = this.#call.surroundings;
      // A daemon that is being restarted comes back, and the tunnel is there meanwhile.
      const there = await this.tunnel().catch(() => 'unknown');
      if (signal.aborted || there !== undefined) continue;
      return await this.say('the tunnel was removed');
    }
  }

  /** Everything is gone, as far as it would go; what would not is told. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { surroundings } = this.#call;
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        await using daemon = await openToUndo(this.#call);
        await undo(daemon);
      } catch (error) {
        await tell(known(error), surroundings.stderr).catch(() => undefined);
      }
    }
  }

  async #start(run: string, words: readonly string[]): Promise<void> {
    const { name } = this;
    // What is said of the image counts for more: of a flag that stands twice the last one does.
    const flags = joinWords(['--name', name, '--hostname', name, '--network', 'none', '--pull', 'never']);
    const spec = ['id', name, 'url', ':0', 'tail', `docker-run=${flags} ${run}`, ...words];
    const resolved = await resolveWords(spec, this.#call.surroundings);
    this.defer((daemon) => remove(daemon, name));
    await makeWormhole(this.#call, () => this.#call.open(), resolved);
  }
}

/** The wormhole, and with it the container. */
async function remove(daemon: Daemon, name: string): Promise<void> {
  const { wormholes } = await daemon.list();
  if (!wormholes.some(({ id }) => id === name)) return;
  await daemon.delete(name, { now: true });
  for (let waited = 0; waited < GONE_MS; waited += LOOK_MS) {
    const { containers } = await daemon.containers();
    if (!containers.some((one) => one.name === name)) return;
    await after(LOOK_MS);
  }
}

/** Those that end in that container. */
export async function removeTunnelsOf(daemon: Daemon, name: string): Promise<void> {
  const { tunnels } = await daemon.tunnels();
  for (const { attach, peer } of tunnels) if (attach === name) await daemon.deleteTunnels(peer, { attach });
}
