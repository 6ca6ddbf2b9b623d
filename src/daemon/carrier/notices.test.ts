/** Both ends of a stream of notices, over a pair of streams of memory. */
import { Duplex, duplexPair, PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { FrameReader, frame } from '../../carrier/link/frame.ts';
import { type Notice, noticeMessage, parseNotice } from '../../carrier/link/notice.ts';
import { NoticesIn } from '../../carrier/link/notices-in.ts';
import { WormholeError } from '../../lib/errors.ts';
import { NoticesOut } from './notices-out.ts';

const deaf = { onAsked: () => undefined, onNotices: () => undefined, onAllTold: () => undefined };
const up = (guest: string): Notice => ({ guest, state: 'up', reason: '' });

/** A link whose far end is `stream`; once. */
function linkTo(stream: Duplex) {
  let opened = 0;
  const openStream = (): Promise<Duplex> => {
    opened += 1;
    return Promise.resolve(stream);
  };
  return { openStream, open: true, opened: () => opened };
}

describe('a notice', () => {
  test('is what it must be', () => {
    expect(parseNotice({ guest: 'x.0', state: 'failed', reason: 'no\u001b[2J' })).toEqual({
      guest: 'x.0',
      state: 'failed',
      reason: 'no?[2J',
    });
    for (const wrong of [{ guest: '../x' }, { state: 5 }, { state: 'UP' }, { reason: null }, { guest: undefined }]) {
      expect(() => parseNotice({ guest: 'x.0', state: 'up', reason: '', ...wrong })).toThrow('no proper');
    }
  });

  test('tells how far a pull is, in words and numbers that are checked', () => {
    const pull = { image: 'shop', status: 'Downloading', layersDone: 1, layersTotal: 2, bytesDone: 5, bytesTotal: 9 };
    const notice: Notice = { guest: 'x.0', state: 'starting', reason: '', pull };
    expect(parseNotice(noticeMessage(notice) as never)).toEqual(notice);
    for (const wrong of [
      5,
      null,
      [],
      { ...pull, bytesDone: -1 },
      { ...pull, image: 7 },
      { ...pull, layersDone: 'x' },
    ]) {
      expect(() => parseNotice({ guest: 'x.0', state: 'starting', reason: '', pull: wrong })).toThrow('no proper');
    }
    const long = '\u0001'.repeat(1 << 20);
    const longest = { ...notice, reason: long, pull: { ...pull, image: long, status: long } };
    expect(() => frame(noticeMessage(longest))).not.toThrow();
  });

  test('of a state that a later version knows is ignored', () => {
    expect(parseNotice({ guest: 'x.0', state: 'dreaming', reason: '' })).toBeUndefined();
  });

  test('A22 fits into a message however long its words are', () => {
    expect(() =>
      frame(noticeMessage({ guest: 'x.0', state: 'failed', reason: '\u0001'.repeat(1 << 20) })),
    ).not.toThrow();
  });
});

describe('a stream of notices', () => {
  test('carries them in order, from one end to the other', async () => {
    const [near, far] = duplexPair();
    const out = new NoticesOut(near, () => undefined);
    const heard: (Notice | string)[] = [];
    const hearing = new NoticesIn(linkTo(far), {
      onAsked: () => heard.push('asked'),
      onNotices: (notices) => heard.push(...notices),
      onAllTold: () => heard.push('all told'),
    });
    const over = hearing.run();
    out.tell(up('x.0'));
    out.allTold();
    await expect.poll(() => heard).toEqual(['asked', up('x.0'), 'all told']);
    out.tell({ guest: 'y.0', state: 'failed', reason: 'no' });
    await expect.poll(() => heard.slice(3)).toEqual([{ guest: 'y.0', state: 'failed', reason: 'no' }]);
    hearing.close();
    await over;
  });

  test('of a reader who reads nothing keeps the last state of each guest, and of so many guests', async () => {
    let over = 0;
    const stuck = new Duplex({ highWaterMark: 1, read: () => undefined, write: () => undefined });
    const out = new NoticesOut(stuck, () => void (over += 1));
    for (let i = 0; i < 100_000; i += 1) out.tell({ guest: 'x.0', state: 'failed', reason: String(i) });
    expect([stuck.destroyed, stuck.writableLength < 1_000]).toEqual([false, true]);
    for (let i = 0; i < 5_000; i += 1) out.tell(up(`x.${i}`));
    expect(stuck.destroyed).toBe(true);
    await expect.poll(() => over).toBe(1);
  });

  test('a slow reader gets the newest state when it reads on', async () => {
    const reader = new FrameReader();
    let done: () => void = () => undefined;
    const slow = new Duplex({
      highWaterMark: 1,
      read: () => undefined,
      write: (chunk: Buffer, _encoding, callback) => {
        reader.push(chunk);
        done = callback;
      },
    });
    const out = new NoticesOut(slow, () => undefined);
    for (const reason of ['1', '2', '3']) out.tell({ guest: 'x.0', state: 'failed', reason });
    expect(reader.next()).toMatchObject({ reason: '1' });
    // That this was all comes behind it.
    out.allTold();
    done();
    await expect.poll(() => reader.next()).toMatchObject({ reason: '3' });
    done();
    await expect.poll(() => reader.next()).toMatchObject({ state: 'told' });
  });

  test('A22 somebody who talks on it is not listened to', async () => {
    const [near, far] = duplexPair();
    const over = new Promise<void>((resolve) => void new NoticesOut(near, resolve));
    far.on('error', () => undefined).write('hello');
    await over;
  });

  test('A22 nonsense on it ends it, and a peer that knows no such thing is asked once', async () => {
    const [near, far] = duplexPair();
    const link = { ...linkTo(far), open: true };
    const hearing = new NoticesIn(link, deaf);
    const over = hearing.run();
    near.on('error', () => undefined).write(Buffer.from([0xff, 0xff, 1, 2]));
    await expect.poll(() => far.destroyed).toBe(true);
    hearing.close();
    await over;
    const refusal = new WormholeError('WH_ERR_PROTOCOL', 'no proper open', { detail: { peer: true } });
    const old = { open: true, openStream: () => Promise.reject(refusal) };
    expect(await new NoticesIn(old, deaf).run()).toBe('no proper open');
  });

  test('that is not wanted any more is let go of, also before the peer has said yes', async () => {
    const never = { open: true, openStream: (_: unknown, signal: AbortSignal) => aborted(signal) };
    const hearing = new NoticesIn(never, deaf);
    const over = hearing.run();
    hearing.close();
    expect(await over).toBe('');
    const stream = new PassThrough();
    const other = new NoticesIn(linkTo(stream), deaf);
    const ended = other.run();
    await new Promise(setImmediate);
    other.close();
    await ended;
    expect(stream.destroyed).toBe(true);
  });
});

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}
