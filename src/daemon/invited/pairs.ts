/**
 * The pairs of hosts that an invitation has made, or will: each with a key that only the two know.
 *
 *   STATE-DIR/invited.json    0600: it holds keys, as a key file does
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WormholeError } from '../../lib/errors.ts';
import { isIdentity } from '../../spec/invitation.ts';
import type { JsonSchema } from '../schema/schema.ts';
import { validate } from '../schema/validate.ts';
import { writeAtomic } from '../state/atomic.ts';

export interface Pair {
  readonly identity: string;
  /** base64 of 32 bytes. */
  readonly key: string;
  /** Of the other daemon; absent as long as nobody has come. */
  readonly name?: string;
  readonly host?: string;
  /** Where the other one is dialed; absent when it dials. */
  readonly endpoint?: { readonly host: string; readonly port: number };
  /** Container of this host that its tunnels end in; absent = the host. */
  readonly attach?: string;
  /** Container of the other host that tunnels with it have to end in, if it has said so. */
  readonly peerAttach?: string;
  /** Private half of the key that the token has the public one of, base64; absent once somebody has come. */
  readonly privateKey?: string;
  /** Unix seconds until somebody has to have come; absent afterwards. */
  readonly expires?: number;
}

const text: JsonSchema = { type: 'string', minLength: 1, maxLength: 512 };
const integer: JsonSchema = { type: 'integer' };
const endpoint: JsonSchema = {
  type: 'object',
  required: ['host', 'port'],
  properties: { host: text, port: integer },
  additionalProperties: false,
};
const schema: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['identity', 'key'],
    properties: {
      identity: text,
      key: text,
      name: text,
      host: text,
      endpoint,
      attach: text,
      peerAttach: text,
      privateKey: text,
      expires: integer,
    },
    additionalProperties: false,
  },
};

export class Pairs {
  readonly #path: string;
  readonly #pairs = new Map<string, Pair>();
  #written: Promise<void> = Promise.resolve();

  /** @param directory the state directory @throws {WormholeError} WH_ERR_STATE */
  constructor(directory: string) {
    this.#path = join(directory, 'invited.json');
    for (const pair of this.#read()) this.#pairs.set(pair.identity, pair);
  }

  get list(): readonly Pair[] {
    return [...this.#pairs.values()];
  }

  /** Invitations that somebody may still come with. @param nowMs milliseconds since the epoch */
  pending(nowMs: number): readonly Pair[] {
    return this.list.filter((pair) => pair.expires !== undefined && !isOver(pair, nowMs));
  }

  get(identity: string): Pair | undefined {
    return this.#pairs.get(identity);
  }

  /** Resolves when it would survive a power cut. @throws {WormholeError} WH_ERR_STATE */
  async put(pair: Pair): Promise<void> {
    this.#pairs.set(pair.identity, pair);
    await this.#write();
  }

  async remove(...identities: readonly string[]): Promise<void> {
    for (const identity of identities) this.#pairs.delete(identity);
    await this.#write();
  }

  /** Fails closed: whoever is in a file that cannot be read is nobody. */
  #read(): readonly Pair[] {
    let content: string;
    try {
      content = readFileSync(this.#path, 'utf8');
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return [];
      throw new WormholeError('WH_ERR_STATE', `${this.#path}: ${code}`, { cause });
    }
    const value = parsed(content);
    if (validate(schema, value) !== undefined) {
      throw new WormholeError('WH_ERR_STATE', `${this.#path} is damaged; remove it, and invite those hosts again`);
    }
    return (value as Pair[]).filter(({ identity }) => isIdentity(identity));
  }

  async #write(): Promise<void> {
    const content = `${JSON.stringify(this.list, undefined, 2)}\n`;
    this.#written = this.#written.catch(() => undefined).then(() => writeAtomic(this.#path, content));
    try {
      await this.#written;
    } catch (cause) {
      throw new WormholeError('WH_ERR_STATE', `${this.#path}: ${(cause as NodeJS.ErrnoException).code}`, { cause });
    }
  }
}

/** Nobody has come in time. @param nowMs milliseconds since the epoch */
export function isOver({ expires }: Pair, nowMs: number): boolean {
  return expires !== undefined && expires * 1000 <= nowMs;
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}
