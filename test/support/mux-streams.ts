/**
 * Streams between two mux sessions whose pipes the test carries by hand; each stream is known to both ends, and its head read.
 */
import { MuxSession } from '../../src/carrier/mux/session.ts';
import type { MuxStream } from '../../src/carrier/mux/stream.ts';
import { FakeClock, FakePipe } from './fake-pipe.ts';

export function muxStreams() {
  const clock = new FakeClock();
  const pipes = [new FakePipe(), new FakePipe()] as const;
  const accepted: MuxStream[] = [];
  const sessions = pipes.map(
    (pipe, at) =>
      new MuxSession(pipe, {
        dialed: at === 0,
        clock,
        onClose: () => {},
        onStream: (stream) => {
          stream.accept();
          accepted.push(stream);
        },
      }),
  );
  /** Carries until nothing is left. */
  const carry = (): void => {
    for (let idle = 0; idle < 2; ) {
      const [there, back] = [pipes[0].take(), pipes[1].take()];
      idle = there.length + back.length === 0 ? idle + 1 : 0;
      if (there.length > 0) pipes[1].feed(there);
      if (back.length > 0) pipes[0].feed(back);
      for (const pipe of pipes) pipe.user?.onDrain();
    }
  };
  const open = (): [MuxStream, MuxStream] => {
    const stream = (sessions[0] as MuxSession).openStream();
    // As a head does: a stream is known to the other end with its first bytes.
    stream.write(Buffer.from('head'));
    carry();
    const there = accepted.at(-1) as MuxStream;
    if (there.read()?.toString() !== 'head') throw new Error('a stream begins with its head');
    return [stream, there];
  };
  return { pipes, carry, open, sessions };
}
