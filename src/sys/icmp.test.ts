import { describe, expect, test } from 'vitest';
import { Echo } from './icmp.ts';

const root = process.getuid?.() === 0;
if (!root) console.log('skipped: a raw socket takes root');

describe.skipIf(!root)('an echo request', () => {
  test('comes back from this machine, also at its largest, and not beyond', async () => {
    using echo = new Echo('127.0.0.1');
    expect(await echo.send(64, 2_000)).toBeGreaterThan(0);
    expect(echo.mtu).toBeGreaterThan(1_000);
    const largest = Math.min(echo.mtu, 65_000);
    expect(await echo.send(largest, 2_000)).toBeGreaterThan(0);
    using other = new Echo('127.0.0.2');
    expect((await Promise.all([echo.send(64, 2_000), other.send(1_001, 2_000)])).every((ms) => ms !== undefined)).toBe(
      true,
    );
  });
});
