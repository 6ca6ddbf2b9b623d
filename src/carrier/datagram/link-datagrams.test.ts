import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { muxStreams } from '../../../test/support/mux-streams.ts';
import { until } from '../../../test/support/relay-wait.ts';
import { LinkDatagrams } from './link-datagrams.ts';
import { NodeSockets } from './node-sockets.ts';
import { DatagramSockets } from './sockets.ts';

const host = '127.0.0.1';

/** Stands for a TLS connection: what is exported depends on it and on the label. */
const connection = (name: string, port: number, prefix = '') => ({
  exportKeyingMaterial: (length: number, label: string) =>
    createHash('sha256')
      .update(label + name)
      .digest()
      .subarray(0, length),
  remoteAddress: `${prefix}${host}`,
  remotePort: port,
  localAddress: `${prefix}${host}`,
});

let sockets: [DatagramSockets, DatagramSockets];
let port: number;
let links: [LinkDatagrams, LinkDatagrams];

beforeEach(async () => {
  sockets = [new DatagramSockets(new NodeSockets()), new DatagramSockets(new NodeSockets())];
  const listening = sockets[1].listen({ host, port: 0 });
  port = await until('the port is bound', () => listening.address.port);
  links = [
    new LinkDatagrams({ role: 'dialer', sockets: sockets[0] }),
    new LinkDatagrams({ role: 'acceptor', sockets: sockets[1] }),
  ];
});

afterEach(() => {
  for (const link of links) link.close();
  for (const end of sockets) end.close();
});

function both() {
  const received: [string[], string[]] = [[], []];
  const flows = muxStreams()
    .open()
    .map((end, at) =>
      (links[at] as LinkDatagrams).flows.add(end, Buffer.alloc(0), {
        onDatagram: (payload) => received[at]?.push(payload.toString()),
        onOver: () => {},
      }),
    );
  return { near: flows[0] as (typeof flows)[0], far: flows[1] as (typeof flows)[0], received };
}

const direct = () => until('both are direct', () => links.every(({ state }) => state === 'direct'));

test('a link has a channel with its first connection, and a new epoch with each later one, whoever dialed it', async () => {
  links[0].connected(connection('first', port), 1, true);
  links[1].connected(connection('first', port), 1, false);
  await direct();
  const { near, far, received } = both();
  near.send(Buffer.from('one'));
  await until('it arrives', () => received[1].length === 1);
  for (const [at, epoch] of [3, 4].entries()) {
    const name = `connection ${epoch}`;
    const back = sockets[0].towards({ host, port }); // a socket that has a port of its own
    expect(back.address).toBe(`${host}:${port}`);
    links[1].connected(connection(name, 9, '::ffff:'), epoch, at === 1);
    links[0].connected(connection(name, port, '::ffff:'), epoch, at === 0);
    await until('both send in the new epoch', () => links.every(({ stats }) => stats?.epoch === epoch));
    far.send(Buffer.from(name));
    await until('it arrives', () => received[0].includes(name));
  }
  expect(links.map(({ stats }) => stats?.moves)).toEqual([0, 0]);
});

test('a link without sockets, or that is over, sends by its streams and makes no channel', () => {
  const lone = new LinkDatagrams({ role: 'dialer', sockets: undefined });
  lone.connected(connection('first', port), 1, true);
  expect([lone.state, lone.stats]).toEqual(['blocked', undefined]);
  links[0].close();
  links[0].connected(connection('first', port), 1, true);
  expect(links[0].stats).toBeUndefined();
});

test('two channels of one session are a mistake, and one that was removed makes room', () => {
  links[1].connected(connection('first', port), 1, false);
  const again = new LinkDatagrams({ role: 'acceptor', sockets: sockets[1] });
  expect(() => again.connected(connection('first', port), 1, false)).toThrow(RangeError);
  links[1].close();
  again.connected(connection('first', port), 1, false);
  again.close();
});

test('ends that learn over different connections who is there are of one session, which is called by the first', async () => {
  for (const link of links) link.close();
  const [first, second] = [connection('first', port), connection('second', port)];
  links = [
    new LinkDatagrams({ role: 'dialer', sockets: sockets[0], first }),
    new LinkDatagrams({ role: 'acceptor', sockets: sockets[1], first }),
  ];
  links[1].connected(first, 1, false);
  links[0].connected(second, 3, true);
  links[1].connected(second, 3, false);
  await expect.poll(() => links.map(({ state }) => state)).toEqual(['direct', 'direct']);
});
