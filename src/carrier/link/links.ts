/**
 * All links of this process: begun by dialing or by being dialed, kept over lost connections, ended.
 *
 *   dial ────► link ──lost──► redialed at once, then with pauses ──► goes on, or over after `resume`
 *   accept ──► link ──lost──► waits for the peer's next connection ──► goes on, or over
 *
 * Owns the links. Whom to dial, and what to do when a link is over, is decided elsewhere.
 */
import { WormholeError } from '../../lib/errors.ts';
import { LinkDatagrams } from '../datagram/link-datagrams.ts';
import { LinkMemory, usedUp } from '../memory.ts';
import type { CarrierPeer } from '../peer.ts';
import { acceptSession } from '../resume/accept.ts';
import { beginSession } from '../resume/redial.ts';
import type { ResumablePipe } from '../resume/resumable-pipe.ts';
import { pipeOf, type SecureStream } from '../secure-stream.ts';
import { admit, isFull } from './admission.ts';
import { exporterOf } from './connection-secret.ts';
import { type Dialed, dialPeer, type PeerTarget } from './dial.ts';
import type { Begun, Entry } from './entry.ts';
import type { Hello } from './hello.ts';
import { Link } from './link.ts';
import type { LinkUser } from './link-options.ts';
import type { LinksOptions } from './links-options.ts';
import { restarted, unwanted } from './reasons.ts';
import { Redialing } from './redialing.ts';
import { drainSoon, rivalToDrain } from './rivals.ts';
import { refuseTwin } from './twins.ts';

/** Milliseconds from the handshake to the first record. */
const firstRecordMs = 10_000;
const broke = 'the connection broke right after the handshake';

/** What this end says of itself, but for what changes from dial to dial. */
export type Own = Pick<Hello, 'role' | 'instance' | 'host' | 'name' | 'version'>;

export interface DialOptions {
  /** Name to be known by there, insisted on; absent = the usual one. */
  readonly as?: string;
  readonly resumeMs: number;
  /** A lane is wanted beside it. */
  readonly quic?: boolean;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #memory: LinkMemory;
  readonly #entries = new Map<number, Entry>();
  #lastNumber = 0;

  constructor(options: LinksOptions) {
    this.#options = options;
    this.#memory = options.memory ?? new LinkMemory();
  }

  get(number: number): Link | undefined {
    return this.#entries.get(number)?.link;
  }

  /** Those that are up, the newest first. */
  get all(): readonly Link[] {
    return [...this.#entries.values()]
      .map(({ link }) => link)
      .filter(({ hello }) => hello !== undefined)
      .reverse();
  }

  /** Takes a connection on which the peer has proved its key and chosen the carrier. */
  accept(stream: SecureStream, peer: CarrierPeer): void {
    const exporter = exporterOf(stream);
    if (exporter === undefined) return this.#options.onRefused(peer, broke);
    const late = setTimeout(() => stream.destroy(), firstRecordMs);
    const settled = (): void => clearTimeout(late);
    stream.once('close', settled);
    let entry: Entry | undefined;
    const memory = this.#memory.of(peer.identity);
    acceptSession(pipeOf(stream, this.#options.recordsPerKey), {
      exporter,
      find: (id) => this.#sessionOf(id, peer),
      session: { memory, onLost: (reason) => entry !== undefined && this.#options.onLost(entry.link, reason) },
      onSession: (session) => {
        settled();
        if (isFull(peer.identity, this.#entries.values(), this.#options.most)) {
          session.destroy();
          memory[Symbol.dispose]();
          return this.#options.onRefused(peer, 'too many links');
        }
        entry = this.#add({ session, memory, stream, peer }, {});
      },
      onResumed: (session) => {
        settled();
        memory[Symbol.dispose]();
        const resumed = this.#entryOf(session);
        if (resumed !== undefined) this.#resumed(resumed, { stream, address: peer.address });
      },
      onRefused: (reason) => {
        settled();
        memory[Symbol.dispose]();
        this.#options.onRefused(peer, reason);
      },
    });
  }

  /** Resolves when the link is up. @throws {WormholeError} as `dialPeer`, or the peer's refusal */
  async dial(target: PeerTarget, options: DialOptions, signal: AbortSignal): Promise<Link> {
    const { stream, address } = await dialPeer(target, signal, this.#options.tls);
    const secret = exporterOf(stream);
    if (secret === undefined) throw new WormholeError('WH_ERR_PEER_UNREACHABLE', `${address}: ${broke}`);
    let entry: Entry | undefined;
    const memory = this.#memory.of(target.proves);
    const session = beginSession(pipeOf(stream, this.#options.recordsPerKey), {
      secret,
      memory,
      onLost: (reason) => entry !== undefined && this.#lost(entry, reason),
    });
    session.deadlineMs = options.resumeMs;
    const giveUp = (): void => entry?.link.destroy(unwanted(signal.reason));
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        const peer = { identity: target.proves, address };
        const made = this.#add({ session, memory, stream, peer }, options, { resolve, reject });
        const { link } = made;
        made.redialing = new Redialing({
          session,
          recordsPerKey: this.#options.recordsPerKey,
          dial: (aborted) => dialPeer(target, aborted, this.#options.tls),
          onUnknown: (reason) => link.destroy(reason),
          onResumed: (next) => this.#resumed(made, next),
        });
        entry = made;
      });
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Drops the connection under a link, as a network does. */
  kick(number: number): void {
    this.#entries.get(number)?.link.session.onLost('it was kicked', false);
  }

  /** Opens and takes no more streams; those that are open go on. */
  drain(): void {
    for (const { link } of this.#entries.values()) link.drain();
  }

  /** Lets streams end for `drainMs`, then ends the rest. */
  async close(drainMs: number): Promise<void> {
    const closing = new WormholeError('WH_ERR_ABORTED', 'the daemon is stopping');
    this.drain();
    const until = performance.now() + drainMs;
    while (this.#entries.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { link, redialing } of this.#entries.values()) {
      redialing?.stop();
      link.destroy(closing);
    }
  }

  /** @param settle tells who has dialed it */
  #add(
    { session, memory, stream, peer }: Begun,
    { as, resumeMs = 30_000, quic = false }: Partial<DialOptions>,
    settle?: Entry['settle'],
  ): Entry {
    const dialed = settle !== undefined;
    const number = ++this.#lastNumber;
    const { own } = this.#options;
    const user: LinkUser = {
      hello: () => ({ ...own, name: as ?? own.name, insists: as !== undefined, timeMs: Date.now(), resumeMs }),
      greeted: (link, hello) => this.#judge(link, hello),
      onUp: (link) => this.#up(link),
      onStream: (link, incoming) => {
        const { kind } = incoming.head;
        if (memory.full && (kind === 'connection' || kind === 'datagrams')) incoming.refuse(usedUp());
        else this.#options.onStream(link, incoming);
      },
      onDraining: this.#options.onDraining,
      onOver: (link, reason) => this.#over(link, reason),
    };
    const datagrams = new LinkDatagrams({ role: session.role, sockets: this.#options.sockets, first: stream, memory });
    const link = new Link({ number, dialed, peer, session, memory, user, datagrams, connection: stream, quic });
    const entry: Entry = { link, memory, redialing: undefined, settle };
    this.#entries.set(number, entry);
    return entry;
  }

  /** @throws {WormholeError} why this peer is not let in */
  async #judge(link: Link, hello: Hello): Promise<void> {
    const { own, ownerOf } = this.#options;
    admit(link, hello, { own, ownerOf, full: this.#entries.get(link.number)?.memory.full === true, all: this.all });
    await refuseTwin(link, hello, this.all);
    if (!link.dialed) link.session.deadlineMs = hello.resumeMs;
  }

  #up(link: Link): void {
    const entry = this.#entries.get(link.number);
    const { hello } = link;
    if (entry === undefined || hello === undefined) return;
    this.#datagramsOver(entry);
    this.#options.onUp(link);
    entry.settle?.resolve(link);
    entry.settle = undefined;
    if (hello.role !== 'daemon') return;
    for (const other of this.all) {
      if (other === link || other.hello?.host !== hello.host || other.peer.identity !== link.peer.identity) continue;
      if (other.hello.instance !== hello.instance) other.destroy(restarted());
      else drainSoon(rivalToDrain(this.#options.own, hello, other, link));
    }
  }

  #resumed(entry: Entry, { stream, address }: Dialed): void {
    entry.link.connection = stream;
    entry.link.peer = { ...entry.link.peer, address };
    if (entry.link.hello !== undefined) this.#datagramsOver(entry);
    this.#options.onResumed(entry.link);
  }

  /** Not before it is known who is there: of a link to oneself, both ends would be one. */
  #datagramsOver({ link }: Entry): void {
    link.datagrams.connected(link.connection, link.session.epochs.current, link.dialed);
  }

  #lost(entry: Entry, reason: string): void {
    this.#options.onLost(entry.link, reason);
    entry.redialing?.begin();
  }

  #over(link: Link, reason: WormholeError): void {
    const entry = this.#entries.get(link.number);
    // In its constructor's own time nobody knows it yet: told once more, when it does.
    if (entry === undefined) return void setImmediate(() => this.#entries.has(link.number) && this.#over(link, reason));
    this.#entries.delete(link.number);
    entry.redialing?.stop();
    entry.memory[Symbol.dispose]();
    entry.settle?.reject(reason);
    if (link.hello !== undefined) this.#options.onOver(link, reason);
    else if (!link.dialed) this.#options.onRefused(link.peer, reason.message);
  }

  #sessionOf(id: Buffer, peer: CarrierPeer): ResumablePipe | undefined {
    const found = [...this.#entries.values()].find(({ link }) => link.session.id.equals(id));
    return found?.link.peer.identity === peer.identity ? found.link.session : undefined;
  }

  #entryOf(session: ResumablePipe): Entry | undefined {
    return [...this.#entries.values()].find(({ link }) => link.session === session);
  }
}
