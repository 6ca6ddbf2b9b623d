/** What is refused before anything is resolved. */
import { describe, expect, test } from 'vitest';
import { parse } from './parse.ts';
import { plan } from './planner.ts';
import { policyError } from './policy.ts';
import { judgePlan } from './policy-plan.ts';
import { defaultPolicy, type PolicyShape, parsePolicy } from './policy-shape.ts';

const own = { controlPorts: [9999], localAddresses: ['192.0.2.7', '172.17.0.1'] };
const verbs = defaultPolicy.verbs ?? [];

function judge(spec: string, shape: PolicyShape = defaultPolicy): string | undefined {
  const words = spec.replaceAll(/'([^']*)'/g, (_, inner: string) => inner.replaceAll(' ', '\0')).split(' ');
  const { segment } = plan(parse(words.map((word) => word.replaceAll('\0', ' '))));
  return judgePlan(segment, parsePolicy(shape, 'the policy'), own)?.rule;
}

describe('the default policy', () => {
  test.each([
    'url :3306 docker-ns db',
    'url 0.0.0.0:80 tail url 10.0.0.7:80',
    'url :80 trigger docker-run web',
    "url :80 trigger docker-run '-e A=b --memory 64m web serve' child url :3306 trigger docker-run mysql",
    'url :80 docker-ns web tail docker-ns db',
    'url :80 tail url db.example:80',
    'url udp://:53 tail url 10.0.0.7:53',
    'url :80 remote db-host docker-ns db',
    'url :80 remote db-host remote other docker-ns db',
    'url :80 tunnel db-host docker-ns db',
    'url :80 tail connect http',
    'url blue@:80 tail url pid:7@:80',
    'url :9999 docker-ns web tail url :80',
  ])('allows %s', (spec) => {
    expect(judge(spec)).toBeUndefined();
  });

  test.each([
    ['A7', 'url :80 tail connect auth /etc/shadow', 'host-file'],
    ['A6', 'url :80 tail url :9999', 'control-port'],
    ['A6', 'url :80 tail url 172.17.0.1:9999', 'control-port'],
    ['A6', 'url :80 docker-ns web tail url [::ffff:192.0.2.7]:9999', 'control-port'],
    ['A6', 'url :80 tail docker-ns web url 172.17.0.1:9999', 'control-port'],
    ['A6', 'url :80 tail url :81 also url :9999', 'control-port'],
    ['A6', 'url :80 trigger docker-run web url 172.17.0.1:9999', 'control-port'],
    ['A6', 'url :80 docker-ns web child url :81 tail url 172.17.0.1:9999', 'control-port'],
    ['A6', 'url 0.0.0.0:9999 tail url :80', 'control-port'],
    ['A6', 'url :80 remote 127.0.0.1 docker-ns db', 'control-port'],
    ['A6', 'url :80 remote :9999 docker-ns db', 'control-port'],
    ['A6', 'url :80 tunnel 192.0.2.7 docker-ns db', 'control-port'],
    ['A5', 'url :80 tail url unix:///var/run/docker.sock', 'host-unix'],
    ['A5', 'url :80 remote unix:///run/wormhole/wormhole.sock docker-ns db', 'host-unix'],
    ['A5', 'url unix:///run/docker.sock tail url :80', 'host-unix'],
    ['A17', 'url :80 tail url 169.254.169.254:80', 'metadata'],
    ['A17', 'url :80 tail url [64:ff9b::169.254.169.254]:80', 'metadata'],
    ['A17', 'url :80 tail docker-ns web url [fd00:ec2::254]:80', 'metadata'],
    ['A17', 'url :80 tail url [fe80::1%eth0]:80', 'metadata'],
    ['A17', 'url :80 tail url 224.0.0.1:80', 'multicast'],
    ['A17', 'url :80 remote 169.254.169.254 docker-ns db', 'metadata'],
    ['A27', "url :80 trigger docker-run '--privileged web'", 'run-flags'],
    ['A27', "url :80 trigger docker-run '-v /:/host web'", 'run-flags'],
    ['A27', "url :80 docker-run '--network host web' tail url :81", 'run-flags'],
    ['A27', "url :80 docker-ns web child url :81 trigger docker-run '--device /dev/sda db'", 'run-flags'],
    ['A27', "url :80 tail docker-run web also docker-run '--cap-add ALL web'", 'run-flags'],
  ])('%s denies %s', (_, spec, rule) => {
    expect(judge(spec)).toBe(rule);
  });
});

describe('a policy of its own', () => {
  test.each([
    ['url :80 tail url 10.0.0.7:80', ['dial']],
    ['url :80 tail url 10.0.0.7:80', ['listen']],
    ['url :80 docker-ns web', ['listen', 'dial']],
    ['url :80 docker-ns web tail url :80', ['listen', 'dial']],
    ['url :80 trigger docker-run web', ['listen', 'dial', 'docker-ns']],
    ['url :80 tunnel b docker-ns web', ['listen', 'dial']],
    ['url :80 remote b docker-ns web', ['listen']],
  ] satisfies Array<[string, PolicyShape['verbs']]>)('%s needs more verbs than %j', (spec, some) => {
    expect(judge(spec, { ...defaultPolicy, verbs: some })).toBe('verbs');
  });

  test('what runs on a peer is for that peer to judge', () => {
    const few = ['listen', 'dial'] as const;
    expect(judge("url :80 remote b docker-run '--privileged web'", { ...defaultPolicy, verbs: few })).toBeUndefined();
  });

  test('goes on to peers that it lists, and to addresses in its ranges', () => {
    const listen: PolicyShape = { verbs, listen: ['any'] };
    expect(judge('url :80 remote b docker-ns web', { ...listen, targets: [{ peer: 'b' }] })).toBeUndefined();
    expect(judge('url :80 remote bb docker-ns web', { ...listen, targets: [{ peer: 'b' }] })).toBe('targets');
    expect(judge('url :80 remote 10.0.0.7 docker-ns web', { ...listen, targets: [{ peer: 'b' }] })).toBe('targets');
    expect(judge('url :80 remote 10.0.0.7 docker-ns web', { ...listen, targets: [{ cidr: '10.0.0.0/8' }] })).toBe(
      undefined,
    );
    expect(judge('url :80 remote :9999 docker-ns web', { ...listen, targets: [{ peer: '**' }] })).toBe('control-port');
    expect(judge('url :80 tail url :81', { ...listen, targets: [{ peer: '**' }] })).toBe('targets');
  });

  test('names of containers wait for what they turn out to be, unless no rule is about containers', () => {
    const listen: PolicyShape = { verbs, listen: ['any'] };
    expect(judge('url :80 docker-ns 0a1b', { ...listen, targets: [{ container: 'db' }] })).toBeUndefined();
    expect(judge('url :80 docker-ns db', { ...listen, targets: [{ cidr: '0.0.0.0/0' }] })).toBe('targets');
    expect(
      judge('url :80 docker-ns db tail url :81', { verbs, listen: [{ cidr: '0.0.0.0/0' }], targets: ['any'] }),
    ).toBe('listen');
  });

  test('A17 a rule that opens a metadata service in a container is waited for', () => {
    const targets: PolicyShape['targets'] = [{ container: 'web', cidr: '169.254.169.254', ports: 80 }];
    const shape: PolicyShape = { verbs, listen: ['any'], targets };
    expect(judge('url :80 tail docker-ns web url 169.254.169.254:80', shape)).toBeUndefined();
    expect(judge('url :80 tail url 169.254.169.254:80', shape)).toBe('metadata');
  });

  test('a denial is an error that names policy and rule', () => {
    const policy = parsePolicy({}, 'the policy of peer web');
    const error = policyError(policy, { rule: 'verbs', reason: 'listening: its verbs do not include listen' });
    expect(error).toMatchObject({ code: 'WH_ERR_POLICY', detail: { rule: 'verbs' } });
    expect(error.message).toBe('the policy of peer web denies listening: its verbs do not include listen');
  });
});
