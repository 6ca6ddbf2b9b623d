/** A link that takes time and loses packets, between two namespaces; see `slow-link.c`, which is compiled when it is wanted. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.ts';
import type { Netns } from './netns.ts';

/** What becomes of packets under way. */
export interface Path {
  /** One way; twice that is the round trip. */
  readonly delayMs?: number;
  /** Of 1, in each direction. */
  readonly loss?: number;
}

/** A device that is to be made in a namespace. */
export interface LinkEnd {
  readonly netns: Netns;
  readonly device: string;
}

export class SlowLink implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(process: ChildProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
  }

  /** Resolves when both devices are there; they have no addresses, and are down. */
  static async start({ delayMs = 0, loss = 0 }: Path, one: LinkEnd, other: LinkEnd): Promise<SlowLink> {
    const folder = mkdtempSync(join(tmpdir(), 'wormhole-link-'));
    const file = join(folder, 'slow-link');
    await command('gcc', ['-O2', '-Wall', '-o', file, join(import.meta.dirname, 'slow-link.c')]);
    const ends = [one, other].flatMap(({ netns, device }) => [netns.path, device]);
    const numbers = [Math.round(delayMs * 1000), Math.round(loss * 1_000_000)].map(String);
    // Its standard input ends with this process, and it with that.
    const child = spawn(file, [...ends, ...numbers], { stdio: ['pipe', 'pipe', 'inherit'] });
    const link = new SlowLink(child, folder);
    const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
    if (String(said) !== 'ready\n') throw new Error('slow-link did not start');
    return link;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    // Its host may have ended everything that ran in its namespace.
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.stdin?.end();
      await ended;
    }
    rmSync(this.#folder, { recursive: true });
  }
}
