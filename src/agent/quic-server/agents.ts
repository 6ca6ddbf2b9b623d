/**
 * The agents that have come to the tunnel's server, and who of them serves the next client.
 *
 * Round robin over those of the wanted name. Before a client's first byte goes to an agent that one has shown that it is
 * there: something is heard of it after the client came, if only the answer to a ping. One of which nothing is heard is
 * passed over, until it is heard of again, so that a dead agent costs its first client a fraction of a second, and the others
 * nothing. What was heard before is no sign: an agent dies between two clients.
 */
import { X509Certificate } from 'node:crypto';
import { commonNameOf } from '../../carrier/certs/issue.ts';
import type { QuicConnection, QuicStream } from '../../carrier/quic/engine.ts';

export interface Agent {
  /** The common name in its certificate; several may share one. */
  readonly name: string;
  readonly connection: QuicConnection;
}

/** An agent that is there, and a stream to it. */
export interface Found {
  readonly agent: Agent;
  readonly stream: QuicStream;
}

/** How long an answer may take, by round trips and at least and at most. */
const ROUND_TRIPS = 4;
const SHORTEST_MS = 250;
const LONGEST_MS = 800;
/** When none has answered. */
const PATIENCE_MS = 2_000;

export class Agents {
  #agents: Agent[] = [];
  #next = 0;
  /** When an agent last failed to answer. */
  readonly #silentSince = new WeakMap<Agent, number>();

  get count(): number {
    return this.#agents.length;
  }

  add(connection: QuicConnection): Agent {
    const agent = { name: nameOf(connection), connection };
    this.#agents.push(agent);
    return agent;
  }

  remove(agent: Agent): void {
    this.#agents = this.#agents.filter((one) => one !== agent);
  }

  /** @param name undefined = any @returns undefined when no agent is there */
  async open(name: string | undefined): Promise<Found | undefined> {
    const row = this.#row(name);
    for (const agent of row) {
      if (!(await this.#isThere(agent))) continue;
      const stream = agent.connection.openStream();
      if (stream !== undefined) return { agent, stream };
    }
    return await this.#slowest(row);
  }

  /** Nobody answered in time: then whoever does first, a machine may be busy. */
  async #slowest(row: readonly Agent[]): Promise<Found | undefined> {
    const answers = row.map(async (agent) => {
      if (!(await agent.connection.ping(PATIENCE_MS))) throw new Error('silent');
      const stream = agent.connection.openStream();
      if (stream === undefined) throw new Error('it takes no more');
      return { agent, stream };
    });
    const found = await Promise.any(answers).catch(() => undefined);
    // Others that answered as well have opened streams, too.
    for (const answer of answers) {
      void answer.then(
        (other) => other !== found && other.stream.abort(0),
        () => {},
      );
    }
    return found;
  }

  /** Who is asked, in this order. */
  #row(name: string | undefined): Agent[] {
    const fitting = this.#agents.filter((agent) => name === undefined || agent.name === name);
    const start = fitting.length === 0 ? 0 : this.#next++ % fitting.length;
    const row = [...fitting.slice(start), ...fitting.slice(0, start)];
    const silent = (agent: Agent): number => (this.#isSilent(agent) ? 1 : 0);
    return row.sort((a, b) => silent(a) - silent(b));
  }

  #isSilent(agent: Agent): boolean {
    return agent.connection.heardAt < (this.#silentSince.get(agent) ?? -Infinity);
  }

  async #isThere(agent: Agent): Promise<boolean> {
    const { connection } = agent;
    if (connection.closed) return false;
    const asked = performance.now();
    const ms = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ROUND_TRIPS * connection.stats().rttMs));
    if (await connection.ping(ms)) return true;
    this.#silentSince.set(agent, asked);
    return false;
  }
}

function nameOf({ peer }: QuicConnection): string {
  return commonNameOf(new X509Certificate(peer.certificate));
}
