/**
 * `wg-join [FILE]`: takes a token that `wg-up` has made elsewhere. It is a secret: never an argument, which `ps` would show. With
 * `--demo` it fetches a page by the tunnel, and stays.
 */
import { createReadStream } from 'node:fs';
import { WormholeError } from '../../lib/errors.ts';
import { printable } from '../../spec/invalid.ts';
import { parseToken } from '../../spec/invitation.ts';
import { demoOf } from '../demo/options.ts';
import type { Invocation } from '../invocation.ts';
import { readMtu } from '../mtu.ts';
import { optional, usage } from '../option.ts';
import { print, printJson } from '../print.ts';

const VERB = 'wg-join';
/** Characters; a token is far shorter. */
const MOST = 4_096;

/** Prints `LOCAL REMOTE`. */
export async function wgJoin(call: Invocation): Promise<number> {
  const { stdout, stderr, signal } = call.surroundings;
  const [file] = call.words;
  if (file?.startsWith('wormhole1.') === true) throw usage(VERB, 'a token is a secret; give it on stdin or in a file');
  const attach = optional(call, VERB, '--attach');
  const mtu = readMtu(call, VERB);
  const demo = demoOf(call, VERB);
  if (demo !== undefined && attach !== undefined)
    throw usage(VERB, '--demo has a container of its own; leave --attach out');
  const token = (await read(file)).trim();
  check(token, file);
  const request = { token, ...(mtu !== undefined && { mtu }) };
  if (demo !== undefined) return await (await import('../demo/visit.ts')).visitDemo(call, demo, request);
  await using daemon = await call.open();
  const wish = { ...request, ...(attach !== undefined && { attach }) };
  const tunnel = await daemon.joinInvitation(wish, { timeoutMs: 0, signal });
  if (call.json) {
    await printJson(stdout, tunnel);
    return 0;
  }
  await print(stdout, `${printable(tunnel.local)} ${printable(tunnel.remote)}\n`);
  await print(stderr, `WireGuard by ${printable(tunnel.engine)} to ${printable(tunnel.peer)}\n`);
  return 0;
}

/** @throws {WormholeError} WH_ERR_FILE */
async function read(file: string | undefined): Promise<string> {
  const from = file ?? 'stdin';
  // Standard input is not ours to close.
  const stream = file === undefined ? createReadStream('', { fd: 0, autoClose: false }) : createReadStream(file);
  let text = '';
  try {
    for await (const chunk of stream.setEncoding('utf8')) {
      text += chunk as string;
      // A line is all: who has made it may go on writing, or wait.
      if (text.length > MOST || text.trimStart().includes('\n')) break;
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new WormholeError('WH_ERR_FILE', `${from} cannot be read (${code ?? 'unknown error'})`, { cause });
  }
  if (text.length > MOST) throw new WormholeError('WH_ERR_FILE', `${from}: that is no token of wormhole wg-up`);
  return text;
}

/** Told here, before anybody is asked. @throws {WormholeError} WH_ERR_FILE, which repeats nothing of it */
function check(token: string, file: string | undefined): void {
  try {
    parseToken(token);
  } catch (cause) {
    if (!WormholeError.is(cause)) throw cause;
    throw new WormholeError('WH_ERR_FILE', `${file ?? 'stdin'}: ${cause.message}`, { cause });
  }
}
