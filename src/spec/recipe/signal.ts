/** Names and numbers of the signals that a container may be stopped by, signal(7). */
import { invalid, show } from '../invalid.ts';

const names = new Set(
  (
    'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
    'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'
  ).split(' '),
);

/** RTMIN to RTMIN+15 and RTMAX-14 to RTMAX, as the engine knows them. */
const REALTIME = /^RT(?:MIN(?:\+(?:[1-9]|1[0-5]))?|MAX(?:-(?:[1-9]|1[0-4]))?)$/;

/** Checks a signal. @returns it as written @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseSignal(text: string): string {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const number = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  if (names.has(name) || REALTIME.test(name) || (number >= 1 && number <= 64)) return text;
  throw invalid(`${show(text)} is not a signal; write for example SIGTERM, INT or 15`);
}
