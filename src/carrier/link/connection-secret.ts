/** What only the two ends of one TLS connection know (RFC 5705, RFC 8446 §7.5). */
import type { SecureStream } from '../secure-stream.ts';

/**
 * The session's secret on its first connection, and what proves a later one to be the same two ends'.
 *
 * @returns undefined when the connection has broken meanwhile
 */
export function exporterOf(stream: SecureStream): Buffer | undefined {
  try {
    return stream.exportKeyingMaterial(32, 'EXPORTER-wormhole-resume', undefined as never);
  } catch {
    stream.destroy();
    return undefined;
  }
}
