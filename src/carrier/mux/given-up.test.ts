/** What is left of streams that nobody waits for any more, while the peer says nothing. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { world } from '../../../test/support/mux-wire.ts';
import type { MuxStream } from './stream.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('a stream that was given up before it was its turn is forgotten at once, not when the peer takes others', async () => {
  const { session } = world({ backlog: 1 }, true);
  session.openStream();
  const given = Array.from({ length: 100 }, (): WeakRef<MuxStream> => {
    const stream = session.openStream();
    stream.reset();
    return new WeakRef(stream);
  });
  await setImmediate();
  collect();
  expect(given.filter((one) => one.deref() !== undefined).length).toBeLessThan(10);
  expect(session.streams).toBe(1);
});
