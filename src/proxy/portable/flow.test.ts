import { createSocket } from 'node:dgram';
import { afterEach, expect, test } from 'vitest';
import { until } from '../../../test/support/relay-wait.ts';
import { startPortableDataPlane } from './plane.ts';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function socket() {
  const made = createSocket('udp4').on('error', () => {});
  open.push(made);
  return made;
}

test('a target that cannot be reached at all is left alone for a while, as one that refuses is', async () => {
  await using plane = await startPortableDataPlane();
  const service = socket();
  service.on('message', (data, { port, address }) => service.send(data, port, address));
  await new Promise<void>((bound) => service.bind(0, '127.0.0.1', bound));
  const route = await plane.open({
    id: 'test',
    kind: 'datagram',
    balance: 'first',
    connectTimeoutMs: 1_000,
    connIdleMs: 0,
    halfOpenLingerMs: 0,
    flowIdleMs: 60_000,
    maxConns: 10,
  });
  const target = (member: number, host: string) =>
    ({ member, label: host, address: { kind: 'ip', host, port: service.address().port } }) as const;
  // The broadcast address is for who asks for it: EACCES.
  const targets = [target(0, '255.255.255.255'), target(1, '127.0.0.1')];
  await route.retarget({ targets, validForMs: Number.POSITIVE_INFINITY });
  const head = (await route.listenOn({ host: '127.0.0.1', port: 0 })) as { readonly port: number };
  const client = socket();
  const answers: string[] = [];
  client.on('message', (data) => answers.push(data.toString()));
  client.send('one', head.port, '127.0.0.1');
  await until('it has failed', () => route.stats().connectionsFailed === 1);
  client.send('two', head.port, '127.0.0.1');
  await until('there is an answer', () => answers.length > 0);
  expect(answers).toEqual(['two']);
  expect(route.stats().members.map(({ up }) => up)).toEqual([false, true]);
});
