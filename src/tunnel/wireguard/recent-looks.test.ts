import { describe, expect, test } from 'vitest';
import { NetworkStack } from '../stack.ts';
import { RecentLooks } from './recent-looks.ts';

describe('a look at an interface', () => {
  test('serves all that ask at once, as long as nothing changes, and each namespace by itself', async () => {
    using one = new NetworkStack();
    using other = new NetworkStack();
    const asked: string[] = [];
    let changes = 0;
    const looks = new RecentLooks(
      (stack, name) => {
        asked.push(`${name} in ${stack === one ? 'one' : 'other'}`);
        return Promise.resolve(undefined);
      },
      () => changes,
    );
    await Promise.all(Array.from({ length: 100 }, () => looks.get(one, 'wh1')));
    expect(asked).toEqual(['wh1 in one']);
    await looks.get(one, 'wh2');
    await looks.get(other, 'wh1');
    expect(asked.splice(0)).toEqual(['wh1 in one', 'wh2 in one', 'wh1 in other']);
    changes += 1;
    await looks.get(one, 'wh1');
    expect(asked).toEqual(['wh1 in one']);
  });
});
