/**
 * The datagrams between two peers: one session, sealed, over whatever path UDP finds.
 *
 *     send ─► frames ─► packets ─► seal ─► remote        source ─► key ─► window ─► open ─► frames ─► onDatagram
 *
 * A session belongs to a carrier: its keys come from the TLS connections of that carrier, a new epoch with each of them.
 * Where the peer is, is learned from the newest authentic packet. Knows flows as numbers, and no sockets. Neither reliable
 * nor ordered: streams are.
 */
import { type Clock, systemClock } from '../byte-pipe.ts';
import { otherRole } from '../resume/proof.ts';
import type { ChannelOptions, ChannelPath } from './channel-options.ts';
import { type ChannelStats, noCounters } from './channel-stats.ts';
import { Reassembly } from './fragments.ts';
import { type FrameSink, maxDatagram, readFrames, tokenBytes } from './frames.ts';
import { Incoming } from './incoming.ts';
import { datagramSessionId } from './keys.ts';
import { datagramDefaults } from './limits.ts';
import { Outgoing } from './outgoing.ts';
import { maxEpoch } from './packet.ts';
import { type ChannelState, Prober } from './prober.ts';
import { ReceiveKeys } from './receive-keys.ts';
import type { PacketOwner, Remote, Source } from './remote.ts';
import { nodeAead } from './seal.ts';
import { SendKeys } from './send-keys.ts';

export class DatagramChannel implements PacketOwner {
  /** On the wire; the same at both ends. */
  readonly id: Buffer;
  readonly #options: ChannelOptions;
  readonly #clock: Clock;
  readonly #counters = noCounters();
  readonly #sendKeys: SendKeys;
  readonly #receiveKeys: ReceiveKeys;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #partials: Reassembly;
  readonly #prober: Prober;
  readonly #sink: FrameSink;
  readonly #stopTicking: () => void;
  /** Another place where the peer may be: probed as well, until the peer was heard from. */
  #candidate: Remote | undefined;
  #local: string | undefined;
  /** Of the packet that is being read. */
  #source: Source | undefined;
  #epoch: number;
  #told: ChannelState = 'probing';
  #closed = false;

  constructor(options: ChannelOptions) {
    const limits = { ...datagramDefaults, ...options.limits };
    const { role, secret, epoch, clock = systemClock, aead = nodeAead } = options;
    const now = clock.now();
    this.id = options.id ?? datagramSessionId(secret);
    this.#options = options;
    this.#clock = clock;
    this.#epoch = epoch;
    this.#local = options.local;
    const keys = new SendKeys(this.id, role, limits);
    this.#sendKeys = keys;
    this.#receiveKeys = new ReceiveKeys(this.id, otherRole(role), limits);
    keys.install(epoch, secret, now);
    this.#receiveKeys.install(epoch, secret, now);
    this.#prober = new Prober(limits, now);
    this.#partials = new Reassembly(limits, options.memory);
    this.#incoming = new Incoming(aead, this.#receiveKeys, this.#counters);
    const largest = Math.max(...limits.sizes);
    this.#outgoing = new Outgoing({ aead, sessionId: this.id, keys, counters: this.#counters, owner: this, largest });
    this.#outgoing.remote = options.remote;
    this.#sink = {
      datagram: (flow, payload) => this.#deliver(flow, payload),
      fragment: (flow, id, whole, offset, piece) => {
        const payload = this.#partials.add(flow, id, whole, offset, piece, this.#clock.now());
        if (payload !== undefined) this.#deliver(flow, payload);
      },
      probe: (token) => this.#answer(token),
      pong: (token) => this.#answered(token),
    };
    this.#stopTicking = clock.every(limits.tickMs, () => this.#tick());
    this.#tick();
  }

  /** 'direct' when datagrams are known to reach the peer; until then, and when not, they should go another way. */
  get state(): ChannelState {
    return this.#prober.state;
  }

  get stats(): ChannelStats {
    const { epoch, generation } = this.#sendKeys.current;
    return {
      ...this.#counters,
      state: this.state,
      address: this.#outgoing.remote?.address,
      rttMs: this.#prober.rtt,
      packetSize: this.#prober.path.size,
      epoch,
      generation,
      rekeys: this.#sendKeys.rekeys,
      lostProbes: this.#prober.lostProbes,
      fragmented: this.#outgoing.fragmented,
      incomplete: this.#partials.dropped,
    };
  }

  /**
   * Sends a datagram of up to 65,507 bytes; copies it.
   *
   * @returns false when it was not taken: it is too large, or the path not direct
   */
  send(flow: number, payload: Buffer): boolean {
    if (this.#closed || this.state !== 'direct' || payload.length > maxDatagram) return false;
    this.#counters.datagramsOut += 1;
    this.#counters.bytesOut += payload.length;
    this.#prober.sent();
    if (this.#outgoing.datagram(flow, payload)) this.#options.onFlushDue(this);
    return true;
  }

  /** Everything that was packed leaves. */
  flush(): void {
    if (!this.#closed) this.#outgoing.flush();
  }

  /**
   * The carrier has another connection.
   *
   * @param secret its exporter, as for the first; not kept
   * @param epoch higher than any before
   */
  newEpoch(secret: Buffer, epoch: number, path: ChannelPath = {}): void {
    if (this.#closed) return;
    if (epoch <= this.#epoch || epoch > maxEpoch) throw new RangeError(`epoch ${epoch} after ${this.#epoch}`);
    const now = this.#clock.now();
    this.#epoch = epoch;
    this.#receiveKeys.install(epoch, secret, now);
    this.#sendKeys.install(epoch, secret, now);
    this.#local = path.local ?? this.#local;
    if (path.local !== undefined) this.#outgoing.remote = this.#outgoing.remote?.from(path.local);
    if (this.#outgoing.remote === undefined) this.#outgoing.remote = path.remote;
    else this.#candidate = path.remote;
    this.#prober.poke();
    this.#tick();
  }

  /** A packet with this session's id. @param packet valid until this returns */
  receive(packet: Buffer, source: Source): void {
    if (this.#closed) return;
    const now = this.#clock.now();
    const plain = this.#incoming.open(packet, now);
    if (plain === undefined) return;
    const { epoch, newest } = this.#incoming;
    this.#sendKeys.heard(epoch, now);
    if (epoch === this.#epoch) this.#candidate = undefined;
    if (newest) this.#locate(source);
    this.#source = source;
    if (!readFrames(plain, this.#sink)) this.#counters.malformed += 1;
    this.#source = undefined;
    if (this.#prober.poked) this.#look(now);
    else this.#tell();
  }

  /** Ends the session at this end, and forgets its keys. The peer learns of it elsewhere. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#stopTicking();
    this.#sendKeys.erase();
    this.#receiveKeys.erase();
    this.#partials.clear();
    this.#options.aead?.forget();
  }

  tooLarge(size: number): void {
    this.#counters.dropped += 1;
    this.#prober.path.tooLarge(size, this.#clock.now());
    this.#outgoing.resize(this.#prober.path.size);
  }

  dropped(count: number): void {
    this.#counters.dropped += count;
  }

  #deliver(flow: number, payload: Buffer): void {
    if (this.#closed) return;
    this.#counters.datagramsIn += 1;
    this.#counters.bytesIn += payload.length;
    this.#options.onDatagram(flow, payload);
  }

  #answer(token: Buffer): void {
    const { remote } = this.#outgoing;
    if (this.#closed || this.#source === undefined) return;
    // To where it came from: it is that way that is asked about.
    const known = remote !== undefined && this.#source.is(remote);
    this.#outgoing.pong(token, known ? remote : this.#source.remote(this.#local));
    // One answer for a packet: more would be more bytes than came, to wherever it says it came from.
    this.#source = undefined;
    // The peer's packets pass: so may ours.
    if (this.state !== 'direct') this.#prober.poke();
  }

  #answered(token: Buffer): void {
    const probe = this.#prober.answered(token.readUInt32BE(4), this.#clock.now());
    if (probe !== undefined) this.#sendKeys.confirmed(probe.epoch, probe.generation);
  }

  /** The newest packet says where the peer is now. */
  #locate(source: Source): void {
    const { remote } = this.#outgoing;
    if (remote !== undefined && source.is(remote)) return;
    if (remote !== undefined) this.#counters.moves += 1;
    this.flush();
    this.#outgoing.remote = source.remote(this.#local);
    this.#prober.moved();
  }

  #tick(): void {
    const now = this.#clock.now();
    this.#sendKeys.tick(now);
    this.#receiveKeys.tick(now);
    this.#partials.tick(now);
    this.#look(now);
    this.#outgoing.announce();
  }

  #look(now: number): void {
    const sizes = this.#prober.tick(now);
    const { remote } = this.#outgoing;
    if (remote !== undefined) for (const size of sizes) this.#probe(size, remote, now);
    this.#tell();
  }

  #probe(size: number, remote: Remote, now: number): void {
    const { epoch, generation } = this.#sendKeys.current;
    const token = Buffer.alloc(tokenBytes);
    token.writeUInt32BE(this.#prober.probe({ size, at: now, epoch, generation }), 4);
    this.#outgoing.probe(token, size, remote);
    if (this.#candidate !== undefined) this.#outgoing.probe(token, size, this.#candidate);
  }

  #tell(): void {
    this.#outgoing.resize(this.#prober.path.size);
    if (this.#told === this.state) return;
    this.#told = this.state;
    this.#options.onStateChange?.(this.state);
  }
}
