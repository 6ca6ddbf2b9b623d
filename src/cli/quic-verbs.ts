/** The verbs of the reverse tunnel, which run in the foreground and need no daemon; rows of the table in `verb-table.ts`. */
import type { VerbRow } from './verb-row.ts';

export const quicVerbs: readonly VerbRow[] = [
  {
    name: 'quic-server',
    operands: '',
    summary: 'serve a reverse tunnel: clients come by TCP, agents by QUIC',
    options: [
      {
        flags: '--listen-tcp <ADDR>',
        text: 'where clients come: [NAME=]HOST:PORT, with NAME for that agent alone; several with commas (default: 127.0.0.1:10443)',
      },
      { flags: '--listen-quic <ADDR>', text: 'where agents come, HOST:PORT or :PORT (default: :8888)' },
      { flags: '--cert-file <FILE>', text: "the server's certificate, PEM (required)" },
      { flags: '--cert-key <FILE>', text: 'its private key, PEM (required)' },
      { flags: '--client-ca-file <FILE>', text: "the CA of the agents' certificates, PEM (required)" },
      { flags: '--v <LEVEL>', text: 'how much is told, 0 to 4 as klog has it: from 2 on as with --verbose' },
    ],
    examples: ['wormhole quic-server --cert-file tls.crt --cert-key tls.key --client-ca-file ca.crt'],
    foreground: true,
    load: async () => (await import('./verbs/quic-server.ts')).quicServer,
  },
  {
    name: 'quic-agent',
    operands: '',
    summary: 'dial the server of a reverse tunnel, and connect its clients from here',
    options: [
      { flags: '--server <ADDR>', text: 'the server, HOST[:PORT] (default: localhost:8888)' },
      { flags: '--server-name <NAME>', text: "name in the server's certificate (default: quic-tunnel-server)" },
      { flags: '--ca-file <FILE>', text: "the CA of the server's certificate, PEM (required)" },
      { flags: '--cert-file <FILE>', text: "this agent's certificate, PEM; its common name is the agent's (required)" },
      { flags: '--cert-key <FILE>', text: 'its private key, PEM (required)' },
      { flags: '--upstream <ADDR>', text: 'lead every client to HOST:PORT (default: where its HTTP CONNECT says)' },
      { flags: '--allow <LIST>', text: 'connect to these alone: CIDR or HOST, with :PORT or without, commas between' },
      { flags: '--auth <FILE>', text: 'who may use HTTP CONNECT, USER:PASSWORD a line (default: everybody)' },
      { flags: '--once', text: 'end when there is no connection, instead of dialing again' },
      { flags: '--v <LEVEL>', text: 'how much is told, 0 to 4 as klog has it: from 2 on as with --verbose' },
    ],
    examples: [
      'wormhole quic-agent --server tunnel:8888 --ca-file ca.crt --cert-file client.crt --cert-key client.key --upstream db:5432',
    ],
    foreground: true,
    load: async () => (await import('./verbs/quic-agent.ts')).quicAgent,
  },
  {
    name: 'certs',
    operands: '<DIR> [NAME...]',
    summary: 'make certificates for a reverse tunnel: a CA, a server, a client; or further clients by NAME',
    options: [
      { flags: '--server-name <NAME>', text: "name in the server's certificate (default: quic-tunnel-server)" },
      { flags: '--days <N>', text: 'how long they are valid (default: 365)' },
    ],
    examples: ['wormhole certs dev/certs', 'wormhole certs dev/certs db-agent'],
    load: async () => (await import('./verbs/certs.ts')).certs,
  },
];
