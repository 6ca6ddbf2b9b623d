/**
 * The hosts of a file that tests tunnels between daemons: started once, because that takes longest, and without a tunnel or a
 * wormhole at the beginning of each test.
 */
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Tunnel, TunnelList, TunnelRequest } from '../../src/spec/api.ts';
import type { Host, HostOptions } from './host.ts';
import { Hosts } from './hosts.ts';
import { patience } from './patience.ts';

export type World<Name extends string> = Hosts & Readonly<Record<Name, Host>>;

/**
 * @param by addresses that they know each other by; absent = both, IPv6 first
 * @returns the hosts, from the first test on
 */
export function tunnelDaemons<Name extends string>(
  hosts: Readonly<Record<Name, HostOptions>>,
  by?: 'v4' | 'v6',
): () => World<Name> {
  let world: World<Name>;
  const names = Object.keys(hosts) as Name[];
  const shown = new Map<Name, { log: string; length: number }>();
  beforeAll(async () => {
    world = await Hosts.start<Name>({ hosts });
    if (by === undefined) return;
    for (const one of names)
      for (const other of names) if (one !== other) world[one].knows(other, world[other].site[by]);
  });
  afterEach(async ({ task }) => {
    for (const name of names) {
      const { log } = world[name].daemon;
      const before = shown.get(name);
      const from = before !== undefined && log.startsWith(before.log.slice(0, 200)) ? before.length : 0;
      if (task.result?.state === 'fail') console.log(`wormholed of ${name}:\n${log.slice(from).slice(-8000)}`);
      shown.set(name, { log, length: log.length });
    }
    for (const name of names) if (!world[name].daemon.alive) await world[name].up();
    for (const name of names) await clear(world[name]);
  });
  afterAll(() => world[Symbol.asyncDispose]());
  return () => world;
}

/**
 * As tunnel-create does, without the cost of a program. Where the processor is emulated also a second time: an offer lasts
 * fifteen seconds, in which the process that holds UDP sockets may not have started there.
 */
export async function makeTunnel(host: Host, request: TunnelRequest): Promise<Tunnel> {
  for (let left = patience > 1 ? 2 : 1; ; left -= 1) {
    const { status, text, body } = await host.daemon.ask('/v1/tunnels', { method: 'POST', json: request });
    if (status === 201) return body as Tunnel;
    if (left <= 1 || !text.includes('WH_ERR_TUNNEL_NOT_FOUND')) throw new Error(`no tunnel from ${host.name}: ${text}`);
  }
}

export const tunnelsOf = async (host: Host): Promise<readonly Tunnel[]> =>
  (await host.daemon.get<TunnelList>('/v1/tunnels')).tunnels;

export const statesOf = async (host: Host): Promise<readonly string[]> =>
  (await tunnelsOf(host)).map(({ state }) => state);

export const pings = async (host: Host, to: string): Promise<boolean> =>
  (await host.run(['ping', '-c', '1', '-W', '10', to])).code === 0;

/** Everything in a host's network that belongs to tunnels, by what shows it. */
export async function tracesOf(host: Host): Promise<string> {
  const looks = ['ip xfrm state', 'ip xfrm policy', 'ip route show proto 119', 'ip -brief address', 'nft list tables'];
  const { stdout } = await host.run(['sh', '-c', looks.join('; ')]);
  return stdout
    .split('\n')
    .filter((line) => !/^(lo|eth0)/.test(line) || /100\.6[4-7]\./.test(line))
    .join('\n')
    .trim();
}

async function clear(host: Host): Promise<void> {
  const { wormholes } = await host.daemon.get<{ wormholes: ReadonlyArray<{ id: string }> }>('/v1/wormholes');
  if (wormholes.length > 0) await host.daemon.wormhole('delete', '--now', ...wormholes.map(({ id }) => id));
  for (const { peer } of await tunnelsOf(host)) {
    await host.daemon.ask(`/v1/tunnels?peer=${encodeURIComponent(peer)}`, { method: 'DELETE' });
  }
  await host.daemon.ask('/v1/tunnels/gc', { method: 'POST' });
}
