/**
 * The daemon's settings: one typebox schema, from which flags, environment names, the config file's keys, the
 * defaults and the help text come.
 *
 * Emitted into `src/spec/schemas.json` by `scripts/emit-schemas.ts`, the only importer; the daemon reads the JSON.
 * `flag` is the short option, `metavar` names the value in the help text. A key `state-dir` is the long option
 * `--state-dir`, the environment variable `WORMHOLE_STATE_DIR` and the same key in the file.
 */
import { Type } from 'typebox';

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
    'internal-ip': Type.Optional(
      Type.String({
        flag: 'I',
        metavar: 'IP',
        description: 'source address of tunnels; default: of the default route',
      }),
    ),
    'external-ip': Type.Optional(
      Type.String({ flag: 'E', metavar: 'IP', description: 'address announced to peers; default: the internal one' }),
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
      description: 'UDP ports of encapsulated tunnels',
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
  },
  { additionalProperties: false },
);
