import { describe, expect, test } from 'vitest';
import { Ports } from './ports.ts';

describe('the ports of tunnels', () => {
  test('are each held by one at a time, and free again afterwards', () => {
    const ports = new Ports({ low: 4500, high: 4502 }, (port) => port !== 4501);
    const [one, other] = [ports.take(), ports.take()];
    expect(new Set([one.port, other.port])).toEqual(new Set([4500, 4502]));
    expect(() => ports.take()).toThrowError(expect.objectContaining({ code: 'WH_ERR_LIMIT' }));
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    expect(ports.take().port).toBe(one.port);
  });

  test('of a shared interface are held until the last of its tunnels is gone', () => {
    const ports = new Ports({ low: 4500, high: 4500 }, () => true);
    const [one, other] = [ports.hold(4500), ports.hold(4500)];
    one[Symbol.dispose]();
    expect(() => ports.take()).toThrow();
    other[Symbol.dispose]();
    expect(ports.take().port).toBe(4500);
  });
});
