/**
 * `certs DIR [NAME...]`: certificates for a tunnel; prints the files that were made.
 */
import { makeCertificates } from '../../agent/certs/directory.ts';
import { printable } from '../../spec/invalid.ts';
import type { Invocation } from '../invocation.ts';
import { optional, usage } from '../option.ts';
import { print, printJson } from '../print.ts';

const DEFAULT_DAYS = 365;
/** Dates are written with two digits of the year, up to 2049. */
const MOST_DAYS = 3_650;

export async function certs(call: Invocation): Promise<number> {
  const [directory = '', ...clients] = call.words;
  const serverName = optional(call, 'certs', '--server-name') ?? 'quic-tunnel-server';
  const files = makeCertificates({ directory, clients, serverName, days: daysOf(call) });
  if (call.json) await printJson(call.surroundings.stdout, { files });
  else await print(call.surroundings.stdout, files.map((path) => `${printable(path)}\n`).join(''));
  return 0;
}

function daysOf(call: Invocation): number {
  const text = optional(call, 'certs', '--days');
  if (text === undefined) return DEFAULT_DAYS;
  const days = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > MOST_DAYS) throw usage('certs', `--days takes a number from 1 to ${MOST_DAYS}`);
  return days;
}
