/**
 * The daemon's settings: one typebox schema, from which flags, environment names, the config file's keys, the
 * defaults and the help text come.
 *
 * Emitted into `src/spec/schemas.json` by `scripts/emit-schemas.ts`, the only importer; the daemon reads the JSON.
 * `flag` is the short option, `metavar` names the value in the help text. A key `state-dir` is the long option
 * `--state-dir`, the environment variable `WORMHOLE_STATE_DIR` and the same key in the file. A key whose value is an
 * object is the file's alone.
 */
import { Type } from 'typebox';
import { verbs } from '../spec/policy.ts';
import { defaultPolicy } from '../spec/policy-shape.ts';

const text = Type.String({ minLength: 1, maxLength: 4096 });
const ports = Type.Union([Type.Integer(), Type.String({ minLength: 1, maxLength: 16 })]);

/** One place that a peer may dial or listen on; see `src/spec/policy.ts`. */
const Rule = Type.Object(
  {
    cidr: Type.Optional(text),
    ports: Type.Optional(Type.Union([...ports.anyOf, Type.Array(ports, { minItems: 1, maxItems: 256 })])),
    protocol: Type.Optional(Type.Union([Type.Literal('tcp'), Type.Literal('udp')])),
    container: Type.Optional(text),
    label: Type.Optional(text),
    netns: Type.Optional(text),
    unix: Type.Optional(text),
    peer: Type.Optional(text),
  },
  { additionalProperties: false },
);

const Rules = Type.Optional(Type.Array(Type.Union([Type.Literal('any'), Rule]), { maxItems: 4096 }));

const Policy = {
  verbs: Type.Optional(Type.Array(Type.Union(verbs.map((verb) => Type.Literal(verb))))),
  targets: Rules,
  listen: Rules,
  images: Type.Optional(Type.Array(text, { maxItems: 4096 })),
  'run-flags': Type.Optional(Type.Array(text, { maxItems: 256 })),
};

const Peer = Type.Object(
  {
    address: Type.Optional(Type.Union([text, Type.Array(text, { minItems: 1, maxItems: 16 })])),
    'key-file': Type.Optional(text),
    carrier: Type.Optional(Type.Union([Type.Literal('tls'), Type.Literal('quic')])),
    resume: Type.Optional(text),
    policy: Type.Optional(Type.Object(Policy, { additionalProperties: false })),
  },
  { additionalProperties: false },
);

const level = (name: string) => Type.Literal(name);

export const Config = Type.Object(
  {
    listen: Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), {
      flag: 'H',
      metavar: 'ADDR',
      minItems: 1,
      default: ['127.0.0.1:9999'],
      description: 'control address for peers, tcp://HOST:PORT or unix://PATH; repeatable, all are bound',
    }),
    'key-file': Type.String({
      flag: 'K',
      metavar: 'FILE',
      minLength: 1,
      default: '/etc/wormhole/key.secret',
      description: 'key shared with peers; made when missing, at the default path only',
    }),
    name: Type.Optional(
      Type.String({
        metavar: 'NAME',
        minLength: 1,
        description: 'name announced to peers; default: the host name',
      }),
    ),
    'internal-ip': Type.Optional(
      Type.String({
        flag: 'I',
        metavar: 'IP',
        description: 'source address of tunnels; default: that of the route to the peer',
      }),
    ),
    'external-ip': Type.Optional(
      Type.String({
        flag: 'E',
        metavar: 'IP',
        description:
          'address of tunnels that peers are told, behind a NAT with fixed ports; default: where they see it',
      }),
    ),
    cidr: Type.String({
      flag: 'C',
      metavar: 'CIDR',
      default: '100.65.0.0/14',
      description: 'overlay addresses of tunnels, the same on all hosts',
    }),
    ports: Type.String({
      flag: 'P',
      metavar: 'LO-HI',
      default: '4500-4599',
      description: 'UDP ports of tunnels: WireGuard, and IPsec in UDP',
    }),
    socket: Type.String({
      metavar: 'PATH',
      minLength: 1,
      default: '/run/wormhole/wormhole.sock',
      description: 'control socket of this machine: 0660, group wormhole',
    }),
    'state-dir': Type.String({
      metavar: 'DIR',
      minLength: 1,
      default: '/var/lib/wormhole',
      description: 'where wormholes are remembered: 0700',
    }),
    labels: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      metavar: 'IP',
      default: [],
      description: 'where labels of containers may declare wormholes: loopback or an address; none: nowhere',
    }),
    'log-level': Type.Union(
      [level('fatal'), level('error'), level('warn'), level('info'), level('debug'), level('trace')],
      { metavar: 'LEVEL', default: 'info', description: 'fatal, error, warn, info, debug or trace' },
    ),
    drain: Type.String({
      metavar: 'TIME',
      minLength: 1,
      default: '10s',
      description: 'how long living connections may go on after SIGTERM; a second signal ends them',
    }),
    peers: Type.Record(Type.String({ pattern: '^.*$' }), Peer, {
      additionalProperties: false,
      default: {},
      description: 'other daemons by name: address, key-file, carrier, resume, policy',
    }),
    policy: Type.Object(Policy, {
      additionalProperties: false,
      default: defaultPolicy,
      description: 'what holders of the common key may ask for, and peers without a policy of their own',
    }),
  },
  { additionalProperties: false },
);
