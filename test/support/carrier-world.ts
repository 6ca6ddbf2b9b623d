/**
 * A carrier's port on 127.0.0.1 with a place for what reaches it: one per test, closed at its end.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect } from 'vitest';
import type { CarrierEvent } from '../../src/carrier/events.ts';
import { type CarrierLimits, defaultLimits } from '../../src/carrier/limits.ts';
import type { CarrierPeer } from '../../src/carrier/peer.ts';
import { CarrierServer } from '../../src/carrier/server.ts';
import { plainPair, tlsFriend } from './carrier-peer.ts';

/** Any request; nothing here reads it. */
export const request = 'GET / HTTP/1.1\r\nHost: wormhole\r\n\r\n';

/** A connection that asked for something: the client's end, and the daemon's. */
export interface Conversation {
  readonly stream: TLSSocket;
  readonly plain: Socket;
  readonly peer: CarrierPeer;
}

export class CarrierWorld {
  readonly key = randomBytes(32);
  readonly events: CarrierEvent[] = [];
  /** What reached the control API: the daemon's end of each connection. */
  readonly served: Array<{ readonly plain: Socket; readonly peer: CarrierPeer }> = [];
  server: CarrierServer | undefined;
  port = 0;

  /** Opens the port. */
  async start(limits: Partial<CarrierLimits> = {}): Promise<CarrierServer> {
    const server = new CarrierServer({
      keys: [['wormhole', this.key]],
      limits: { ...defaultLimits, ...limits },
      onEvent: (event) => this.events.push(event),
      onCarrier: (stream) => stream.destroy(),
      openHttp: async (peer) => {
        const [plain, theirs] = plainPair();
        this.served.push({ plain, peer });
        return theirs;
      },
    });
    this.server = server;
    const [address] = await server.listen([{ host: '127.0.0.1', port: 0 }]);
    this.port = address?.port ?? 0;
    return server;
  }

  /** A friend's connection on which {@link request} was sent and has arrived; over `socket`, if given. */
  async conversation(socket?: Socket): Promise<Conversation> {
    const { port, key, served } = this;
    const stream = await tlsFriend({ port, key, ...(socket !== undefined && { socket }) });
    const before = served.length;
    stream.write(request);
    await expect.poll(() => served.length).toBe(before + 1);
    const { plain, peer } = served[before] as (typeof served)[number];
    expect((await once(plain, 'data'))[0]).toEqual(Buffer.from(request));
    return { stream, plain, peer };
  }

  async close(): Promise<void> {
    for (const { plain } of this.served) plain.destroy();
    await this.server?.close(0);
  }
}

/** Gives each test of the file a world of its own. */
export function carrierWorld(): () => CarrierWorld {
  let world = new CarrierWorld();
  beforeEach(() => {
    world = new CarrierWorld();
  });
  afterEach(() => world.close());
  return () => world;
}
