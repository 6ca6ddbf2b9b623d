import { expect, test } from 'vitest';
import { connect, listen, pki } from '../../../test/support/quic-ends.ts';
import { UdpRelay } from '../../../test/support/udp-relay.ts';
import { quicheEngine } from '../../carrier/quic/quiche-engine.ts';
import { Agents } from './agents.ts';

test('agents take turns by name, and one that was silent comes after the others until it is heard of', async () => {
  await using engine = await quicheEngine();
  await using there = await listen(engine);
  const { port } = there.listener.address;
  await using line = await UdpRelay.to(port);
  const agents = new Agents();
  const near = [
    await connect(engine, port, { credentials: pki.credentials('client', 'good') }),
    await connect(engine, line.port, { credentials: pki.credentials('client', 'bad'), keepAliveMs: 100 }),
  ];
  const all = [agents.add(await there.next()), agents.add(await there.next())];
  const next = async (name?: string): Promise<string | undefined> => (await agents.open(name))?.agent.name;
  expect(new Set([await next(), await next()])).toEqual(new Set(['bad', 'good']));
  expect(await next('other')).toBeUndefined();

  line.silent = true;
  for (let i = 0; i < 4; i += 1) expect(await next()).toBe('good');

  line.silent = false;
  await expect.poll(() => next('bad')).toBe('bad');
  expect(new Set([await next(), await next()])).toEqual(new Set(['bad', 'good']));
  for (const agent of all) agents.remove(agent);
  expect(agents.count).toBe(0);
  for (const end of near) end.close();
});

test('an agent that answers late is better than none', async () => {
  await using engine = await quicheEngine();
  await using there = await listen(engine);
  await using line = await UdpRelay.to(there.listener.address.port);
  const agents = new Agents();
  const near = await connect(engine, line.port, { keepAliveMs: 100 });
  agents.add(await there.next());
  line.silent = true;
  const found = agents.open(undefined);
  setTimeout(() => (line.silent = false), 600);
  expect((await found)?.agent.name).toBe('one');
  near.close();
});
