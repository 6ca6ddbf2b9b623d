/** Rule: the examples of docs/protocol.md are what the code says, byte by byte. */
import { hkdfSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeDatagram } from '../../src/carrier/datagram/frames.ts';
import { datagramSessionId, KeyChain } from '../../src/carrier/datagram/keys.ts';
import { headerBytes as packetHead, writeHeader as writePacketHead } from '../../src/carrier/datagram/packet.ts';
import { nodeAead } from '../../src/carrier/datagram/seal.ts';
import { expectYes } from '../../src/carrier/link/answer.ts';
import { parseHead } from '../../src/carrier/link/head.ts';
import { parseHello } from '../../src/carrier/link/hello.ts';
import { parseNotice } from '../../src/carrier/link/notice.ts';
import { Flag, FrameType, headerBytes, writeHeader } from '../../src/carrier/mux/frame.ts';
import { resumedRecord, resumeRecord } from '../../src/carrier/resume/greeting.ts';
import { proofOf, sessionIdOf } from '../../src/carrier/resume/proof.ts';
import { ackRecord, protocolVersion, RecordType, record } from '../../src/carrier/resume/record.ts';
import { agreeAsComing, agreeAsInviting } from '../../src/daemon/invited/agreement.ts';
import { type JsonSchema, loadSchemas } from '../../src/daemon/schema/schema.ts';
import { validate } from '../../src/daemon/schema/validate.ts';
import { readKeyFile } from '../../src/lib/key-file.ts';
import { pairOf } from '../../src/lib/x25519.ts';
import { read } from './tree.ts';

const page = read('docs/protocol.md');
/** All digits of the section, whatever lines and blanks they are written with. */
const digits = page.slice(page.indexOf('## Examples')).replaceAll(/\s+/g, '');
const of = (byte: number, count = 32): Buffer => Buffer.alloc(count, byte);

function pskOf(text: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'wormhole-protocol-'));
  try {
    const path = join(folder, 'key');
    writeFileSync(path, text, { mode: 0o600 });
    return readKeyFile(path).bytes();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function resumption(): Record<string, Buffer> {
  const secret = of(0x11);
  const exporter = of(0x22);
  const [asked, answered] = [of(0x33, 16), of(0x44, 16)];
  const one = { role: 'dialer', exporter, epoch: 3, nonces: [asked], received: 1000 } as const;
  const other = { role: 'acceptor', exporter, epoch: 3, nonces: [asked, answered], received: 2000 } as const;
  const sessionId = sessionIdOf(secret);
  return {
    session: sessionId,
    RESUME: resumeRecord({ ...one, sessionId, nonce: asked, proof: proofOf(secret, one) }),
    RESUMED: resumedRecord({ ...other, nonce: answered, proof: proofOf(secret, other) }),
  };
}

function datagrams(): Record<string, Buffer> {
  const secret = of(0x55);
  const id = datagramSessionId(secret);
  const chain = new KeyChain(secret, { sessionId: id, epoch: 1, sender: 'dialer' });
  const [first, second] = [chain.next(), chain.next()];
  const plain = Buffer.alloc(64);
  const length = writeDatagram(plain, 0, 5, Buffer.from('ping'));
  const head = Buffer.alloc(packetHead);
  writePacketHead(head, id, { epoch: 1, generation: 0, number: 1 });
  return {
    'datagrams, session': id,
    'datagrams, first key': first,
    'datagrams, second key': second,
    'datagrams, packet': Buffer.from(nodeAead.seal(first, 1, head, plain, length)),
  };
}

function invited(): Record<string, Buffer> {
  const [inviting, coming] = [pairOf(of(0x88)), pairOf(of(0x66))];
  const invitation = { identity: 'invited:0123456789abcdef', key: of(0x77).toString('base64') };
  const key = agreeAsComing(invitation, coming, inviting.publicKey) ?? '';
  const same = agreeAsInviting(invitation, inviting.privateKey.toString('base64'), coming.publicKey.toString('base64'));
  expect(same).toBe(key);
  return {
    'invited, p': inviting.publicKey,
    'invited, publicKey': coming.publicKey,
    'invited, key': Buffer.from(key, 'base64'),
  };
}

/** OPEN, and DATA with a ping and the first stream. */
function beginning(hello: string): Buffer {
  const message = Buffer.concat([Buffer.of(hello.length >> 8, hello.length & 0xff), Buffer.from(hello)]);
  const heads = Buffer.alloc(2 * headerBytes);
  writeHeader(heads, 0, FrameType.ping, Flag.syn, 0, 0);
  writeHeader(heads, headerBytes, FrameType.data, Flag.syn, 1, message.length);
  const open = record(RecordType.open, Buffer.of(protocolVersion));
  return Buffer.concat([open, record(RecordType.data, Buffer.concat([heads, message]))]);
}

/** The messages that the section shows, length and text. */
const messages = [...page.matchAll(/^([0-9a-f]{4}) (\{.*\})$/gm)].map(([, length = '', text = '']) => ({
  length,
  text,
}));
const shown = (part: string): string[] => messages.filter(({ text }) => text.includes(part)).map(({ text }) => text);
const bytes: Record<string, Uint8Array> = {
  psk: pskOf('correct horse battery staple, and some more\n'),
  OPEN: record(RecordType.open, Buffer.of(protocolVersion)),
  END: record(RecordType.end),
  ACK: ackRecord(1000),
  ...resumption(),
  ...datagrams(),
  ...invited(),
  wireguard: new Uint8Array(
    hkdfSync('sha256', Buffer.concat([of(0x99), of(0xaa)]), '', 'wormhole wireguard 0123456789abcdef', 32),
  ),
  'beginning of a link': beginning(shown('"insists":false')[0] ?? ''),
};

const { api } = loadSchemas();
const shapes: Record<string, JsonSchema | undefined> = {
  guests: api['GuestRequest'],
  halves: api['TunnelOffer'],
  invitations: api['InvitationKey'],
};
/** The calls that the section shows, with the schema of each. */
const calls = [...page.matchAll(/^POST (\/v1\/(\w+)\S*) HTTP.*\n(?:.+\n)*Content-Length: (\d+)\n\n(.*)$/gm)].map(
  ([, path = '', what = '', length = '', body = '']) => ({
    path,
    length,
    body,
    shape: shapes[what] ?? { const: 'none' },
  }),
);

describe('docs/protocol.md', () => {
  test.each(Object.keys(bytes))('has the bytes of %s', (name) => {
    expect(digits).toContain(Buffer.from(bytes[name] ?? []).toString('hex'));
  });

  test.each(messages)('shows a message with its length: $text', ({ length, text }) => {
    expect(Number.parseInt(length, 16)).toBe(Buffer.byteLength(text));
    const message = JSON.parse(text) as Record<string, unknown>;
    if ('hello' in message) parseHello(message);
    else if ('open' in message) parseHead(message);
    else if ('state' in message) parseNotice(message);
    else if (message['ok'] === true) expectYes(message);
    else if ('ok' in message) expect(() => expectYes(message)).toThrow('nothing called');
    else expect.unreachable('no message that anybody sends');
  });

  test.each(calls)('shows a call that is understood: $path', ({ shape, length, body }) => {
    expect(Number(length)).toBe(Buffer.byteLength(body));
    expect(validate(shape, JSON.parse(body))).toBeUndefined();
  });

  test('shows three calls', () => expect(calls).toHaveLength(3));

  test('shows a head of every kind', () => {
    const kinds = messages.flatMap(({ text }) => (JSON.parse(text) as { open?: string }).open ?? []);
    expect(new Set(kinds)).toEqual(new Set(['api', 'notices', 'quic', 'connection', 'datagrams']));
  });
});
