/**
 * Implementations of yamux behind one face, so that any two of them can be put at the ends of a connection.
 */
import type { Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { yamux } from '@chainsafe/libp2p-yamux';
import { MuxSession } from '../../src/carrier/mux/session.ts';
import { streamDuplex } from '../../src/carrier/mux/stream-duplex.ts';
import { socketPipe } from '../../src/carrier/socket-pipe.ts';

/** A stream; everything about it may be done in any order. */
export interface EndStream {
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends this direction. */
  end(): void;
  reset(): void;
  /** What comes; throws at a reset. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** One end of a session. */
export interface MuxEnd {
  open(): EndStream;
  /** Resolves when the peer answered. */
  ping(): Promise<number>;
  /** Says that no more streams are wanted. */
  goAway(): void;
  /** Ends the session and its connection. */
  destroy(): void;
  /** Settles with the session: the reason, if there was one. */
  readonly over: Promise<string | undefined>;
}

export interface EndOptions {
  readonly dialed: boolean;
  readonly onStream: (stream: EndStream) => void;
}

/** Makes an end of a connection, which it takes over. */
export type MakeEnd = (socket: Socket, options: EndOptions) => MuxEnd;

/** Streams of Node.js, written to with its back-pressure. */
export function nodeStream(readable: Readable, writable: NodeJS.WritableStream & { destroy(): unknown }): EndStream {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        writable.write(bytes, (error) => (error == null ? resolve() : reject(error)));
      }),
    end: () => void writable.end(),
    reset: () => void writable.destroy(),
    // Not the stream itself: to have read it to its end would destroy the direction back.
    chunks: readable.iterator({ destroyOnReturn: false }),
  };
}

export const ourEnd: MakeEnd = (socket, { dialed, onStream }) => {
  let over: (reason: string | undefined) => void = () => {};
  const ended = new Promise<string | undefined>((resolve) => (over = resolve));
  const wrap = (stream: Parameters<typeof streamDuplex>[0]): EndStream => {
    const duplex = streamDuplex(stream);
    duplex.on('error', () => {});
    return nodeStream(duplex, duplex);
  };
  const session = new MuxSession(socketPipe(socket), {
    dialed,
    onStream: (stream) => {
      stream.accept();
      onStream(wrap(stream));
    },
    onClose: (reason) => over(reason?.message),
  });
  return {
    open: () => wrap(session.openStream()),
    ping: () => session.ping(),
    goAway: () => session.close(),
    destroy: () => session.destroy(),
    over: ended,
  };
};

type Factory = ReturnType<ReturnType<typeof yamux>>;

type Libp2pStream = Awaited<ReturnType<ReturnType<Factory['createStreamMuxer']>['newStream']>>;

const quiet = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false, newScope: () => quiet });

export const libp2pEnd: MakeEnd = (socket, { dialed, onStream }) => {
  const wrap = (stream: Libp2pStream): EndStream => {
    const outgoing = new PassThrough({ highWaterMark: 64 * 1024 });
    outgoing.on('error', () => {});
    void stream.sink(outgoing).catch(() => {});
    const incoming = async function* incoming(): AsyncGenerator<Uint8Array> {
      for await (const list of stream.source) yield list.subarray();
    };
    const face = nodeStream(Readable.from([]), outgoing);
    return { ...face, reset: () => stream.abort(new Error('reset')), chunks: incoming() };
  };
  const logger = { forComponent: () => quiet } as never;
  const muxer = yamux({ maxInboundStreams: 20_000, maxOutboundStreams: 20_000 })({ logger }).createStreamMuxer({
    direction: dialed ? 'outbound' : 'inbound',
    onIncomingStream: (stream) => onStream(wrap(stream)),
  });
  const send = async (): Promise<void> => {
    for await (const list of muxer.source) {
      if (!socket.write(list.subarray())) await new Promise((resolve) => socket.once('drain', resolve));
    }
    socket.end();
  };
  socket.on('error', () => {});
  const over = Promise.all([send(), muxer.sink(socket as never)]).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return {
    open: () => wrap((muxer.newStream as () => Libp2pStream)()),
    ping: () => (muxer as unknown as { ping(): Promise<number> }).ping(),
    goAway: () => (muxer as unknown as { sendGoAway(): void }).sendGoAway(),
    destroy: () => {
      void muxer.close().catch(() => {});
      socket.destroy();
    },
    over,
  };
};
