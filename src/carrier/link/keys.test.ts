/** What one key of a connection seals, by node's TLS, which cannot change it. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { LinksEnd } from '../../../test/support/links-end.ts';
import type { StreamHead } from './head.ts';

const never = new AbortController().signal;
const head: StreamHead = { kind: 'connection', guest: 'x', from: '127.0.0.1:1', hops: 1 };

test.each([
  ['of the end that dials', { recordsPerKey: 60 }, {}],
  ['of the end that was dialed', {}, { recordsPerKey: 60 }],
])(
  'a key %s that has sealed its records is used no more: the next connection goes on, and no byte is lost',
  async (_whose, near, far) => {
    const [a, b] = [new LinksEnd('a', near), await new LinksEnd('b', far).listen()];
    b.onStream = (_link, incoming) => {
      const stream = incoming.accept();
      stream.pipe(stream);
    };
    const link = await a.dial(b.port);
    const stream = await link.openStream(head, never);
    const sent = randomBytes(2 << 20);
    stream.end(sent);
    expect(Buffer.concat(await stream.toArray()).equals(sent)).toBe(true);
    for (const end of [a, b]) expect(end.told.filter((one) => one === 'resumed').length).toBeGreaterThan(1);
    await Promise.all([a.close(), b.close()]);
  },
);
