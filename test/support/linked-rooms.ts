/**
 * Two namespaces that are joined by one link, 10.9.0.1 and 10.9.0.2, and nothing of ours in them.
 *
 *   a ── va ──────── vb ── b
 */
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { setOption } from '../../src/sys/sockets.ts';
import { Netns } from './netns.ts';
import { type Kind, kindOf, Wire } from './wire.ts';

/** Of linux/in.h and linux/udp.h. */
const [IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP] = [17, 100, 2];

export class LinkedRooms implements Disposable {
  readonly a = Netns.create();
  readonly b = Netns.create();
  readonly #others: Netns[] = [];
  readonly #sockets: Socket[] = [];

  constructor() {
    this.a.ip('link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'vb', 'netns', this.b.name);
    for (const [room, name, last] of [
      [this.a, 'va', 1],
      [this.b, 'vb', 2],
    ] as const) {
      room.ip('address', 'add', `10.9.0.${last}/24`, 'dev', name);
      room.ip('link', 'set', name, 'up');
    }
  }

  /** A namespace without a link, like a container's. */
  room(): Netns {
    const made = Netns.create();
    this.#others.push(made);
    return made;
  }

  /** A socket that unwraps ESP (udp(7): UDP_ENCAP_ESPINUDP), until the rooms are gone. */
  async unwrap(room: Netns, address: string, port: number): Promise<void> {
    const socket = createSocket('udp4');
    this.#sockets.push(socket);
    await room.visit(() => new Promise<void>((done) => socket.bind(port, address, done)));
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    setOption(fd, IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP);
  }

  /** What the link carries, seen at both of its ends. */
  async watch(): Promise<
    { kinds(): Promise<readonly Kind[]>; packets(): Promise<readonly Buffer[]> } & AsyncDisposable
  > {
    const wires = [await Wire.watch(this.a, 'va'), await Wire.watch(this.b, 'vb')];
    const packets = async () => (await Promise.all(wires.map((wire) => wire.packets()))).flat();
    return {
      packets,
      kinds: async () => [...new Set((await packets()).map(kindOf))].sort(),
      async [Symbol.asyncDispose]() {
        for (const wire of wires) await wire[Symbol.asyncDispose]();
      },
    };
  }

  /** Each way takes `milliseconds` longer from now on. */
  delay(milliseconds: number): void {
    inside(this.a, 'tc', 'qdisc', 'add', 'dev', 'va', 'root', 'netem', 'delay', `${milliseconds}ms`);
    inside(this.b, 'tc', 'qdisc', 'add', 'dev', 'vb', 'root', 'netem', 'delay', `${milliseconds}ms`);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.close();
    for (const room of [...this.#others, this.a, this.b]) room[Symbol.dispose]();
  }
}

/** Runs a program in a namespace to its end. */
export const inside = (room: Netns, program: string, ...words: string[]): string =>
  execFileSync('nsenter', [`--net=${room.path}`, program, ...words], { encoding: 'utf8', stdio: 'pipe' });

/** As `inside`, with something for its standard input, e.g. a key, which belongs in no argument. */
export const given = (stdin: string, room: Netns, program: string, ...words: string[]): string =>
  execFileSync('nsenter', [`--net=${room.path}`, program, ...words], { encoding: 'utf8', input: stdin });

/** Whether an address answers. */
export function answers(room: Netns, address: string): boolean {
  try {
    inside(room, 'ping', '-c2', '-i0.2', '-W2', address);
    return true;
  } catch {
    return false;
  }
}
