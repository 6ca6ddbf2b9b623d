import type { Answer, Question } from 'dns-packet';
import { describe, expect, test } from 'vitest';
import { DnsServer } from '../../../test/support/dns-server.ts';
import { lookup } from './lookup.ts';
import type { ResolverSettings } from './resolv-conf.ts';

const base: ResolverSettings = {
  servers: ['127.0.0.1'],
  search: [],
  ndots: 1,
  timeoutMs: 100,
  attempts: 2,
  tcp: false,
};
const { signal } = new AbortController();
const noSuchName = { flags: 3 };

/** Answers from a table: name → addresses. */
function zone(table: Record<string, string[]>) {
  return ({ name, type }: Question): Answer[] | typeof noSuchName => {
    const addresses = table[name];
    if (addresses === undefined) return noSuchName;
    const fitting = addresses.filter((one) => one.includes(':') === (type === 'AAAA'));
    return fitting.map((data) => ({ type: type as 'A' | 'AAAA', name, data, ttl: 9 }));
  };
}

describe('lookup', () => {
  test('asks for both families at once', async () => {
    await using server = await DnsServer.start(zone({ db: ['10.0.0.1', 'fd00::1'] }));
    expect(await lookup('db', base, undefined, signal, server.port)).toEqual({
      addresses: ['10.0.0.1', 'fd00::1'],
      ttl: 9,
      reason: '',
    });
    expect(server.asked.sort()).toEqual(['A db udp', 'AAAA db udp']);
  });

  test('goes through the search list', async () => {
    await using server = await DnsServer.start(zone({ 'db.corp': ['10.0.0.2'] }));
    const settings = { ...base, search: ['lan', 'corp'] };
    expect((await lookup('db', settings, undefined, signal, server.port)).addresses).toEqual(['10.0.0.2']);
    expect(server.asked.map((line) => line.split(' ')[1])).toEqual(['db.lan', 'db.lan', 'db.corp', 'db.corp']);
  });

  test('IPv6 alone is an answer', async () => {
    await using server = await DnsServer.start(zone({ db: ['fd00::1'] }));
    expect((await lookup('db', base, undefined, signal, server.port)).addresses).toEqual(['fd00::1']);
  });

  test('a server that never answers for AAAA does not keep the IPv4 address back', async () => {
    await using server = await DnsServer.start((question) =>
      question.type === 'A' ? [{ type: 'A', name: question.name, data: '10.0.0.1', ttl: 1 }] : undefined,
    );
    const patient = { ...base, timeoutMs: 2 ** 30 };
    expect((await lookup('db', patient, undefined, signal, server.port)).addresses).toEqual(['10.0.0.1']);
  });

  test('a truncated answer is asked for again over TCP', async () => {
    await using server = await DnsServer.start(({ name, type }, via) => {
      if (via === 'udp') return { flags: 512 };
      if (type !== 'A') return [];
      return Array.from({ length: 200 }, (_, i) => ({ type: 'A' as const, name, data: `10.0.1.${i}`, ttl: 1 }));
    });
    expect((await lookup('db', base, undefined, signal, server.port)).addresses).toHaveLength(200);
  });

  test('use-vc asks over TCP only', async () => {
    await using server = await DnsServer.start(zone({ db: ['10.0.0.1'] }));
    await lookup('db', { ...base, tcp: true }, undefined, signal, server.port);
    expect(server.asked.sort()).toEqual(['A db tcp', 'AAAA db tcp']);
  });

  test('the next server is asked when one refuses or is not there', async () => {
    await using server = await DnsServer.start(zone({ db: ['10.0.0.1'] }));
    const servers = ['127.0.0.2', '255.255.255.255', '127.0.0.1'];
    expect((await lookup('db', { ...base, servers }, undefined, signal, server.port)).addresses).toEqual(['10.0.0.1']);
  });

  test('says why there is no address', async () => {
    const reasonFor = async (answering: Parameters<typeof DnsServer.start>[0], name = 'db'): Promise<string> => {
      await using server = await DnsServer.start(answering);
      return (await lookup(name, base, undefined, signal, server.port)).reason;
    };
    expect(await reasonFor(() => noSuchName)).toBe('no such name');
    expect(await reasonFor(() => [])).toBe('the name has no address');
    expect(await reasonFor(() => ({ flags: 2 }))).toBe('SERVFAIL');
    expect(await reasonFor(() => undefined)).toBe('no answer');
    expect(await reasonFor(() => [], 'a..b')).toBe('it is no valid DNS name');
  });

  test('silence ends the search, after all rounds', async () => {
    await using server = await DnsServer.start(() => undefined);
    await lookup('db', { ...base, search: ['a', 'b', 'c'] }, undefined, signal, server.port);
    expect(server.asked.sort()).toEqual(['A db.a udp', 'A db.a udp', 'AAAA db.a udp', 'AAAA db.a udp']);
  });

  test('is given up with its signal', async () => {
    await using server = await DnsServer.start(() => undefined);
    const stop = new AbortController();
    const asking = lookup('db', { ...base, timeoutMs: 2 ** 30 }, undefined, stop.signal, server.port);
    stop.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
  });
});
