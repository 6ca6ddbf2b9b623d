/**
 * Two ends of a stream that is no socket: in memory, or a stream of a mux over loopback.
 */
import { type Duplex, duplexPair } from 'node:stream';
import { MuxSession } from '../../src/carrier/mux/session.ts';
import { streamDuplex } from '../../src/carrier/mux/stream-duplex.ts';
import { socketPipe } from '../../src/carrier/socket-pipe.ts';
import { within } from './relay-wait.ts';
import { socketPair } from './socket-pair.ts';

/** Makes streams. Each one has a near end and a far one, both with `allowHalfOpen`; the caller destroys them. */
export interface StreamPairs extends Disposable {
  pair(): Promise<[Duplex, Duplex]>;
}

export function pairsInMemory(): Promise<StreamPairs> {
  return Promise.resolve({
    pair: () => {
      const [near, far] = duplexPair({ highWaterMark: 64 * 1024 });
      for (const end of [near, far]) end.on('error', () => undefined);
      return Promise.resolve<[Duplex, Duplex]>([near, far]);
    },
    [Symbol.dispose]: () => undefined,
  });
}

export async function pairsOfMux(): Promise<StreamPairs> {
  const [dialed, accepted] = await socketPair();
  const arrivals: Array<(far: Duplex) => void> = [];
  const near = new MuxSession(socketPipe(dialed), { dialed: true, onStream: (stream) => stream.reset(), onClose() {} });
  const far = new MuxSession(socketPipe(accepted), {
    dialed: false,
    onStream: (stream) => {
      stream.accept();
      const duplex = streamDuplex(stream);
      duplex.on('error', () => undefined);
      arrivals.shift()?.(duplex);
    },
    onClose() {},
  });
  return {
    pair: async () => {
      const arrived = new Promise<Duplex>((resolve) => arrivals.push(resolve));
      const opened = streamDuplex(near.openStream());
      opened.on('error', () => undefined);
      return [opened, await arrived];
    },
    [Symbol.dispose]: () => {
      near.destroy();
      far.destroy();
    },
  };
}

/** Everything until the end. */
export async function all(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await within('the end of a stream', new Promise((resolve) => stream.once('end', resolve)));
  return Buffer.concat(chunks);
}

/** As text, for short answers. */
export async function textOf(stream: Duplex): Promise<string> {
  return (await all(stream)).toString('latin1');
}
