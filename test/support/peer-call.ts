/**
 * The control API as a peer calls it: over TLS on port 9999, with a key and the name that it stands for.
 */
import { type ClientRequest, request } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { readKeyFile } from '../../src/lib/key-file.ts';
import { commonIdentity } from '../../src/lib/tls-profile.ts';
import { type Answer, type Call, readAnswer } from './api-call.ts';
import { tlsFriend } from './carrier-peer.ts';
import { within } from './relay-wait.ts';

export class PeerCaller {
  readonly #keyFile: string;
  readonly #identity: string;
  readonly #port: number;

  /** @param keyFile of the common key, or with `identity` of that peer's own */
  constructor(keyFile: string, identity: string = commonIdentity, port = 9999) {
    this.#keyFile = keyFile;
    this.#identity = identity;
    this.#port = port;
  }

  async ask(path: string, { method = 'GET', json }: Call = {}): Promise<Answer> {
    const stream: TLSSocket = await tlsFriend({
      port: this.#port,
      key: readKeyFile(this.#keyFile).bytes(),
      identity: this.#identity,
    });
    const body = json === undefined ? undefined : JSON.stringify(json);
    const headers = { host: 'localhost', ...(body !== undefined && { 'content-type': 'application/json' }) };
    const asked: ClientRequest = request({ createConnection: () => stream, path, method, headers });
    asked.end(body);
    try {
      return await within(path, readAnswer(asked));
    } finally {
      stream.destroy();
    }
  }

  /** Asks for a wormhole; the words as on the command line, or split at blanks. */
  create(spec: string | readonly string[]): Promise<Answer> {
    return this.ask('/v1/wormholes', {
      method: 'POST',
      json: { words: typeof spec === 'string' ? spec.split(' ') : spec },
    });
  }

  /** The rule by which a wormhole is denied; or what became of it. */
  async denied(spec: string | readonly string[]): Promise<unknown> {
    return ruleOf(await this.create(spec));
  }

  async ping(host: string): Promise<unknown> {
    return ruleOf(await this.ask('/v1/ping', { method: 'POST', json: { payload: 'x', host } }));
  }
}

/** The rule that denied it, or the code of another error, or its status. */
export function ruleOf({ status, text }: Answer): unknown {
  if (status < 400) return status;
  const { code, facts } = JSON.parse(text) as { code: string; facts?: { rule?: string } };
  return code === 'WH_ERR_POLICY' ? facts?.rule : code;
}
