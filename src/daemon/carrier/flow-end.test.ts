import { expect, test } from 'vitest';
import { declareVolatile, kept } from '../../lib/volatile.ts';
import { FlowEnd } from './flow-end.ts';

test('datagrams that come before anybody listens are as they were, though the memory they came in is used again', () => {
  const memory = Buffer.allocUnsafeSlow(100);
  declareVolatile(memory.buffer);
  const end = new FlowEnd();
  const told: string[] = [];
  for (const text of ['one', 'two']) {
    memory.write(text);
    end.user.onDatagram(memory.subarray(0, 3));
  }
  memory.fill(0);
  end.onDatagram((data) => told.push(kept(data).toString()));
  memory.write('six');
  end.user.onDatagram(memory.subarray(0, 3));
  expect(told).toEqual(['one', 'two', 'six']);
});
