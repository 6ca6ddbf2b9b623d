import { describe, expect, test } from 'vitest';
import { admit, isFull, maxLinks } from './admission.ts';
import type { Hello } from './hello.ts';
import type { Link } from './link.ts';

const hello = (name: string, more: Partial<Hello> = {}): Hello => ({
  role: 'daemon',
  instance: '1'.repeat(16),
  host: '2'.repeat(16),
  name,
  insists: false,
  version: '1.0.0',
  timeMs: 0,
  resumeMs: 30_000,
  ...more,
});
const link = (identity: string, said?: Hello): Link =>
  ({ dialed: false, peer: { identity, address: '10.0.0.1:5' }, hello: said }) as unknown as Link;
const ground = {
  own: { instance: '9'.repeat(16), host: '8'.repeat(16) },
  ownerOf: () => undefined,
  full: false,
  all: [] as Link[],
};
const otherHost = { host: '3'.repeat(16) };

describe('admission', () => {
  test('A11 a process that meets itself is refused, whoever dialed', () => {
    for (const dialed of [true, false]) {
      const self = Object.assign(link('wormhole'), { dialed });
      expect(() => admit(self, hello('a', { instance: ground.own.instance }), ground)).toThrow(/very daemon/);
    }
  });

  test('a copy of oneself is refused, whoever dialed, with what to do about it; a program is no copy', () => {
    for (const dialed of [true, false]) {
      const copy = Object.assign(link('wormhole'), { dialed });
      const { host } = ground.own;
      expect(() => admit(copy, hello('a', { host }), ground)).toThrow(
        /a at 10.0.0.1:5 has the same id.*remove peer-id/,
      );
      expect(() => admit(copy, hello('a', { host, role: 'client' }), ground)).not.toThrow();
    }
  });

  test('a name that only one key may use is nobody else’s', () => {
    const owned = { ...ground, ownerOf: (name: string) => (name === 'db' ? 'db' : undefined) };
    expect(() => admit(link('wormhole'), hello('db'), owned)).toThrow(/another peer is called db/);
    expect(() => admit(link('db'), hello('db'), owned)).not.toThrow();
  });

  test('who insists on a name that is live is refused, the same daemon once more is not', () => {
    const all = [link('wormhole', hello('web'))];
    const insisting = hello('web', { insists: true });
    expect(() => admit(link('wormhole'), { ...insisting, ...otherHost }, { ...ground, all })).toThrow(/join --as/);
    expect(() => admit(link('wormhole'), insisting, { ...ground, all })).not.toThrow();
  });

  test('nobody keeps a name from others by another key, nor a program by anything', () => {
    const all = [link('evil', hello('web')), link('wormhole', hello('web', { role: 'client' }))];
    const insisting = hello('web', { insists: true, ...otherHost });
    expect(() => admit(link('wormhole'), insisting, { ...ground, all })).not.toThrow();
  });

  test('A22 where links of a key hold what they may, another one is told so, and those that this end dials are not', () => {
    const full = { ...ground, full: true };
    expect(() => admit(link('wormhole'), hello('a'), full)).toThrow(/hold as much memory here as they may/);
    expect(() => admit(Object.assign(link('wormhole'), { dialed: true }), hello('a'), full)).not.toThrow();
  });

  test('A22 one identity cannot have all the links there are', () => {
    const many = Array.from({ length: maxLinks.identity }, () => ({ link: link('evil') }));
    expect(isFull('evil', many)).toBe(true);
    expect(isFull('evil', many.slice(1))).toBe(false);
    expect(isFull('wormhole', many)).toBe(false);
    expect(
      isFull('wormhole', [...many, ...Array.from({ length: maxLinks.identity }, () => ({ link: link('mallory') }))]),
    ).toBe(true);
  });
});
