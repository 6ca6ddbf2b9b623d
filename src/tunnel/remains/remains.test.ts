import { describe, expect, test } from 'vitest';
import { remainsOf } from './remains.ts';

const range = { address: '100.64.0.0', prefix: 14 };
const removed: string[] = [];
const part = (what: string, ends: { local?: string; remote?: string } = {}) => ({
  what,
  ...ends,
  remove: () => Promise.resolve(void removed.push(what)),
});

describe('what remains of tunnels', () => {
  const found = [
    part('interface wh0', { local: '100.65.0.2' }),
    part('address 100.65.0.2 on lo', { local: '100.65.0.2' }),
    part('route to 100.65.0.3', { local: '100.65.0.2', remote: '100.65.0.3' }),
    part('address 127.0.0.1 on lo', { local: '127.0.0.1' }),
    part('policy out', { local: '10.0.0.1', remote: '10.0.0.2' }),
    part('UDP port 4500'),
    part('policy in', { local: '100.67.255.254', remote: '100.67.255.255' }),
  ];

  test('is put together by tunnel, and is nothing outside the overlay range', () => {
    expect(remainsOf(found, range).map(({ overlay, parts }) => [overlay, parts])).toEqual([
      [
        { local: '100.65.0.2', remote: '100.65.0.3' },
        ['interface wh0', 'address 100.65.0.2 on lo', 'route to 100.65.0.3'],
      ],
      [{ local: '100.67.255.254', remote: '100.67.255.255' }, ['policy in']],
      [{}, ['UDP port 4500']],
    ]);
  });

  test('is removed backwards', async () => {
    await remainsOf(found, range)[0]?.remove();
    expect(removed).toEqual(['route to 100.65.0.3', 'address 100.65.0.2 on lo', 'interface wh0']);
  });
});
