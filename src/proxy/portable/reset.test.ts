import { once } from 'node:events';
import { expect, test } from 'vitest';
import { socketPair } from '../../../test/support/socket-pair.ts';
import { resetStream } from './reset.ts';

test.each([0, 1])('a socket that is reset %i ticks after it was ended is closed, and leaks nothing', async (ticks) => {
  const [ours, theirs] = await socketPair();
  theirs.on('error', () => undefined).resume();
  ours.end();
  for (let n = 0; n < ticks; n++) await Promise.resolve();
  resetStream(ours);
  await once(ours, 'close');
  expect(ours.destroyed).toBe(true);
  theirs.destroy();
});
