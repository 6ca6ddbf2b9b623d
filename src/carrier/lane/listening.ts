/**
 * The end of lanes that is dialed: UDP ports that take connections of those, and only those, whose certificate was told over a
 * link. Open as long as there is one such.
 */
import { WormholeError } from '../../lib/errors.ts';
import { defaultQuicLimits } from '../quic/config.ts';
import type { QuicAddress, QuicConnection, QuicCredentials, QuicEngine, QuicListener } from '../quic/engine.ts';
import { laneTransport } from './dialing.ts';
import { makeCertificate, type OwnCertificate } from './own-certificate.ts';

export interface ListeningOptions {
  readonly host: string;
  readonly engine: () => Promise<QuicEngine>;
  /** Somebody was turned away. */
  readonly onRefused: (address: string, reason: string) => void;
}

/** Who may come, and who is told. */
interface Expected {
  readonly pem: Buffer;
  readonly taken: (connection: QuicConnection) => void;
}

export class LaneListening {
  readonly #options: ListeningOptions;
  readonly #expected = new Map<string, Expected>();
  /** By address. */
  readonly #listeners = new Map<string, Promise<QuicListener>>();
  #own: OwnCertificate | undefined;

  constructor(options: ListeningOptions) {
    this.#options = options;
  }

  /** As it is told to those who may come. */
  get certificate(): string {
    return this.#certificate.told;
  }

  /**
   * Takes connections with this certificate until the returned function is called.
   *
   * @throws {WormholeError} WH_ERR_UNSUPPORTED, WH_ERR_LISTEN, WH_ERR_CONFIG; nothing is expected then
   */
  async expect(
    address: QuicAddress,
    { pem, der }: { readonly pem: Buffer; readonly der: Buffer },
    taken: Expected['taken'],
  ): Promise<{ readonly port: number; readonly forget: () => void }> {
    const id = der.toString('base64');
    if (this.#expected.has(id)) throw new WormholeError('WH_ERR_PROTOCOL', 'that certificate is in use already');
    this.#expected.set(id, { pem, taken });
    const forget = (): void => {
      if (this.#expected.delete(id)) this.#renew();
    };
    try {
      // Before there is another listener: if the engine cannot read this one, it is this one that is refused.
      await this.#renewAll();
      return { port: (await this.#listen(address)).address.port, forget };
    } catch (error) {
      forget();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#expected.clear();
    await this.#end();
  }

  get #certificate(): OwnCertificate {
    this.#own ??= makeCertificate('server', this.#options.host);
    return this.#own;
  }

  get #credentials(): QuicCredentials {
    const { cert, key } = this.#certificate;
    return { ca: Buffer.concat([...this.#expected.values()].map(({ pem }) => pem)), cert, key };
  }

  async #listen(address: QuicAddress): Promise<QuicListener> {
    const key = `${address.host} ${address.port}`;
    const known = this.#listeners.get(key);
    if (known !== undefined) return await known;
    const listening = this.#bind(address);
    this.#listeners.set(key, listening);
    try {
      const listener = await listening;
      listener.replaceCredentials(this.#credentials);
      return listener;
    } catch (error) {
      this.#listeners.delete(key);
      throw error;
    }
  }

  async #bind(address: QuicAddress): Promise<QuicListener> {
    const engine = await this.#options.engine();
    return await engine.listen({
      address,
      credentials: this.#credentials,
      transport: laneTransport,
      limits: defaultQuicLimits,
      onConnection: (connection) => {
        // The engine has compared it with all that are expected. It may have been forgotten since.
        const expected = this.#expected.get(connection.peer.certificate.toString('base64'));
        if (expected === undefined) connection.close();
        else expected.taken(connection);
      },
      onRefused: this.#options.onRefused,
    });
  }

  #renew(): void {
    void (this.#expected.size === 0 ? this.#end() : this.#renewAll()).catch(() => undefined);
  }

  async #renewAll(): Promise<void> {
    const listeners = await Promise.allSettled(this.#listeners.values());
    const credentials = this.#credentials;
    for (const one of listeners) if (one.status === 'fulfilled') one.value.replaceCredentials(credentials);
  }

  async #end(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const one of await Promise.allSettled(listeners)) if (one.status === 'fulfilled') await one.value.close();
  }
}
