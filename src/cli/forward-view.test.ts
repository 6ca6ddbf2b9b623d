import { expect, describe as group, test } from 'vitest';
import type { ForwardStatus } from '../agent/forward/index.ts';
import { WormholeError } from '../lib/errors.ts';
import { describe, ForwardView } from './forward-view.ts';
import type { Flags, Invocation } from './invocation.ts';

const status: ForwardStatus = {
  state: 'up',
  reason: '',
  peer: 'db-host',
  address: '10.0.0.2:9999',
  rttMs: 12.34,
  lost: 0,
  resumed: 0,
  mappings: [
    {
      text: '3306',
      direction: 'out',
      listen: '127.0.0.1:3306',
      target: '127.0.0.1:3306',
      state: 'up',
      reason: '',
      connectionsOpen: 2,
      connectionsTotal: 5,
      connectionsFailed: 0,
      bytesIn: 1536,
      bytesOut: 10,
    },
  ],
};

/** A view, and what it wrote. */
function viewed(how: { terminal?: boolean; columns?: number; json?: boolean; verbose?: boolean; flags?: Flags }) {
  const texts = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => void (texts[name] += text),
    isTTY: how.terminal === true,
    columns: how.columns ?? 200,
  });
  const { json = false, verbose = false, flags = {} } = how;
  const surroundings = { stdout: sink('stdout'), stderr: sink('stderr'), env: { NO_COLOR: '1' } };
  return { view: new ForwardView({ json, verbose, flags, surroundings } as unknown as Invocation), texts };
}

const connection = { client: 'c:1', detail: '', dialMs: 1, durationMs: 9, bytesIn: 1, bytesOut: 2, reason: 'done' };

group('what forward shows', () => {
  test('F50 one line says how things are, and more only when something broke', () => {
    expect(describe(status)).toBe('db-host up | 2 open, 5 in all | 1.5KiB there, 10B back | rtt 12.3ms');
    const broken: ForwardStatus = { ...status, state: 'lost', reason: 'reset\u001B[2J', lost: 2, resumed: 1 };
    expect(describe(broken)).toMatch(/^db-host lost: reset\\u001b\[2J \| .* \| broke 2, resumed 1$/);
  });

  test('what is told of the far end stands in that line while it is not up, and in a line of its own', () => {
    const [mapping] = status.mappings;
    if (mapping === undefined) throw new Error('there is one');
    const reason = 'container "db" is not running';
    const waiting = { ...status, mappings: [{ ...mapping, state: 'waiting' as const, reason }] };
    expect(describe(waiting)).toMatch(/^db-host up \| 3306 waiting: container "db" is not running \| 2 open/);
    const { view, texts } = viewed({});
    view.event({ kind: 'told', mapping: '3306', state: 'waiting', reason });
    view.event({ kind: 'told', mapping: '3306', state: 'up', reason: '' });
    expect(texts.stderr).toMatch(/warn {2}3306 is waiting there reason="container .*\n.*info {2}3306 is up there\n$/);
  });

  test('F50 on a terminal that line stays below the others, and is wiped off at the end', () => {
    const { view, texts } = viewed({ terminal: true });
    view.status(status);
    view.status(status);
    view.event({ kind: 'resumed' });
    view[Symbol.dispose]();
    const line = describe(status);
    const parts = texts.stderr.split('\r\u001B[K');
    expect(parts).toEqual(['', line, expect.stringMatching(/ goes on over another connection.*\n/), '']);
    const wide = viewed({ terminal: true, columns: 0 });
    wide.view.status(status);
    expect(wide.texts.stderr.endsWith(line)).toBe(true);
    expect(parts[2]?.endsWith(`\n${line}`)).toBe(true);
  });

  test('F50 elsewhere there are lines, with --json documents, with --quiet only what fails', () => {
    const plain = viewed({});
    plain.view.status(status);
    plain.view.event({ kind: 'up', peer: 'db-host', address: '10.0.0.2:9999', version: '1.2.3' });
    expect(plain.texts.stderr).toMatch(/^\S+Z info {2}linked with db-host address=10.0.0.2:9999 version=1.2.3\n$/);
    const json = viewed({ json: true });
    json.view.event({ kind: 'lost', reason: 'reset' });
    expect(JSON.parse(json.texts.stdout)).toMatchObject({ level: 'warn', facts: { reason: 'reset' } });
    const quiet = viewed({ flags: { quiet: true }, terminal: true });
    quiet.view.status(status);
    quiet.view.event({ kind: 'resumed' });
    expect(quiet.texts.stderr).toBe('');
    quiet.view.event({ kind: 'down', reason: 'gone' });
    expect(quiet.texts.stderr).toContain('warn  the link is over');
  });

  test('F45 F50 a connection that reached nothing is told, at a bounded rate; others only to who wants to know', () => {
    const { view, texts } = viewed({});
    view.event({ kind: 'closed', mapping: '80', connection });
    expect(texts.stderr).toBe('');
    for (let i = 0; i < 1_000; i++) {
      view.event({ kind: 'closed', mapping: '80', connection: { ...connection, dialMs: -1, reason: 'dial-failed' } });
    }
    expect(texts.stderr.split('\n').length).toBeLessThan(20);
    const verbose = viewed({ verbose: true });
    verbose.view.event({ kind: 'closed', mapping: '80', connection });
    expect(verbose.texts.stderr).toContain(
      'connection closed mapping=80 client=c:1 reason=done bytesIn=1 bytesOut=2 ms=9',
    );
  });

  test('F47 the same failure of one attempt after the other is told once', () => {
    const { view, texts } = viewed({});
    const error = new WormholeError('WH_ERR_PEER_UNREACHABLE', 'nothing listens there');
    for (let i = 0; i < 5; i++) view.event({ kind: 'failed', error });
    expect(texts.stderr.match(/not yet: nothing listens there/g)).toHaveLength(1);
  });
});
