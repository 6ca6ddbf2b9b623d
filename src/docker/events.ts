/**
 * The engine's event stream: one JSON object per line, reduced to {@link ContainerChange}.
 *
 * Only events that can move a container, or change whether it may be used, are let through; a health check alone
 * makes three `exec_…` events each time it runs.
 */
import type { ContainerChange } from './engine.ts';

/** Longest line that is looked at, bytes; the rest of a longer one is skipped. */
const maxLine = 1 << 20;

/** Podman's words for Docker's. */
const podmanWords: ReadonlyMap<string, string> = new Map([
  ['died', 'die'],
  ['remove', 'destroy'],
  ['exited', 'die'],
]);

const relevant = /^(create|start|restart|die|stop|destroy|rename|pause|unpause|health_status(:.*)?)$/;

/** Cuts a byte stream into lines, whatever the chunks. */
export class Lines {
  #rest = '';
  #skipping = false;
  readonly #decoder = new TextDecoder();

  /** @returns the lines that `chunk` completes, without their newline */
  push(chunk: Uint8Array): string[] {
    const parts = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = parts.pop() ?? '';
    if (this.#skipping && parts.length > 0) {
      parts.shift();
      this.#skipping = false;
    }
    if (this.#rest.length > maxLine) {
      this.#rest = '';
      this.#skipping = true;
    }
    return parts;
  }
}

/** @returns undefined for what is no relevant container event, malformed lines included */
export function toChange(line: string): ContainerChange | undefined {
  const event = record(parse(line));
  if (event?.['Type'] !== undefined && event['Type'] !== 'container') return undefined;
  const actor = record(event?.['Actor']);
  const id = actor?.['ID'] ?? event?.['id'];
  const word = event?.['Action'] ?? event?.['status'];
  if (typeof id !== 'string' || id === '' || typeof word !== 'string') return undefined;
  const action = podmanWords.get(word) ?? word;
  if (!relevant.test(action)) return undefined;
  const name = record(actor?.['Attributes'])?.['name'];
  return { id, name: typeof name === 'string' ? name : '', action };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
