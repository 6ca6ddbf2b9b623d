/**
 * The native engine: Cloudflare's quiche, as the package `@matrixai/quic-linux-x64` binds it, as far as it is used here.
 *
 * An optional dependency: where it is not installed, everything but QUIC works. Loaded when QUIC is first asked for.
 * Calls that answer `Done` in quiche answer null here; other failures are thrown.
 */
import { createRequire } from 'node:module';
import { WormholeError } from '../../lib/errors.ts';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

export interface PacketInfo {
  readonly from: HostPort;
  readonly to: HostPort;
}

/** Of its about thirty setters, those in use. */
export interface NativeConfig {
  grease(on: boolean): void;
  setApplicationProtos(names: string[]): void;
  setMaxIdleTimeout(ms: number): void;
  setMaxRecvUdpPayloadSize(bytes: number): void;
  setMaxSendUdpPayloadSize(bytes: number): void;
  setInitialMaxData(bytes: number): void;
  setInitialMaxStreamDataBidiLocal(bytes: number): void;
  setInitialMaxStreamDataBidiRemote(bytes: number): void;
  setInitialMaxStreamsBidi(count: number): void;
  setInitialMaxStreamsUni(count: number): void;
  setMaxStreamWindow(bytes: number): void;
  setActiveConnectionIdLimit(count: number): void;
  setDisableActiveMigration(on: boolean): void;
  enablePacing(on: boolean): void;
}

export interface NativeError {
  readonly isApp: boolean;
  readonly errorCode: number;
  readonly reason: Uint8Array;
}

export interface NativeConnection {
  recv(packet: Uint8Array, info: PacketInfo): number;
  /** The next packet, and where it goes; the third of its facts is an object that only the event loop can free. */
  send(into: Uint8Array): [number, PacketInfo] | null;
  streamRecv(id: number, into: Uint8Array): [number, boolean] | null;
  streamSend(id: number, bytes: Uint8Array, fin: boolean): number | null;
  streamCapacity(id: number): number;
  /** @param direction 0 = reading, 1 = writing */
  streamShutdown(id: number, direction: 0 | 1, code: number): void;
  peerStreamsLeftBidi(): number;
  readable(): Iterable<number>;
  timeout(): number | null;
  onTimeout(): void;
  close(isApp: boolean, code: number, reason: Uint8Array): void;
  sendAckEliciting(): void;
  applicationProto(): Uint8Array;
  peerCertChain(): Uint8Array[] | null;
  isEstablished(): boolean;
  isDraining(): boolean;
  isClosed(): boolean;
  isTimedOut(): boolean;
  peerError(): NativeError | null;
  localError(): NativeError | null;
  stats(): { recv: number; sent: number; lost: number; sentBytes: number; recvBytes: number };
  /** Round trips in whole milliseconds. */
  pathStats(): { rtt: number }[];
}

export interface NativeHeader {
  /** 0 = Initial. */
  readonly ty: number;
  readonly version: number;
  readonly dcid: Uint8Array;
  readonly scid: Uint8Array;
  readonly token?: Uint8Array;
}

export interface Quiche {
  readonly Config: {
    withBoringSslCtx(
      verifyPeer: boolean,
      verifyAllowFail: boolean,
      ca: Uint8Array,
      key: Uint8Array[] | null,
      cert: Uint8Array[] | null,
      signatures: string | null,
    ): NativeConfig;
  };
  readonly Connection: {
    connect(name: string, scid: Uint8Array, local: HostPort, remote: HostPort, config: NativeConfig): NativeConnection;
    accept(
      scid: Uint8Array,
      odcid: Uint8Array,
      local: HostPort,
      remote: HostPort,
      config: NativeConfig,
    ): NativeConnection;
  };
  readonly Header: { fromSlice(packet: Uint8Array, idBytes: number): NativeHeader };
  retry(
    scid: Uint8Array,
    dcid: Uint8Array,
    newScid: Uint8Array,
    token: Uint8Array,
    version: number,
    into: Uint8Array,
  ): number;
  negotiateVersion(scid: Uint8Array, dcid: Uint8Array, into: Uint8Array): number;
  versionIsSupported(version: number): boolean;
}

/** @throws {WormholeError} WH_ERR_UNSUPPORTED with the remedy */
export function loadQuiche(load: (name: string) => unknown = createRequire(import.meta.url)): Quiche {
  try {
    return load('@matrixai/quic-linux-x64') as Quiche;
  } catch (cause) {
    throw new WormholeError(
      'WH_ERR_UNSUPPORTED',
      `QUIC needs the optional package @matrixai/quic-linux-x64, which does not load on ${process.platform} ${process.arch}; ` +
        'on Linux x64 with glibc, npm ci --include=optional installs it; peers over TLS do not need it',
      { cause },
    );
  }
}
