/**
 * Streams over QUIC, as links use them, by the suite of the mux: what carries a stream is nobody's business above it.
 */
import { describe } from 'vitest';
import { streamDuplex } from '../../src/carrier/mux/stream-duplex.ts';
import { QuicByteStream } from '../../src/carrier/quic/byte-stream.ts';
import type { QuicConnection, QuicStream } from '../../src/carrier/quic/engine.ts';
import { quicheEngine } from '../../src/carrier/quic/quiche-engine.ts';
import { type EndStream, type MuxEnd, nodeStream } from '../support/mux-ends.ts';
import { connect, listen, opened } from '../support/quic-ends.ts';
import { type MakePair, streamContract } from './mux.ts';

type QuicEnd = Pick<MuxEnd, 'open' | 'ping' | 'destroy'>;

function wrap(stream: QuicStream, own: boolean): EndStream {
  const duplex = streamDuplex(new QuicByteStream(stream, own));
  duplex.on('error', () => {});
  return nodeStream(duplex, duplex);
}

function endOf(connection: QuicConnection, over: () => void): QuicEnd {
  return {
    open: () => wrap(opened(connection), true),
    ping: async () => ((await connection.ping(5_000)) ? 0 : Number.NaN),
    destroy: () => {
      connection.close();
      over();
    },
  };
}

const pairOver =
  (native: boolean): MakePair<QuicEnd> =>
  async (toDialer, toAcceptor) => {
    const engine = await quicheEngine({ native });
    const there = await listen(engine);
    const near = await connect(engine, there.listener.address.port);
    const far = await there.next();
    near.onStream((stream) => toDialer(wrap(stream, false)));
    far.onStream((stream) => toAcceptor(wrap(stream, false)));
    const over = async (): Promise<void> => {
      await there.listener.close();
      await engine[Symbol.asyncDispose]();
    };
    return { dialer: endOf(near, () => {}), acceptor: endOf(far, () => void over()) };
  };

describe('over native sockets', () => void streamContract(pairOver(true)));

describe('over node:dgram', () => void streamContract(pairOver(false)));
