/**
 * Credentials and transport as quiche wants them. Mutual certificates are not an option that could be forgotten.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { WormholeError } from '../../lib/errors.ts';
import type { QuicCredentials, QuicLimits, QuicTransport } from './engine.ts';
import type { NativeConfig, Quiche } from './quiche.ts';

const kibi = 1 << 10;
const mebi = 1 << 20;

/**
 * A stream begins with 128 KiB on its way; one that is read grows to the path, up to 4 MiB, which is 1 Gbit/s over 30 ms.
 */
export const defaultTransport: Omit<QuicTransport, 'alpn'> = {
  idleMs: 5_000,
  streams: 10_000,
  firstWindow: 128 * kibi,
  streamWindow: 4 * mebi,
  packetBytes: 1_350,
};

/**
 * Bytes for all streams of a connection together: no limit. quiche gives new room for them only when most of a window
 * that it chose by itself has been read, so that a single stream which nobody reads would in the end hold up all others.
 * What bounds memory is the number of streams times the window of each, and, of lanes, what their key may hold (`unread.ts`).
 */
const UNLIMITED = 2 ** 50;

/** Ways that a connection may go in its life: quiche keeps each of them, and drops what comes over one more. */
const PATHS = 32;

export const defaultQuicLimits: QuicLimits = {
  handshakes: 256,
  handshakesPerSource: 32,
  handshakeMs: 5_000,
  connections: 1_024,
};

/** @throws {WormholeError} WH_ERR_CONFIG; never shows a key */
export function nativeConfig(quiche: Quiche, credentials: QuicCredentials, transport: QuicTransport): NativeConfig {
  check(credentials);
  let config: NativeConfig;
  try {
    const { ca, key, cert } = credentials;
    config = quiche.Config.withBoringSslCtx(true, false, ca, [key], [cert], null);
  } catch {
    // The engine's words are about its library, not about the files.
    throw new WormholeError('WH_ERR_CONFIG', 'the certificates cannot be used; they have to be PEM texts');
  }
  const { idleMs, streams, firstWindow, streamWindow, packetBytes } = transport;
  config.grease(false);
  config.setApplicationProtos([...transport.alpn]);
  config.setMaxIdleTimeout(idleMs);
  config.setMaxRecvUdpPayloadSize(65_527);
  config.setMaxSendUdpPayloadSize(packetBytes);
  config.setInitialMaxData(UNLIMITED);
  config.setInitialMaxStreamDataBidiLocal(firstWindow);
  config.setInitialMaxStreamDataBidiRemote(firstWindow);
  config.setMaxStreamWindow(streamWindow);
  config.setInitialMaxStreamsBidi(streams);
  config.setInitialMaxStreamsUni(0);
  config.setActiveConnectionIdLimit(PATHS);
  config.setDisableActiveMigration(true);
  config.enablePacing(false);
  return config;
}

/** Says which of the three texts is wrong. The engine does not; some it cannot even refuse without ending the process. */
function check({ ca, cert, key }: QuicCredentials): void {
  certificates('the CA certificate', ca);
  const [certificate] = certificates('the certificate', cert);
  const secret = parsed('the private key', () => createPrivateKey(key));
  if (certificate?.checkPrivateKey(secret) !== true) {
    throw new WormholeError('WH_ERR_CONFIG', 'the private key is not that of the certificate');
  }
}

/** All of a file, which may be a chain. */
function certificates(what: string, text: Buffer): X509Certificate[] {
  const blocks = text.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [''];
  return blocks.map((block) => parsed(what, () => new X509Certificate(block)));
}

function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new WormholeError('WH_ERR_CONFIG', `${what} is not a PEM text that can be read`);
  }
}
