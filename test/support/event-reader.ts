/** Reads `GET /v1/events` of a daemon as a program would: from when it is made until it is disposed. */
import { request } from 'node:http';
import type { Event } from '../../src/spec/api.ts';
import type { Daemon } from './daemon.ts';

export class EventReader implements Disposable {
  /** All that was told, in order. */
  readonly seen: Event[] = [];
  readonly #close: () => void;

  /** @param id only those of this wormhole */
  constructor(daemon: Daemon, id: string) {
    const { socket: socketPath } = daemon.of;
    const listening = request({ socketPath, path: `/v1/events?id=${id}`, headers: { host: 'localhost' } });
    let rest = '';
    listening
      .on('error', () => undefined)
      .on('response', (answer) => {
        answer
          .on('error', () => undefined)
          .setEncoding('utf8')
          .on('data', (text: string) => {
            const lines = (rest + text).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) this.seen.push(JSON.parse(line) as Event);
          });
      });
    listening.end();
    this.#close = () => listening.destroy();
  }

  /** Each state it was in, once, in order of the first time. */
  get states(): readonly Event['state'][] {
    return [...new Set(this.seen.map(({ state }) => state))];
  }

  [Symbol.dispose](): void {
    this.#close();
  }
}
