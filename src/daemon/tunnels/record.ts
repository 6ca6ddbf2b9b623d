/**
 * What is remembered of a tunnel. Pure: text to records and back.
 *
 * There is no key in it: a tunnel that the kernel still has is taken up as it is, and one that it has not any more gets new
 * keys, because old ones must never be used twice.
 */
import type { TunnelKind } from '../../spec/api.ts';
import type { TunnelShape } from '../../tunnel/half.ts';
import type { JsonSchema } from '../schema/schema.ts';
import { validate } from '../schema/validate.ts';

export interface TunnelRecord {
  /** The same at both ends. */
  readonly id: string;
  /** The peer as it is written after `tunnel`. */
  readonly peer: string;
  /** By that name this host can dial it; else the peer calls itself so, and nobody is looked for by it. */
  readonly dialed?: boolean;
  /** Id of the daemon there, and whom its key has proved it to be. */
  readonly host: string;
  readonly identity: string;
  /** `installing` until both ends have it. */
  readonly phase: 'installing' | 'complete';
  readonly kind: TunnelKind;
  /** This end has made the offer, and sees to new keys. */
  readonly driver: boolean;
  /** Containers that the ends are in; absent = the host. */
  readonly attach?: string;
  readonly peerAttach?: string;
  /** As it was asked for. */
  readonly mtu?: number;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** Of the newest keys. */
  readonly freshAt: string;
  /** Without the namespace, which is another one after a restart. */
  readonly shape: TunnelShape;
}

const text: JsonSchema = { type: 'string', minLength: 1, maxLength: 1024 };
const number: JsonSchema = { type: 'integer' };
const ends: JsonSchema = object({ local: text, remote: text });
const shapes: readonly JsonSchema[] = [
  object(
    {
      kind: { const: 'ipsec' },
      outer: ends,
      overlay: ends,
      udp: object({ localPort: number, remotePort: number, keepaliveSeconds: number }),
      mtu: number,
    },
    ['kind', 'outer', 'overlay'],
  ),
  object(
    {
      kind: { const: 'wireguard' },
      engine: { anyOf: [{ const: 'kernel' }, { const: 'go' }] },
      name: text,
      listenPort: number,
      overlay: ends,
      mtu: number,
      peer: object({ publicKey: text, endpoint: object({ address: text, port: number }), keepaliveSeconds: number }, [
        'publicKey',
      ]),
    },
    ['kind', 'engine', 'name', 'listenPort', 'overlay', 'peer'],
  ),
];
const record: JsonSchema = object(
  {
    id: text,
    peer: text,
    dialed: { type: 'boolean' },
    host: text,
    identity: text,
    phase: { anyOf: [{ const: 'installing' }, { const: 'complete' }] },
    kind: { anyOf: [{ const: 'ipsec' }, { const: 'ipsec-udp' }, { const: 'wireguard' }] },
    driver: { type: 'boolean' },
    attach: text,
    peerAttach: text,
    mtu: number,
    createdAt: text,
    freshAt: text,
    shape: { anyOf: shapes },
  },
  ['id', 'peer', 'host', 'identity', 'phase', 'kind', 'driver', 'createdAt', 'freshAt', 'shape'],
);
const schema: JsonSchema = object({ version: { const: 1 }, tunnels: { type: 'array', items: record } });

export function formatRecords(records: readonly TunnelRecord[]): string {
  const tunnels = records.map((one) => ({ ...one, shape: toJson(one.shape) }));
  return `${JSON.stringify({ version: 1, tunnels }, undefined, 2)}\n`;
}

/** @returns the records, or what is wrong with the text */
export function parseRecords(content: string): readonly TunnelRecord[] | { readonly damage: string } {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    return { damage: 'not JSON' };
  }
  const violation = validate(schema, value);
  if (violation !== undefined) return { damage: `${violation.path || 'the document'} ${violation.problem}` };
  const { tunnels } = value as { tunnels: Array<TunnelRecord & { shape: StoredShape }> };
  return tunnels.map((one) => ({ ...one, shape: fromJson(one.shape) }));
}

type StoredShape = { readonly kind: 'ipsec' } | { readonly kind: 'wireguard'; readonly peer: { publicKey: string } };

function toJson(shape: TunnelShape): object {
  const { netns: _, ...rest } = shape;
  if (rest.kind === 'ipsec') return rest;
  return { ...rest, peer: { ...rest.peer, publicKey: rest.peer.publicKey.toString('base64') } };
}

function fromJson(stored: StoredShape): TunnelShape {
  if (stored.kind === 'ipsec') return stored as TunnelShape;
  return {
    ...stored,
    peer: { ...stored.peer, publicKey: Buffer.from(stored.peer.publicKey, 'base64') },
  } as TunnelShape;
}

function object(properties: Readonly<Record<string, JsonSchema>>, required = Object.keys(properties)): JsonSchema {
  return { type: 'object', required, properties, additionalProperties: false };
}
