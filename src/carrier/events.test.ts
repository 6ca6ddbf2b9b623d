/** The log of strangers stays short. */
import { expect, test } from 'vitest';
import { type CarrierEvent, EventRate } from './events.ts';

test('A23 a flood of events is a few lines and a count of the rest', () => {
  let now = 0;
  const lines: CarrierEvent[] = [];
  const rate = new EventRate(
    (event) => lines.push(event),
    () => now,
  );
  for (let i = 0; i < 1000; i += 1) rate.report('shed', '1.2.3.4:5', 'too-many-handshakes');
  expect(lines).toHaveLength(10);
  now += 1000;
  for (let i = 0; i < 1000; i += 1) rate.report('handshake-failed', '1.2.3.4:5', 'wrong-key');
  expect(lines).toHaveLength(11);
  expect(lines.at(-1)).toEqual({
    kind: 'handshake-failed',
    address: '1.2.3.4:5',
    reason: 'wrong-key',
    suppressed: 990,
  });
  now += 3_600_000;
  for (let i = 0; i < 1000; i += 1) rate.report('shed', '', '');
  expect(lines).toHaveLength(21);
});
