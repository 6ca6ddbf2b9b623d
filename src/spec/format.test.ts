/** Chains back to words: the round trip over arbitrary chains, the canonical order, the secrets left out. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderCaret } from './caret.ts';
import type { Chain, EndpointSpec, HeadOptions, Link, Segment, TailOptions, UrlParts } from './chain.ts';
import { explain } from './explain.ts';
import { format, redact } from './format.ts';
import { invalid } from './invalid.ts';
import { parse } from './parse.ts';
import type { PeerAddress, ReadyProbe } from './plan.ts';
import { plan } from './planner.ts';
import { redactChain } from './redact.ts';
import { quote, splitWords } from './shell.ts';

/** An object with any of these keys: absent, never undefined. */
const some = <T extends object>(model: { [K in keyof T]-?: fc.Arbitrary<Exclude<T[K], undefined>> }): fc.Arbitrary<T> =>
  fc.record(model, { requiredKeys: [] }) as unknown as fc.Arbitrary<T>;

const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9]{1,8}$/),
  fc.constantFrom('tail', 'child', 'tunnel', 'url', 'trigger'),
);
const port = fc.integer({ min: 1, max: 65_535 });
const durationMs = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const host = fc.oneof(name, fc.ipV4(), fc.constantFrom('::1', 'fe80::1%eth0', '2001:db8::5', 'a.b-c.d_e'));
const path = fc.stringMatching(/^\/[a-z @:='-]{0,20}[a-z]$/);
const namespace = fc.oneof(
  name.map((netns) => ({ kind: 'netns' as const, name: netns })),
  fc.integer({ min: 1, max: 4_194_304 }).map((pid) => ({ kind: 'pid' as const, pid })),
  name.map((container) => ({ kind: 'container' as const, container })),
);

const network = (named: boolean): fc.Arbitrary<UrlParts> =>
  some<UrlParts>({
    protocol: fc.constantFrom('tcp', 'udp'),
    host,
    port,
    ...(named && { namespace }),
  } as never).filter((parts) => Object.keys(parts).length > 0);

const unix = fc.oneof(
  fc.constant({ protocol: 'unix' as const }),
  path.map((p) => ({ protocol: 'unix' as const, path: p })),
);
const run = fc
  .tuple(fc.array(fc.string({ unit: 'binary', maxLength: 10 })), name, fc.array(fc.string({ maxLength: 8 })))
  .map(([env, image, command]) => [...env.flatMap((value) => ['-e', `A=${value}`]), image, ...command])
  .map((words) => words.map((word) => word.replaceAll('\0', '')));

const place: fc.Arbitrary<EndpointSpec> = fc.oneof(
  fc.record({ url: fc.oneof(network(true), unix) }),
  fc.record({ url: fc.oneof(network(false), unix), container: name }),
  fc.record({ url: network(false), run }),
  fc.record({ container: name }),
  fc.record({ run }),
);
const member: fc.Arbitrary<EndpointSpec> = fc.oneof(
  place,
  fc.record({ connect: fc.constantFrom('http', 'socks5', 'any') }),
  fc.record({ container: name, connect: fc.constantFrom('http', 'socks5', 'any') }),
);
const head: fc.Arbitrary<EndpointSpec> = fc.oneof(
  place,
  fc.constant({}),
  fc.record({ host: fc.constant(true as const) }),
  fc.record({ url: network(false), host: fc.constant(true as const) }),
);
const probe: fc.Arbitrary<ReadyProbe> = fc.oneof(
  fc.constantFrom({ kind: 'tcp' as const }, { kind: 'health' as const }, { kind: 'none' as const }),
  fc.record({ kind: fc.constant('http' as const), port, path: fc.constantFrom('/', '/a?b=c') }),
  fc.record({ kind: fc.constant('log' as const), regex: fc.constantFrom('ready', 'a b$', 'tail') }),
);
const headOptions = some<HeadOptions>({
  maxConns: fc.integer({ min: 1, max: 10_000_000 }),
  connIdleMs: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  mode: fc.integer({ min: 0, max: 0o777 }),
  owner: fc.constantFrom('root', 'root:adm', '0:0'),
});
const tailOptions = some<TailOptions>({
  connectTimeoutMs: durationMs,
  balance: fc.constantFrom('rr', 'least-conn', 'first', 'random'),
  proxyProtocol: fc.constantFrom('v1', 'v2'),
  auth: path,
  ready: probe,
  timeoutMs: durationMs,
  idleMs: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  onIdle: fc.constantFrom('stop', 'pause', 'remove'),
});
const peer: fc.Arbitrary<PeerAddress> = fc.oneof(
  name.map((peerName) => ({ kind: 'name' as const, name: peerName })),
  fc.record({ kind: fc.constant('tcp' as const), host: fc.oneof(host, fc.constant('')), port }),
  fc.record({ kind: fc.constant('unix' as const), path }),
);

/** Members of tail and trigger that may stand together: one of them is empty, or both describe one target's parts. */
const parts: fc.Arbitrary<Pick<Segment, 'tail' | 'trigger'>> = fc.oneof(
  fc.record({ tail: fc.array(member, { maxLength: 3 }) }),
  fc.record({ tail: fc.constant([]), trigger: fc.array(member, { maxLength: 3 }) }),
  fc.record({ tail: fc.array(member, { maxLength: 3 }), trigger: fc.constant([]) }),
  fc.record({ tail: fc.tuple(fc.record({ url: network(false) })), trigger: fc.tuple(fc.record({ container: name })) }),
);

const segment = (depth: number): fc.Arbitrary<Segment> => {
  const bare = fc
    .tuple(fc.record({ head, headOptions, tailOptions }), parts)
    .map(([own, both]): Segment => ({ ...own, ...both }));
  if (depth === 0) return bare;
  const next = segment(depth - 1);
  const link: fc.Arbitrary<Link> = fc.oneof(
    fc.record({ kind: fc.constantFrom('child', 'chain'), segment: next }),
    fc.record({ kind: fc.constantFrom('remote', 'tunnel', 'udptunnel'), peer, segment: next }),
  );
  return fc.oneof(
    bare,
    fc.tuple(bare, link).map(([own, joined]) => ({ ...own, link: joined })),
  );
};

const chain: fc.Arbitrary<Chain> = fc
  .tuple(segment(2), fc.dictionary(name, fc.constantFrom('', 'x', 'a=b')), fc.option(name))
  .map(([first, labels, id]) => ({ ...(id !== null && { id }), labels: { ...labels }, segment: first }));

describe('format', () => {
  test('gives words that parse to the same chain', () => {
    fc.assert(
      fc.property(
        chain.filter((one) => format(one).length > 0),
        (one) => {
          expect(parse(format(one))).toEqual(one);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('survives being pasted into a shell', () => {
    fc.assert(
      fc.property(
        chain.filter((one) => format(one).length > 0),
        (one) => {
          const words = format(one);
          const plain = words.filter((word) => !quote([word]).startsWith('$'));
          expect(splitWords(quote(plain))).toEqual(plain);
        },
      ),
    );
  });

  test('writes one order for every spelling', () => {
    const words =
      'max-conns 3 label k=v docker-ns app connect-timeout 1m30s tail url :1 url foo:2 id x docker-ns=db mode 600';
    expect(quote(format(parse(words.split(' '))))).toBe(
      'id x label k=v docker-ns app max-conns 3 mode 0600 tail url foo:2 docker-ns db connect-timeout 1m30s',
    );
  });
});

describe('redact', () => {
  const words = [
    'url',
    ':80',
    'docker-run',
    '-e A=geheim x',
    'trigger',
    'docker-run',
    '--env=B=geheim y',
    'remote',
    'p',
    'docker-run',
    '-deC=geheim z',
  ];

  test('shows no value of -e, in no segment and no place', () => {
    const shown = redact(parse(words));
    expect(shown.slice(0, 7)).toEqual([
      'url',
      ':80',
      'docker-run',
      "-e 'A=[redacted]' x",
      'trigger',
      'docker-run',
      "'--env=B=[redacted]' y",
    ]);
    expect(shown.slice(7)).toEqual(['remote', 'p', 'tail', 'docker-run', "'-deC=[redacted]' z"]);
  });

  // What ls and inspect show as the spec, inspect and explain as the plan, explain as its sentences, errors above the caret.
  test.each([
    '-e A=geheim x',
    '--env=A=b=geheim x',
    "--health-cmd 'ping --password geheim' x",
    '--mount dst=/x,volume-opt=o=password=geheim x',
    'x serve --password geheim',
    'x geheim',
  ])('A10: neither spec, plan, explanation nor caret has the secret of %s', (run) => {
    const given = ['url', ':80', 'trigger', 'docker-run', run, 'child', 'url', ':81', 'tail', `docker-run=${run}`];
    const chain = parse(given);
    const shown = [
      redact(chain),
      plan(redactChain(chain)),
      explain(plan(redactChain(chain))),
      ...given.map((word, index) => renderCaret(given, invalid('no', { word, index }))),
    ];
    expect(JSON.stringify(plan(chain))).toContain('geheim');
    expect(JSON.stringify(shown)).not.toContain('geheim');
    expect(JSON.stringify(shown)).toContain('[redacted]');
  });
});
