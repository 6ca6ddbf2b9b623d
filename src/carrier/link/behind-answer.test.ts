import { describe, expect, test } from 'vitest';
import { FakePipe } from '../../../test/support/fake-pipe.ts';
import { WormholeError } from '../../lib/errors.ts';
import { MuxSession } from '../mux/session.ts';
import type { MuxStream } from '../mux/stream.ts';
import { noMessage, yes } from './answer.ts';
import { apiStream } from './api-stream.ts';
import { frame } from './frame.ts';

/** What a session has to send leaves when its turn is over. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A stream that is asked for with a request behind its head, between two sessions that the test carries by hand. */
async function asked() {
  const pipes = [new FakePipe(), new FakePipe()] as const;
  const arrived: MuxStream[] = [];
  const user = { onClose: () => undefined };
  const near = new MuxSession(pipes[0], { ...user, dialed: true, onStream: (stream) => stream.reset() });
  const there = new MuxSession(pipes[1], { ...user, dialed: false, onStream: (stream) => void arrived.push(stream) });
  const duplex = apiStream(near.openStream());
  duplex.on('error', () => undefined);
  const answer = duplex.toArray().then((chunks) => Buffer.concat(chunks as Buffer[]).toString());
  duplex.end('GET /');
  await turn();
  // Half a round trip; the far end has not said anything.
  pipes[1].feed(pipes[0].take());
  const [far] = arrived;
  if (far === undefined || !there.open) throw new Error('no stream came');
  far.accept();
  const read: Buffer[] = [];
  for (let slice = far.read(); slice !== undefined; slice = far.read()) read.push(Buffer.from(slice));
  /** What is read at the near end when the far one has done that. */
  const after = async (work: (far: MuxStream) => void): Promise<string> => {
    work(far);
    for (let i = 0; i < 4; i += 1) {
      await turn();
      pipes[0].feed(pipes[1].take());
      pipes[1].feed(pipes[0].take());
    }
    return await answer;
  };
  return { request: Buffer.concat(read).toString('latin1'), after };
}

const problemIn = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));

describe('a stream that goes on behind its head', () => {
  test('carries the request with the head, before the other end has answered', async () => {
    expect((await asked()).request).toMatch(/\{"open":"api"\}GET \/$/);
  });

  test('is read from behind the yes, wherever that was cut', async () => {
    const bytes = Buffer.concat([frame(yes), Buffer.from('200 fine')]);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const answer = await (await asked()).after((far) => {
        for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) if (part.length > 0) far.write(part);
        far.end();
      });
      expect(answer).toBe('200 fine');
    }
  });

  test('tells a no in the words of the other end, as an answer of the API', async () => {
    const no = frame(noMessage(new WormholeError('WH_ERR_LIMIT', 'too many requests')));
    const answer = await (await asked()).after((far) => {
      far.write(no);
      far.end();
    });
    expect(answer).toMatch(/^HTTP\/1\.1 \d{3} /);
    expect(problemIn(answer)).toMatchObject({
      code: 'WH_ERR_LIMIT',
      detail: 'too many requests',
      facts: { unopened: true },
    });
  });

  test.each([
    ['resets it', (far: MuxStream) => far.reset()],
    ['ends it without a word', (far: MuxStream) => far.end()],
  ])('tells an end that %s before its answer as one that was not begun', async (_, work) => {
    const answer = await (await asked()).after(work);
    expect(problemIn(answer)).toMatchObject({ code: 'WH_ERR_ABORTED', facts: { unopened: true } });
  });

  test('refuses an answer that is none', async () => {
    const answer = await (await asked()).after((far) => {
      far.write(frame({ ok: 'perhaps' }));
    });
    expect(problemIn(answer)).toMatchObject({ code: 'WH_ERR_PROTOCOL' });
  });
});
