/**
 * Readiness probes, argument of the word `ready`: input → meaning.
 *
 *     tcp               the target's port accepts a connection
 *     http:8080/health  GET /health on port 8080 answers 2xx or 3xx
 *     health            Docker's HEALTHCHECK of the container says healthy
 *     log:REGEX         a line of the container's log matches
 *     none              nothing is waited for
 */
import { parsePort } from './host.ts';
import { invalid, isPrintable, show } from './invalid.ts';
import type { ReadyProbe } from './plan.ts';

/** Longest regular expression in characters; it runs against every log line. */
const REGEX_LENGTH = 1024;

/** Reads a PROBE. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseProbe(text: string): ReadyProbe {
  if (text === 'tcp' || text === 'health' || text === 'none') return { kind: text };
  if (text.startsWith('http:')) return parseHttp(text.slice('http:'.length));
  if (text.startsWith('log:')) return { kind: 'log', regex: parseRegex(text.slice('log:'.length)) };
  throw invalid(`${show(text)} is not a probe; use tcp, http:PORT/PATH, health, log:REGEX or none`);
}

function parseHttp(text: string): ReadyProbe {
  const slash = text.indexOf('/');
  const port = parsePort(slash < 0 ? text : text.slice(0, slash));
  const path = slash < 0 ? '/' : text.slice(slash);
  if (port === 0) throw invalid('port 0 cannot be probed; ports go from 1 to 65535');
  if (!/^[!-~]+$/.test(path)) throw invalid(`${show(path)} is not a path of a URL; percent-encode what is not plain`);
  return { kind: 'http', port, path };
}

function parseRegex(text: string): string {
  if (text === '' || text.length > REGEX_LENGTH || !isPrintable(text)) {
    throw invalid(`log: needs a regular expression of 1 to ${REGEX_LENGTH} printable characters`);
  }
  try {
    RegExp(text);
  } catch (cause) {
    throw invalid(`${show(text)} is not a regular expression (${cause instanceof Error ? cause.message : 'syntax'})`);
  }
  return text;
}

/** The canonical spelling; the inverse of {@link parseProbe}. */
export function formatProbe(probe: ReadyProbe): string {
  if (probe.kind === 'http') return `http:${probe.port}${probe.path}`;
  return probe.kind === 'log' ? `log:${probe.regex}` : probe.kind;
}
