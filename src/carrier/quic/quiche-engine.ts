/**
 * The engine that is there: quiche, on native ports where they work and on node:dgram elsewhere.
 *
 * Runs on the event loop of the thread that made it; several in one process do not know of each other.
 */
import { randomBytes } from 'node:crypto';
import { WormholeError } from '../../lib/errors.ts';
import { formatPeer } from '../peer.ts';
import { nativeConfig } from './config.ts';
import { QuicheConnection } from './connection.ts';
import type {
  QuicAddress,
  QuicConnection,
  QuicConnectOptions,
  QuicEngine,
  QuicListener,
  QuicListenOptions,
} from './engine.ts';
import { QuicheListener } from './listener.ts';
import { Loop } from './loop.ts';
import type { Port, Remote } from './port.ts';
import { loadQuiche, type NativeConfig, type NativeConnection, type Quiche } from './quiche.ts';

/** Makes ports of one kind. */
interface Ports extends Disposable {
  listen(address: QuicAddress): Promise<Port>;
  connect(to: QuicAddress): Promise<Port>;
}

export interface QuicheEngineOptions {
  /** False = node:dgram in any case. */
  readonly native?: boolean;
}

/** @throws {WormholeError} WH_ERR_UNSUPPORTED where the optional package is missing */
export async function quicheEngine({ native = true }: QuicheEngineOptions = {}): Promise<QuicEngine> {
  const quiche = loadQuiche();
  return new QuicheEngine(quiche, native && process.platform === 'linux' ? await nativePorts() : await portablePorts());
}

async function nativePorts(): Promise<Ports> {
  const { NativePort, PortMemory } = await import('./native-port.ts');
  const memory = new PortMemory();
  return {
    listen: async (address) => NativePort.listen(memory, address),
    connect: async (to) => NativePort.connect(memory, to),
    [Symbol.dispose]: () => memory[Symbol.dispose](),
  };
}

async function portablePorts(): Promise<Ports> {
  const { PortablePort } = await import('./portable-port.ts');
  return {
    listen: (address) => PortablePort.listen(address),
    connect: (to) => PortablePort.connect(to),
    [Symbol.dispose]: () => {},
  };
}

class QuicheEngine implements QuicEngine {
  readonly #quiche: Quiche;
  readonly #ports: Ports;

  constructor(quiche: Quiche, ports: Ports) {
    this.#quiche = quiche;
    this.#ports = ports;
  }

  async listen(options: QuicListenOptions): Promise<QuicListener> {
    const config = nativeConfig(this.#quiche, options.credentials, options.transport);
    const { host, port } = options.address;
    let socket: Port;
    try {
      socket = await this.#ports.listen(options.address);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw new WormholeError('WH_ERR_LISTEN', `cannot listen on udp ${formatPeer(host, port)}: ${code}`, { cause });
    }
    return new QuicheListener(this.#quiche, socket, config, options);
  }

  async connect(options: QuicConnectOptions): Promise<QuicConnection> {
    const { address, serverName, credentials, transport, signal } = options;
    signal.throwIfAborted();
    const config = nativeConfig(this.#quiche, credentials, transport);
    let port: Port;
    try {
      port = await this.#ports.connect(address);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
      throw new WormholeError('WH_ERR_PEER_UNREACHABLE', code, { cause });
    }
    const { remote, native } = this.#begin(port, config, serverName, signal);
    return await new Promise((resolve, reject) => {
      const loop: Loop = new Loop(port, (packet) => connection.receive(packet, remote));
      const aborted = (): void => {
        reject(signal.reason as Error);
        connection.close();
      };
      const connection = new QuicheConnection(native, loop, {
        isServer: false,
        remote,
        packetBytes: transport.packetBytes,
        handshakeMs: options.handshakeMs,
        idleMs: transport.idleMs,
        keepAliveMs: options.keepAliveMs,
        onEstablished: () => {
          signal.removeEventListener('abort', aborted);
          resolve(connection);
        },
        onEnd: (_ended, reason) => {
          signal.removeEventListener('abort', aborted);
          loop.close();
          reject(reason ?? new WormholeError('WH_ERR_PEER_UNREACHABLE', 'the other side said goodbye'));
        },
      });
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  /** Closes `port` when nothing comes of it. @throws the reason of `signal`, {@link WormholeError} WH_ERR_CONFIG */
  #begin(
    port: Port,
    config: NativeConfig,
    serverName: string,
    signal: AbortSignal,
  ): { readonly remote: Remote; readonly native: NativeConnection } {
    try {
      signal.throwIfAborted();
      const { remote } = port;
      if (remote === undefined) throw new Error('a port that is connected knows where to');
      const { from, to } = remote.info;
      return { remote, native: this.#quiche.Connection.connect(serverName, randomBytes(16), to, from, config) };
    } catch (cause) {
      port.close();
      if (signal.aborted) throw cause;
      throw new WormholeError('WH_ERR_CONFIG', `QUIC cannot dial a server called ${JSON.stringify(serverName)}`, {
        cause,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ports[Symbol.dispose]();
  }
}
