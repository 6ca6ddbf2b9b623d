/**
 * `wormhole/forward`: ports forwarded through a wormholed on another machine, for the command line and for programs.
 *
 * Needs neither root nor a daemon here, and no native code; runs where Node does.
 *
 * @example
 * ```ts
 * import { forward, WormholeError } from 'wormhole/forward';
 *
 * await using ports = await forward({
 *   target: 'db-host',
 *   keyFile: 'key.secret',
 *   connections: ['3306:container/mysql:3306'],
 *   onEvent: (event) => console.log(event.kind),
 * });
 * console.log(ports.status().mappings[0]?.listen); // 127.0.0.1:3306
 * ```
 */
export { type ErrorCode, type ErrorDetail, WormholeError } from '../../lib/errors.ts';
export { forward } from './forward.ts';
export type { Forward, ForwardOptions } from './options.ts';
export type { EndedConnection, FarMappingState, ForwardEvent, ForwardStatus, MappingStatus } from './status.ts';
