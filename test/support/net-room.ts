/**
 * A network namespace of a test's own: made by name, its loopback up, gone with the room.
 *
 *     this test's namespace          room: lo 127.0.0.1, ::1 and nothing else
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { NetNamespace } from '../../src/sys/netns.ts';

/** Why rooms cannot be made here; undefined = they can. Printed by the tests that are skipped for it. */
export function roomless(): string | undefined {
  if (process.getuid?.() !== 0) return 'a network namespace takes root';
  try {
    execFileSync('ip', ['-V'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'the program `ip` (iproute2) is not installed';
  }
}

/** See the module header. */
export class NetRoom implements Disposable {
  readonly name = `wh-${randomBytes(4).toString('hex')}`;
  /** A handle on it, closed with the room. */
  readonly namespace: NetNamespace;
  #named = true;

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name]);
    execFileSync('ip', ['-n', this.name, 'link', 'set', 'lo', 'up']);
    this.namespace = NetNamespace.named(this.name);
  }

  /** Runs `ip` on the room. */
  ip(...words: string[]): string {
    return execFileSync('ip', ['-n', this.name, ...words], { encoding: 'utf8' });
  }

  /** Starts a program inside; the caller ends it. It is there a moment later. */
  start(program: string, words: readonly string[]): ChildProcess {
    return spawn('nsenter', [`--net=/run/netns/${this.name}`, program, ...words], { stdio: 'ignore' });
  }

  /** Takes the name away; the namespace lives on as long as somebody holds it. */
  unname(): void {
    if (this.#named) execFileSync('ip', ['netns', 'delete', this.name]);
    this.#named = false;
  }

  [Symbol.dispose](): void {
    this.namespace[Symbol.dispose]();
    this.unname();
  }
}
