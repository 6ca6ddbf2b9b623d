/**
 * One quiche connection, from its first packet to its end, as a member of its loop.
 *
 *   shaking hands ─► established ─► closed
 *         └── refused, or not in time ──┘
 *
 * Owns its streams. What it is told comes from the loop, what it has to say goes through {@link QuicheConnection.fill}.
 */
import { WormholeError } from '../../lib/errors.ts';
import { formatPeer } from '../peer.ts';
import { whyClosed } from './close-reason.ts';
import type { QuicConnection, QuicPeer, QuicStats, QuicStream } from './engine.ts';
import { Liveness } from './liveness.ts';
import type { Loop, Member } from './loop.ts';
import { Paths } from './paths.ts';
import type { Remote } from './port.ts';
import type { NativeConnection } from './quiche.ts';
import { Reception } from './reception.ts';
import { StreamTable } from './stream-table.ts';

export interface ConnectionOptions {
  readonly isServer: boolean;
  readonly remote: Remote;
  readonly packetBytes: number;
  readonly handshakeMs: number;
  readonly idleMs: number;
  /** Infinity = the other end does that. */
  readonly keepAliveMs: number;
  /** Certificates are checked, on both ends as far as can be known. */
  readonly onEstablished: (connection: QuicheConnection) => void;
  /** Over; called once. It is no member of the loop any more. */
  readonly onEnd: (connection: QuicheConnection, reason: WormholeError | undefined) => void;
}

export class QuicheConnection implements QuicConnection, Member {
  readonly native: NativeConnection;
  readonly packetBytes: number;
  closed = false;
  deadline = 0;
  readonly #options: ConnectionOptions;
  readonly #loop: Loop;
  readonly #streams: StreamTable;
  readonly #liveness: Liveness;
  #established = false;
  #mayWrite = false;
  #failed = false;
  #reason: WormholeError | undefined;
  #tellClosed: ((reason?: WormholeError) => void) | undefined;
  #certificate: Buffer | undefined;
  readonly #paths: Paths;
  readonly #reception: Reception;

  constructor(native: NativeConnection, loop: Loop, options: ConnectionOptions) {
    this.native = native;
    this.#paths = new Paths(options.remote);
    this.#reception = new Reception(native, this.#paths);
    this.packetBytes = options.packetBytes;
    this.#options = options;
    this.#loop = loop;
    this.#streams = new StreamTable(this, options.isServer);
    this.#liveness = new Liveness(performance.now(), options.handshakeMs, options.keepAliveMs);
    loop.add(this);
  }

  get established(): boolean {
    return this.#established;
  }

  get heardAt(): number {
    return this.#liveness.heardAt;
  }

  get alpn(): string {
    return Buffer.from(this.native.applicationProto()).toString('latin1');
  }

  get peer(): QuicPeer {
    const certificate = this.#certificate ?? Buffer.from(this.native.peerCertChain()?.[0] ?? []);
    if (this.#established) this.#certificate = certificate;
    const { host, port } = this.remote;
    return { address: formatPeer(host, port), certificate };
  }

  /** Where its packets go: not always where it came from, see `paths.ts`. */
  get remote(): Remote {
    return this.#paths.current;
  }

  get streams(): number {
    return this.#streams.count;
  }

  openStream(): QuicStream | undefined {
    return this.closed ? undefined : this.#streams.open();
  }

  onStream(take: (stream: QuicStream) => void): void {
    this.#streams.onOpened(take);
  }

  onClose(tell: (reason?: WormholeError) => void): void {
    if (this.closed) tell(this.#reason);
    else this.#tellClosed = tell;
  }

  async ping(ms: number): Promise<boolean> {
    if (this.closed) return false;
    this.#ping();
    return (await this.#liveness.sign(ms)) && !this.closed;
  }

  stats(): QuicStats {
    const { recv, sent, lost, recvBytes, sentBytes } = this.native.stats();
    const rttMs = this.native.pathStats()[0]?.rtt ?? 0;
    return { packetsIn: recv, packetsOut: sent, packetsLost: lost, bytesIn: recvBytes, bytesOut: sentBytes, rttMs };
  }

  close(): void {
    if (this.closed) return;
    this.#end(undefined);
  }

  /** Something is to be sent. */
  touch(): void {
    if (!this.closed) this.#loop.touch(this);
  }

  // --- of the loop -----------------------------------------------------------------------------------------------

  /** Takes a packet that was addressed to this connection; one that is not the peer's changes nothing. */
  receive(packet: Buffer, remote: Remote): void {
    if (this.#reception.take(packet, remote, this.#established)) this.#mayWrite = true;
    // Forged, damaged, or a breach of the protocol or a certificate refused: of these the engine tells the peer.
    else this.#failed = true;
    this.touch();
  }

  /** The network says that nobody is there. It may be wrong, or lied to. */
  suspect(now: number): void {
    if (!this.#established) this.#end(unreachable('connection refused'));
    else if (this.#liveness.suspect(now)) this.#ping();
  }

  expire(now: number): void {
    const timeout = this.native.timeout();
    if (timeout !== null && timeout < 1) this.native.onTimeout();
    const due = this.#liveness.due(now);
    if (due === 'handshake-late') this.#end(unreachable('no answer in time'));
    else if (due === 'gone') this.#end(unreachable('the peer is gone'));
    else if (due === 'ping') this.#ping();
    // Time frees room, too: what is lost is not on its way any more.
    this.#mayWrite = true;
  }

  settle(now: number): void {
    if (this.closed) return;
    if (this.#reception.news()) this.#liveness.heard(now);
    if (!this.#established && this.native.isEstablished()) this.#nowEstablished(now);
    if (this.#established) this.#streams.settle(this.#mayWrite, this.#reception.bytes);
    this.#mayWrite = false;
    this.#liveness.tell();
    const over =
      this.native.isDraining() || this.native.isClosed() || (this.#failed && this.native.localError() !== null);
    if (over) this.#end(whyClosed(this.native, this.#options.idleMs));
  }

  fill(space: Buffer): number {
    if (this.closed) return 0;
    const sent = this.#next(space);
    if (sent === 0) this.#wind(performance.now());
    return sent;
  }

  // ---------------------------------------------------------------------------------------------------------------

  #next(space: Buffer): number {
    try {
      const sent = this.native.send(space);
      if (sent === null) return 0;
      this.#paths.choose(sent[1].to);
      return sent[0];
    } catch {
      return 0;
    }
  }

  #wind(now: number): void {
    this.deadline = Math.min(now + (this.native.timeout() ?? Infinity), this.#liveness.next);
  }

  #nowEstablished(now: number): void {
    this.#established = true;
    if (this.#options.isServer) {
      this.#liveness.settled(now);
      this.#options.onEstablished(this);
      return;
    }
    // A client is done before the server has seen its certificate: wait for what only follows that.
    this.#ping();
    const forget = this.#liveness.listen(() => {
      if (this.closed || !this.#reception.confirmed || this.native.isDraining()) return;
      forget();
      this.#liveness.settled(performance.now());
      this.#options.onEstablished(this);
    });
  }

  #ping(): void {
    try {
      this.native.sendAckEliciting();
    } catch {
      return; // closing
    }
    this.touch();
  }

  #end(reason: WormholeError | undefined): void {
    if (this.closed) return;
    this.#reason = reason;
    if (!this.native.isClosed() && !this.native.isDraining()) this.#sayGoodbye();
    this.#flushGoodbye();
    this.closed = true;
    this.#loop.remove(this);
    const lost = reason ?? new WormholeError('WH_ERR_ABORTED', 'the connection was closed');
    for (const stream of this.#streams.all()) stream.break(lost);
    this.#liveness.tellAll();
    this.#options.onEnd(this, reason);
    this.#tellClosed?.(reason);
  }

  #sayGoodbye(): void {
    try {
      this.native.close(this.#established, 0, Buffer.alloc(0));
    } catch {
      // Closed already.
    }
  }

  /** The last packet; not repeated: a peer that misses it finds out by itself. */
  #flushGoodbye(): void {
    const packet = Buffer.alloc(this.packetBytes);
    for (let length = this.#next(packet); length > 0; length = this.#next(packet)) {
      this.#loop.reply(this.remote, packet.subarray(0, length));
    }
  }
}

function unreachable(what: string): WormholeError {
  return new WormholeError('WH_ERR_PEER_UNREACHABLE', what);
}
