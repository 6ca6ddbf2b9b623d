/**
 * HELLO: who is at each end of a link. The first stream of a session, opened by the end that dialed, carries one each way.
 */
import { WormholeError } from '../../lib/errors.ts';
import { peerNamePattern } from '../../spec/names.ts';
import { count, type Message, optional, text } from './fields.ts';

/** Of the layers from HELLO upwards; another one is refused in words. */
export const linkVersion = 1;

/** What an end says of itself. Proved is only the key; see docs/design/0003-tls-psk.md. */
export interface Hello {
  /** `client`: opens streams, serves none that it did not ask for. */
  readonly role: 'daemon' | 'client';
  /** Random id of the process, 16 hexadecimal digits. */
  readonly instance: string;
  /** Id of the daemon, which survives restarts; 16 hexadecimal digits. */
  readonly host: string;
  readonly name: string;
  /** It insists on that name, which nobody else may have then. */
  readonly insists: boolean;
  readonly version: string;
  /** Its clock: Unix time in ms. */
  readonly timeMs: number;
  /** Milliseconds that a session waits for another connection, at both ends; the end that dialed says. */
  readonly resumeMs: number;
}

const id = /^[0-9a-f]{16}$/;
const maxResumeMs = 600_000;

export function helloMessage(hello: Hello): object {
  const { timeMs, resumeMs, ...rest } = hello;
  return { hello: linkVersion, ...rest, time: Math.round(timeMs), resume: Math.min(resumeMs, maxResumeMs) };
}

/** @throws {WormholeError} WH_ERR_PROTOCOL; WH_ERR_UNSUPPORTED of another version */
export function parseHello(message: Message): Hello {
  const version = count(message, 'hello', Number.MAX_SAFE_INTEGER);
  if (version !== linkVersion) {
    throw new WormholeError(
      'WH_ERR_UNSUPPORTED',
      `the peer speaks version ${version} of the protocol between daemons, this one version ${linkVersion}; update the older one`,
    );
  }
  return {
    role: text(message, 'role', /^(daemon|client)$/) as Hello['role'],
    instance: text(message, 'instance', id),
    host: text(message, 'host', id),
    name: text(message, 'name', peerNamePattern),
    insists: message['insists'] === true,
    version: text(message, 'version', /^[\w.+-]{1,64}$/),
    timeMs: count(message, 'time', Number.MAX_SAFE_INTEGER),
    resumeMs: optional(message, 'resume', (from, field) => count(from, field, maxResumeMs)) ?? 30_000,
  };
}
