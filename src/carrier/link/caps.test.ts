/** How many links one end has, over real connections. */
import { afterEach, expect, test } from 'vitest';
import { LinksEnd } from '../../../test/support/links-end.ts';

const ends: LinksEnd[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end.close()));
});
function end(name: string, most?: { all: number; identity: number }): LinksEnd {
  const made = new LinksEnd(name, most === undefined ? {} : { most });
  ends.push(made);
  return made;
}

test.each([
  ['of one identity', { all: 9, identity: 2 }],
  ['of all', { all: 2, identity: 9 }],
])(
  'A22 one more than the links %s is turned away, the others go on, and who leaves makes room',
  async (_whose, most) => {
    const gate = await end('gate', most).listen();
    const first = await end('a').dial(gate.port);
    const second = await end('b').dial(gate.port);
    const c = end('c');
    await expect(c.dial(gate.port)).rejects.toMatchObject({ code: 'WH_ERR_ABORTED' });
    await expect.poll(() => gate.told).toContain('refused: too many links');
    expect(await Promise.all([first.ping(), second.ping()])).toHaveLength(2);
    first.drain();
    await expect.poll(() => gate.links.all).toHaveLength(1);
    expect((await c.dial(gate.port)).open).toBe(true);
  },
);
