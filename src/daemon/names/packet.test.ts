import { type Answer, decode, encode, type Packet } from 'dns-packet';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeQuery, newQuery, type Query, readReply } from './packet.ts';

const query: Query = { id: 4711, name: 'db.example', type: 'A' };
const a = (name: string, data: string, ttl = 60): Answer => ({ type: 'A', name, data, ttl });
const cname = (name: string, data: string, ttl = 60): Answer => ({ type: 'CNAME', name, data, ttl });

function response(answers: Answer[], more: Partial<Packet> = {}): Buffer {
  const questions = [{ type: query.type, name: query.name }];
  return encode({ type: 'response', id: query.id, questions, answers, ...more });
}

describe('encodeQuery', () => {
  test('asks one recursive question', () => {
    const packet = decode(encodeQuery(query));
    expect(packet).toMatchObject({ id: 4711, flag_qr: false, flag_rd: true });
    expect(packet.questions).toEqual([{ name: 'db.example', type: 'A', class: 'IN' }]);
  });

  test('ids are not repeated', () => {
    expect(new Set(Array.from({ length: 50 }, () => newQuery('x', 'A').id)).size).toBeGreaterThan(40);
  });
});

describe('readReply', () => {
  test('gives the addresses and the shortest life', () => {
    const reply = readReply(response([a('DB.example', '10.0.0.1', 60), a('db.example', '10.0.0.2', 7)]), query);
    expect(reply).toEqual({ kind: 'addresses', addresses: ['10.0.0.1', '10.0.0.2'], ttl: 7 });
  });

  test('follows aliases in any order, and counts their life', () => {
    const records = [a('c.example', '10.0.0.3'), cname('b.example', 'c.example', 5), cname('db.example', 'B.example')];
    expect(readReply(response(records), query)).toEqual({ kind: 'addresses', addresses: ['10.0.0.3'], ttl: 5 });
  });

  test('aliases in a circle end', () => {
    const records = [cname('db.example', 'b.example'), cname('b.example', 'db.example')];
    expect(readReply(response(records), query)).toEqual({ kind: 'none', exists: true });
  });

  test('an address of a name that was not asked for is nobody’s answer', () => {
    const foreign: Answer[] = [a('evil.example', '6.6.6.6'), { type: 'AAAA', name: 'db.example', data: '::6', ttl: 1 }];
    expect(readReply(response(foreign), query)).toEqual({ kind: 'none', exists: true });
  });

  test('tells absence from failure from truncation', () => {
    expect(readReply(response([], { flags: 3 }), query)).toEqual({ kind: 'none', exists: false });
    expect(readReply(response([], { flags: 2 }), query)).toEqual({ kind: 'failed', reason: 'SERVFAIL' });
    expect(readReply(response([], { flags: 5 }), query)).toEqual({ kind: 'failed', reason: 'REFUSED' });
    expect(readReply(response([a('db.example', '10.0.0.1')], { flags: 512 }), query)).toEqual({ kind: 'truncated' });
  });

  test('does not believe another id, question, type, or a mere question', () => {
    const good = [a('db.example', '6.6.6.6')];
    const asked = (name: string, type: 'A' | 'AAAA'): Partial<Packet> => ({ questions: [{ name, type }] });
    for (const more of [
      { id: 4712 },
      { questions: [] },
      asked('other.example', 'A'),
      asked('db.example', 'AAAA'),
      { questions: [{ name: 'db.example', type: 'A' as const, class: 'CH' as const }] },
      { type: 'query' as const },
    ]) {
      expect(readReply(response(good, more), query)).toBeUndefined();
    }
  });

  test('survives malformed packets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        expect(readReply(Buffer.from(bytes), query)).toBeUndefined();
      }),
    );
  });

  test('survives an answer with bytes changed, and never gives what is no IPv4 address', () => {
    const good = response([cname('db.example', 'b.example'), a('b.example', '10.0.0.1'), a('b.example', '10.0.0.2')]);
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
    fc.assert(
      fc.property(changes, fc.nat(good.length), (edits, length) => {
        const bytes = Buffer.from(good.subarray(0, length));
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        const reply = readReply(bytes, query);
        if (reply?.kind === 'addresses') {
          for (const address of reply.addresses) expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
