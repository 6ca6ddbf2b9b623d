/** What no rule but an exact one opens, whatever the policy, the namespace and the spelling: as a property. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIp, parseIp } from './ip.ts';
import { checkDial } from './policy-dial.ts';
import type { NamespaceFacts } from './policy-place.ts';
import { defaultPolicy, parsePolicy, type RuleShape } from './policy-shape.ts';

const own = { controlPorts: [9999], localAddresses: ['127.0.0.1', '192.0.2.7', '172.17.0.1'] };

const namespaces: fc.Arbitrary<NamespaceFacts> = fc.oneof(
  fc.constant<NamespaceFacts>({ kind: 'host' }),
  fc.constantFrom('', 'blue').map((name): NamespaceFacts => ({ kind: 'other', name })),
  fc.record({
    kind: fc.constant('container' as const),
    name: fc.constantFrom('db', 'web'),
    labels: fc.constantFrom({}, { tier: 'db' }),
    hostNetwork: fc.boolean(),
    own: fc.boolean(),
  }),
);

/** Every rule but those that name one address with one port. */
const wideRules: fc.Arbitrary<'any' | RuleShape> = fc.oneof(
  fc.constant('any' as const),
  fc.constantFrom<RuleShape>(
    { cidr: '0.0.0.0/0' },
    { cidr: '::/0' },
    { cidr: '0.0.0.0/1', ports: '1-65535' },
    { cidr: '169.254.0.0/16', ports: 80 },
    { cidr: '169.254.169.254' },
    { cidr: '192.0.2.7', ports: [9999, 80] },
    { cidr: '172.17.0.1', ports: '9999-10000' },
    { container: '**' },
    { container: '**', cidr: '0.0.0.0/0' },
    { label: 'tier=*', cidr: '::/0' },
    { netns: '**', cidr: '0.0.0.0/0', ports: 9999 },
    { peer: '**' },
    { unix: '/run/docker.sock' },
  ),
);

/** How IPv6 can hold an IPv4 address. */
const disguises: ReadonlyArray<(v4: readonly number[]) => readonly number[]> = [
  (v4) => v4,
  (v4) => [...zeros(10), 255, 255, ...v4],
  (v4) => [...zeros(8), 255, 255, 0, 0, ...v4],
  (v4) => [0, 0x64, 0xff, 0x9b, ...zeros(8), ...v4],
  (v4) => [0, 0x64, 0xff, 0x9b, 0, 1, ...zeros(6), ...v4],
  (v4) => [0x20, 0x02, ...v4, ...zeros(9), 1],
  (v4) => [0x20, 0x01, 0, 0, ...zeros(8), ...v4.map((byte) => byte ^ 255)],
  (v4) => [0x20, 0x01, 0x0d, 0xb8, ...zeros(6), 0x5e, 0xfe, ...v4],
  (v4) => [0xfd, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x5e, 0xfe, ...v4],
];

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

const v4 = (text: string): readonly number[] => parseIp(text) ?? [];
const policies = fc
  .array(wideRules, { maxLength: 6 })
  .map((targets) => parsePolicy({ ...defaultPolicy, targets }, 'the policy'));
const disguise = fc.constantFrom(...disguises);
const metadata = fc.tuple(fc.nat(255), fc.nat(255)).map(([c, d]) => [169, 254, c, d]);

describe('the fence', () => {
  test('A17 no policy without an exact rule opens 169.254.0.0/16, in any disguise, port and namespace', () => {
    fc.assert(
      fc.property(
        metadata,
        disguise,
        fc.integer({ min: 1, max: 65_535 }),
        namespaces,
        policies,
        (bytes, as, port, namespace, policy) => {
          const spot = { protocol: 'tcp', host: formatIp(as(bytes)), port, namespace } as const;
          expect(checkDial(spot, policy, own)?.rule).toBe('metadata');
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('A6 nor the control port on an address of the machine, nor on the loopback of the host', () => {
    const local = fc.constantFrom('192.0.2.7', '172.17.0.1').map(v4);
    fc.assert(
      fc.property(local, disguise, namespaces, policies, (bytes, as, namespace, policy) => {
        const spot = { protocol: 'tcp', host: formatIp(as(bytes)), port: 9999, namespace } as const;
        expect(checkDial(spot, policy, own)?.rule).toBe('control-port');
      }),
      { numRuns: 2000 },
    );
    const loopback = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)).map((rest) => [127, ...rest]);
    const host = namespaces.filter(
      (facts) => facts.kind === 'host' || (facts.kind === 'container' && facts.hostNetwork),
    );
    fc.assert(
      fc.property(loopback, disguise, host, policies, (bytes, as, namespace, policy) => {
        const spot = { protocol: 'udp', host: formatIp(as(bytes)), port: 9999, namespace } as const;
        expect(checkDial(spot, policy, own)?.rule).toBe('control-port');
      }),
      { numRuns: 2000 },
    );
  });

  test('and a policy without rules opens nothing at all but the container that was started', () => {
    const address = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    const none = parsePolicy({ ...defaultPolicy, targets: [] }, 'the policy');
    fc.assert(
      fc.property(address, fc.integer({ min: 1, max: 65_535 }), namespaces, (bytes, port, namespace) => {
        fc.pre(!(namespace.kind === 'container' && namespace.own));
        const spot = { protocol: 'tcp', host: formatIp([...bytes]), port, namespace } as const;
        expect(checkDial(spot, none, own)).toBeDefined();
      }),
      { numRuns: 2000 },
    );
  });
});
