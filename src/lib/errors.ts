/**
 * The error vocabulary of wormhole: one table, one class.
 *
 * Every failure that crosses a module boundary carries a stable {@link ErrorCode}; the HTTP status and the
 * process exit code are looked up here, never decided where the error is thrown. `docs/errors.md` lists each
 * code with its remedy; a test holds the two together.
 */

/** Exit codes of sysexits(3), the subset wormhole uses. */
export const Exit = {
  ok: 0,
  usage: 64,
  data: 65,
  noInput: 66,
  noHost: 68,
  unavailable: 69,
  software: 70,
  os: 71,
  cannotCreate: 73,
  io: 74,
  tempFail: 75,
  protocol: 76,
  noPerm: 77,
  config: 78,
} as const;

interface ErrorRow {
  readonly status: number;
  readonly exit: number;
  readonly title: string;
}

/** Every code wormhole can report. Codes are API: add, never rename. */
export const errorTable = {
  WH_ERR_USAGE: { status: 400, exit: Exit.usage, title: 'wrong usage' },
  WH_ERR_SPEC_INVALID: { status: 400, exit: Exit.data, title: 'the proxy spec is not valid' },
  WH_ERR_COMPOSE: { status: 400, exit: Exit.data, title: 'the compose file cannot be translated' },
  WH_ERR_FILE: { status: 400, exit: Exit.noInput, title: 'a file cannot be used' },
  WH_ERR_SELF_PROXY: { status: 400, exit: Exit.data, title: 'the wormhole would lead to itself' },
  WH_ERR_UNSUPPORTED: { status: 501, exit: Exit.unavailable, title: 'not supported yet' },
  WH_ERR_REQUEST_INVALID: { status: 400, exit: Exit.protocol, title: 'the request is not valid' },
  WH_ERR_REQUEST_REFUSED: { status: 403, exit: Exit.noPerm, title: 'the request is refused' },
  WH_ERR_ROUTE_NOT_FOUND: { status: 404, exit: Exit.protocol, title: 'no such API route' },
  WH_ERR_WORMHOLE_NOT_FOUND: { status: 404, exit: Exit.noInput, title: 'no such wormhole' },
  WH_ERR_WORMHOLE_EXISTS: { status: 409, exit: Exit.cannotCreate, title: 'wormhole already exists' },
  WH_ERR_LISTEN: { status: 409, exit: Exit.cannotCreate, title: 'cannot listen on the address' },
  WH_ERR_DIAL: { status: 502, exit: Exit.unavailable, title: 'cannot reach the target' },
  WH_ERR_NAMESPACE: { status: 502, exit: Exit.os, title: 'cannot enter the namespace' },
  WH_ERR_CONTAINER_NOT_FOUND: { status: 404, exit: Exit.noHost, title: 'no such container' },
  WH_ERR_CONTAINER_AMBIGUOUS: { status: 409, exit: Exit.data, title: 'more than one container matches' },
  WH_ERR_CONTAINER_STOPPED: { status: 409, exit: Exit.tempFail, title: 'the container is not running' },
  WH_ERR_CONTAINER_EXISTS: { status: 409, exit: Exit.cannotCreate, title: 'the container name is taken' },
  WH_ERR_CONTAINER_FAILED: { status: 502, exit: Exit.unavailable, title: 'the container could not be started' },
  WH_ERR_IMAGE_NOT_FOUND: { status: 404, exit: Exit.noInput, title: 'no such image' },
  WH_ERR_NOT_READY: { status: 504, exit: Exit.tempFail, title: 'not ready in time' },
  WH_ERR_DOCKER_UNAVAILABLE: { status: 503, exit: Exit.unavailable, title: 'Docker does not answer' },
  WH_ERR_NAME_NOT_RESOLVED: { status: 502, exit: Exit.noHost, title: 'the host name does not resolve' },
  WH_ERR_DAEMON_UNREACHABLE: { status: 503, exit: Exit.unavailable, title: 'cannot reach the daemon' },
  WH_ERR_KEY_FILE: { status: 500, exit: Exit.config, title: 'the key file cannot be used' },
  WH_ERR_POLICY: { status: 403, exit: Exit.noPerm, title: 'policy forbids it' },
  WH_ERR_PEER_UNREACHABLE: { status: 503, exit: Exit.unavailable, title: 'cannot reach the peer' },
  WH_ERR_PEER_NOT_FOUND: { status: 404, exit: Exit.noHost, title: 'no such peer' },
  WH_ERR_PEER_EXISTS: { status: 409, exit: Exit.cannotCreate, title: 'another peer has that name or id' },
  WH_ERR_PEER_AUTH: { status: 401, exit: Exit.noPerm, title: 'the two sides do not trust each other' },
  WH_ERR_TUNNEL_NOT_FOUND: { status: 404, exit: Exit.noHost, title: 'no such tunnel' },
  WH_ERR_TUNNEL: { status: 502, exit: Exit.os, title: 'the tunnel cannot be set up' },
  WH_ERR_TUNNEL_CONFLICT: { status: 409, exit: Exit.cannotCreate, title: 'something else has what the tunnel needs' },
  WH_ERR_KERNEL: { status: 501, exit: Exit.unavailable, title: 'the kernel lacks a part' },
  WH_ERR_CONFIG: { status: 500, exit: Exit.config, title: 'the configuration is not valid' },
  WH_ERR_PERMISSION: { status: 403, exit: Exit.noPerm, title: 'permission denied' },
  WH_ERR_LIMIT: { status: 429, exit: Exit.tempFail, title: 'a limit is reached' },
  WH_ERR_STATE: { status: 500, exit: Exit.io, title: 'the state directory cannot be used' },
  WH_ERR_PROTOCOL: { status: 502, exit: Exit.protocol, title: 'the other side does not speak our protocol' },
  WH_ERR_TIMEOUT: { status: 504, exit: Exit.tempFail, title: 'timed out' },
  WH_ERR_ABORTED: { status: 503, exit: Exit.tempFail, title: 'operation aborted' },
  WH_ERR_INTERNAL: { status: 500, exit: Exit.software, title: 'internal error' },
} as const satisfies Record<`WH_ERR_${string}`, ErrorRow>;

/** A stable, documented failure code. */
export type ErrorCode = keyof typeof errorTable;

/** Structured facts about a failure; safe to log and to return over the API, never secrets. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | null>>;

const brand: unique symbol = Symbol.for('wormhole.error') as never;

/** The only error class that may cross a module boundary. */
export class WormholeError extends Error {
  override readonly name = 'WormholeError';
  readonly [brand] = true;
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; detail?: ErrorDetail } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? {};
  }

  /** HTTP status for the control API. */
  get status(): number {
    return errorTable[this.code].status;
  }

  /** Process exit code for both programs, sysexits(3). */
  get exitCode(): number {
    return errorTable[this.code].exit;
  }

  /** True for any wormhole error, also one from another copy of this module. */
  static is(value: unknown): value is WormholeError {
    return value instanceof Error && brand in value;
  }
}
