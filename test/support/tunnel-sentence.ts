/** A wormhole over a tunnel, made and used as a sentence says, and gone again. */
import { expect } from 'vitest';
import type { Wormhole } from '../../src/spec/api.ts';
import { patiently } from './patience.ts';
import { tunnelsOf, type World } from './tunnel-daemons.ts';

/**
 * One client of `a` speaks to a service of `b`, which nobody else reaches.
 *
 * @param spec the sentence, given the service's port
 * @param text what the client says, and is answered
 */
export async function sentence(
  { a, b }: World<'a' | 'b'>,
  spec: (port: number) => string,
  text = 'through the tunnel',
): Promise<void> {
  const seen: unknown[] = [];
  await using service = await b.serve((socket) => {
    seen.push(socket.remoteAddress);
    socket.pipe(socket);
  });
  const before = await tunnelsOf(a);
  const { status, body } = await a.daemon.post({ words: spec(service.port).split(' ') });
  expect(status, JSON.stringify(body)).toBe(201);
  const made = body as Wormhole;
  expect(await tunnelsOf(a)).toHaveLength(before.length);
  await using client = await a.connect(portOf(made.url));
  await client.send(text);
  expect(await client.text(text.length)).toBe(text);
  expect(seen).toEqual(['127.0.0.1']);
  const [tunnel] = await tunnelsOf(a);
  const guests = (await b.daemon.get<{ wormholes: readonly Wormhole[] }>('/v1/wormholes')).wormholes;
  expect(guests.map(({ url }) => url)).toEqual([expect.stringContaining(`//${tunnel?.remote}:`)]);
  // Nobody else gets there.
  await expect(b.connect({ host: b.site.v4, port: portOf(guests[0]?.url) })).rejects.toThrow();
  const gone = await a.daemon.ask(`/v1/wormholes/${made.id}?now=true`, { method: 'DELETE' });
  expect(gone.status).toBeLessThan(300);
  await expect.poll(() => b.daemon.get('/v1/wormholes'), patiently).toEqual({ wormholes: [] });
}

const portOf = (url: string | undefined): number => Number(url?.split(':').at(-1));
