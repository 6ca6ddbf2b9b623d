/**
 * Watches what an interface sends: every frame, and what it was by its bytes. What it receives is no witness: the kernel
 * shows a packet of a tunnel there a second time, decrypted. So a link is watched at both of its ends.
 *
 * tcpdump only records; the kinds are told here, from RFC 4303 (ESP), RFC 3948 (ESP in UDP) and the four message types
 * of WireGuard, so that nothing counts as encrypted for the port it uses.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { until } from './command.ts';
import type { Netns } from './netns.ts';

export type Kind = 'esp' | 'esp in udp' | 'keepalive' | 'wireguard' | 'clear';

/** WireGuard's message types with the length of those that have one. */
const messages = new Map([
  [1, 148],
  [2, 92],
  [3, 64],
  [4, 0],
]);

export class Wire implements AsyncDisposable {
  readonly #tcpdump: ChildProcessByStdio<null, Readable, Readable>;
  readonly #chunks: Buffer[] = [];
  #words = '';

  private constructor(room: Netns, link: string) {
    const words = [
      `--net=${room.path}`,
      'tcpdump',
      '-i',
      link,
      '-Q',
      'out',
      '--immediate-mode',
      '-U',
      '-s',
      '0',
      '-w',
      '-',
    ];
    this.#tcpdump = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#tcpdump.stdout.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.#tcpdump.stderr.on('data', (chunk: Buffer) => (this.#words += chunk.toString()));
  }

  /** Watches from now on, until it is disposed. */
  static async watch(room: Netns, link: string): Promise<Wire> {
    const wire = new Wire(room, link);
    const alive = (): boolean => wire.#tcpdump.exitCode === null;
    await until('tcpdump listens', () => wire.#words.includes('listening on'), { alive });
    return wire;
  }

  /** All that was recorded until now, in the order it was sent. */
  readonly bytes = (): Buffer => Buffer.concat(this.#chunks);

  /** All IP packets that were sent until now, without what the link itself needs (address resolution, router and multicast reports). */
  async packets(): Promise<readonly Buffer[]> {
    // tcpdump may be behind: until nothing more comes.
    for (let before = -1; before !== this.#chunks.length; ) {
      before = this.#chunks.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    return frames(Buffer.concat(this.#chunks))
      .filter((frame) => isIp(frame))
      .map((frame) => frame.subarray(14));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#tcpdump.exitCode !== null) return;
    const ended = new Promise((done) => this.#tcpdump.once('exit', done));
    this.#tcpdump.kill('SIGKILL');
    await ended;
  }
}

/** The frames of a capture file; a last one that is not whole is left out. */
function frames(capture: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 24; at + 16 <= capture.length; ) {
    const length = capture.readUInt32LE(at + 8);
    if (at + 16 + length > capture.length) break;
    found.push(capture.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return found;
}

/** IPv4, or IPv6 that carries something (not ICMPv6, which neighbours need, nor hop-by-hop). */
function isIp(frame: Buffer): boolean {
  const type = frame.readUInt16BE(12);
  return type === 0x0800 || (type === 0x86dd && ![0, 58].includes(frame[20] ?? 0));
}

/** @param packet IPv4 or IPv6 */
export function kindOf(packet: Buffer): Kind {
  const four = (packet[0] ?? 0) >> 4 === 4;
  const protocol = packet[four ? 9 : 6];
  const payload = packet.subarray(four ? ((packet[0] ?? 0) & 15) * 4 : 40);
  if (protocol === 50) return 'esp';
  return protocol === 17 ? kindOfDatagram(payload.subarray(8, payload.readUInt16BE(4)), payload) : 'clear';
}

function kindOfDatagram(data: Buffer, datagram: Buffer): Kind {
  const ports = [datagram.readUInt16BE(0), datagram.readUInt16BE(2)];
  // Only a port that is no service's: DNS, say, could otherwise look like either.
  if (ports.some((port) => port < 1024)) return 'clear';
  if (data.length === 1 && data[0] === 0xff) return 'keepalive';
  const length = data.length >= 4 && data.readUIntBE(1, 3) === 0 ? messages.get(data[0] ?? 0) : undefined;
  if (length !== undefined && (length === 0 ? data.length >= 32 : data.length === length)) return 'wireguard';
  // A security parameters index of 255 or less is never on the wire; then a sequence number, and at least one block.
  return data.length >= 8 + 8 + 16 && data.readUInt32BE(0) > 255 && data.length % 4 === 0 ? 'esp in udp' : 'clear';
}

/** What daemons say to each other: TLS over TCP, and its datagrams. @param packet IPv4 or IPv6 */
export function isOfLink(packet: Buffer): boolean {
  const [first = 0] = packet;
  const at = first >> 4 === 4 ? (first & 15) * 4 : 40;
  return [packet.readUInt16BE(at), packet.readUInt16BE(at + 2)].includes(9999);
}
