/**
 * The hosts of a file that tests tunnels between daemons: started once, because that takes longest, and without a tunnel or a
 * wormhole at the beginning of each test.
 */
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Tunnel, TunnelList, TunnelRequest } from '../../src/spec/api.ts';
import type { Host, HostOptions } from './host.ts';
import { Hosts } from './hosts.ts';
import { endProcessesIn } from './netns-processes.ts';
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

/** @param seconds for which an answer is waited for */
export const pings = async (host: Host, to: string, seconds = 10): Promise<boolean> =>
  (await host.run(['ping', '-c', '1', '-W', `${seconds}`, to])).code === 0;

/** At both ends. */
export async function removeTunnel(host: Host, peer: string): Promise<void> {
  const { status, body } = await host.daemon.ask(`/v1/tunnels?peer=${encodeURIComponent(peer)}`, { method: 'DELETE' });
  const { removed } = body as { removed: ReadonlyArray<{ peer: string }> };
  if (status !== 200 || removed[0]?.peer !== 'removed') throw new Error(`not removed: ${JSON.stringify(body)}`);
}

/** Neither programs nor anything of the kernel survive it. The daemon is left for the test to start. */
export async function reboot(host: Host): Promise<void> {
  await host.daemon.stop('SIGKILL');
  await endProcessesIn(host.netns);
  const script = `
    for link in $(ip -o link | sed -n 's/^[0-9]*: \\(wh[^:@]*\\).*/\\1/p'); do ip link delete "$link"; done
    ip address flush dev lo to 100.64.0.0/14
    ip xfrm state flush; ip xfrm policy flush; nft flush ruleset`;
  await host.run(['sh', '-c', script]);
}

/** Packets that its firewall table has dropped. */
export async function dropped(host: Host): Promise<number> {
  const { stdout } = await host.run(['nft', 'list', 'table', 'ip', 'wormhole']);
  const counts = stdout.matchAll(/counter packets (\d+) bytes \d+ drop/g);
  return [...counts].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

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
  for (const { id } of wormholes) await host.daemon.ask(`/v1/wormholes/${id}?now=true`, { method: 'DELETE' });
  for (const { peer } of await tunnelsOf(host)) {
    await host.daemon.ask(`/v1/tunnels?peer=${encodeURIComponent(peer)}`, { method: 'DELETE' });
  }
  await host.daemon.ask('/v1/tunnels/gc', { method: 'POST' });
}
