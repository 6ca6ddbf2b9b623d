/**
 * A client of CONNECT or SOCKS5 and the end of its connection that is negotiated with, over loopback.
 */
import type { Socket } from 'node:net';
import { type NegotiateOptions, type Negotiation, negotiate } from '../../src/proxy/connect/negotiate.ts';
import { socketPair } from './socket-pair.ts';

export interface Talk extends AsyncDisposable {
  readonly client: Socket;
  /** The end that is negotiated with. */
  readonly served: Socket;
  readonly negotiation: Promise<Negotiation>;
  /** Everything that the client is sent until its end, as latin1; rejects when it is reset. */
  readonly answer: Promise<string>;
}

/** Long enough to be no part of any test. */
export const PATIENT_MS = 60_000;

export async function talk(options: Partial<NegotiateOptions> = {}): Promise<Talk> {
  const [client, served] = await socketPair();
  const ending = new AbortController();
  served.on('error', () => undefined);
  const negotiation = negotiate(served, {
    kind: 'any',
    deadlineMs: PATIENT_MS,
    maxHeadBytes: 8192,
    signal: ending.signal,
    ...options,
  });
  const answer = received(client);
  // either may be nobody's concern in a test
  for (const promise of [negotiation, answer]) promise.catch(() => undefined);
  return {
    client,
    served,
    negotiation,
    answer,
    async [Symbol.asyncDispose]() {
      ending.abort();
      client.destroy();
      served.destroy();
    },
  };
}

async function received(client: Socket): Promise<string> {
  let text = '';
  for await (const chunk of client) text += (chunk as Buffer).toString('latin1');
  return text;
}

/** The head of a request for `target`, with `lines` in it. */
export function connectHead(target: string, ...lines: readonly string[]): string {
  return `CONNECT ${target} HTTP/1.1\r\n${[`Host: ${target}`, ...lines].join('\r\n')}\r\n\r\n`;
}

/** A line of Basic credentials. */
export function basic(user: string, password: string): string {
  return `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

const GREETING = [5, 1, 0];

/** What a SOCKS5 client says when it asks for `name`, all at once. */
export function socksRequest(name: string, port: number, { command = 1, greeting = GREETING } = {}): Buffer {
  const bytes = Buffer.from(name, 'latin1');
  return Buffer.from([...greeting, 5, command, 0, 3, bytes.length, ...bytes, port >> 8, port & 0xff]);
}

/** VER ULEN USER PLEN PASSWORD. */
export function socksLogin(user: string, password: string): number[] {
  const [name, word] = [Buffer.from(user), Buffer.from(password)];
  return [1, name.length, ...name, word.length, ...word];
}
