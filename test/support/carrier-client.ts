/**
 * A carrier's end, dialing or dialed, that says what it likes: TLS with the key is real, the bytes inside are the test's own.
 *
 *     TLS, `wormhole/1` ─ records of the resumable pipe ─ frames of the mux ─ messages
 */
import { connect, createServer } from 'node:tls';
import { frame } from '../../src/carrier/link/frame.ts';
import { Flag, FrameType, headerBytes, writeHeader } from '../../src/carrier/mux/frame.ts';
import { protocolVersion, RecordType, record } from '../../src/carrier/resume/record.ts';
import { readKeyFile } from '../../src/lib/key-file.ts';
import { alpn, commonIdentity, tlsProfile } from '../../src/lib/tls-profile.ts';
import type { Host } from './host.ts';
import { type Endpoint, type ServerThere, serveIn, socketTo } from './netns-sockets.ts';
import { Peer } from './relay-peer.ts';
import { within } from './relay-wait.ts';

/** Dials a carrier port from a host with that host's key. */
export async function dialCarrier(from: Host, to: Endpoint, protocol: string = alpn.carrier): Promise<Peer> {
  const key = readKeyFile(from.belongings.keyFile).bytes();
  const stream = connect({
    ...tlsProfile,
    ca: [],
    socket: socketTo(to, from.netns.namespace),
    ALPNProtocols: [protocol],
    pskCallback: () => ({ psk: key, identity: commonIdentity }),
    checkServerIdentity: () => undefined,
  });
  stream.allowHalfOpen = true;
  await within(
    'a TLS connection',
    new Promise<void>((resolve, reject) => {
      stream.once('secureConnect', resolve);
      stream.once('error', reject);
    }),
  );
  return new Peer(stream);
}

/** Takes connections at a host's carrier port with that host's key, as its daemon would. */
export function answerCarrier(
  at: Host,
  onPeer: (peer: Peer) => void,
  protocol: string = alpn.carrier,
): Promise<ServerThere> {
  const key = readKeyFile(at.belongings.keyFile).bytes();
  const server = createServer({ ...tlsProfile, ca: [], ALPNProtocols: [protocol], pskCallback: () => key });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (stream) => {
    stream.allowHalfOpen = true;
    onPeer(new Peer(stream));
  });
  const where = { host: '0.0.0.0', port: 9999 };
  return serveIn(at.netns.namespace, where, (socket) => void server.emit('connection', socket));
}

/** The first record of a session. */
export const opening = (version: number = protocolVersion): Buffer => record(RecordType.open, Buffer.from([version]));

/** Bytes of the mux, in a record. */
export const data = (...frames: readonly Buffer[]): Buffer => record(RecordType.data, Buffer.concat(frames));

/** A mux frame; `length` is that of the payload unless said otherwise. */
export function muxFrame(type: number, flags: number, id: number, payload: Buffer | number = 0): Buffer {
  const header = Buffer.alloc(headerBytes);
  if (typeof payload === 'number') {
    writeHeader(header, 0, type, flags, id, payload);
    return header;
  }
  writeHeader(header, 0, type, flags, id, payload.length);
  return Buffer.concat([header, payload]);
}

/** A stream that begins with a message. */
export const saying = (id: number, message: object): Buffer => muxFrame(FrameType.data, Flag.syn, id, frame(message));

/** A HELLO of somebody; with whatever is wrong about it. */
export const hello = (changes: Readonly<Record<string, unknown>> = {}): object => ({
  hello: 1,
  role: 'daemon',
  instance: '0123456789abcdef',
  host: 'fedcba9876543210',
  name: 'somebody',
  insists: false,
  version: '1.0.0',
  time: Date.now(),
  resume: 30_000,
  ...changes,
});
