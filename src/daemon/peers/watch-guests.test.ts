/** Guests as their owners are told of them, and who is told on which link. */
import { describe, expect, test } from 'vitest';
import type { Notice } from '../../carrier/link/notice.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import type { Event } from '../../spec/api.ts';
import type { ToStreams } from '../carrier/streams.ts';
import { Events } from '../events.ts';
import { Notices, type NoticesOptions } from './notices.ts';
import type { Owner } from './owner.ts';
import { watchGuests } from './watch-guests.ts';

const host = 'a'.repeat(16);
const owner: Owner = { host, identity: commonIdentity, name: 'a', link: 1 };
const key = (guest: string, whose = host): string => `${guest}~${whose}`;
const event = (wormhole: string, state: Event['state'], reason = ''): Event => ({
  timeMs: 0,
  wormhole,
  state,
  reason,
  pull: null,
});

describe('an owner', () => {
  const ownerOf = (id: string): Owner | undefined => (id.endsWith(`~${host}`) ? owner : undefined);

  test('is told how its guests are, and then each change once', () => {
    const events = new Events();
    const told: Notice[] = [];
    const now = () => [
      event(key('x.0'), 'up'),
      event('mine', 'failed', 'secret'),
      event(key('y.0', 'b'.repeat(16)), 'up'),
    ];
    using _watched = watchGuests({ ownerOf }, events, now)(owner, (notice) => told.push(notice));
    expect(told.splice(0)).toEqual([{ guest: 'x.0', state: 'up', reason: '' }]);
    for (const state of ['up', 'starting', 'starting', 'deleted'] as const) events.emit(event(key('x.0'), state));
    events.emit(event('mine', 'failed', 'secret'));
    expect(told.map(({ state }) => state)).toEqual(['starting', 'deleted']);
  });

  test('is told how far a pull for it is', () => {
    const events = new Events();
    const told: Notice[] = [];
    using _watched = watchGuests({ ownerOf }, events, () => [])(owner, (notice) => told.push(notice));
    const pull = { image: 'shop', status: '', layersDone: 0, layersTotal: 1, bytesDone: 5, bytesTotal: 9 };
    events.emit({ ...event(key('x.0'), 'starting', 'pulling shop, 55 %'), pull });
    expect(told).toEqual([{ guest: 'x.0', state: 'starting', reason: 'pulling shop, 55 %', pull }]);
  });

  test('A11 who says that it is that host, and has proved another key, is told nothing', () => {
    const events = new Events();
    const told: Notice[] = [];
    const now = () => [event(key('x.0'), 'up')];
    const tell = (notice: Notice): void => void told.push(notice);
    using _watched = watchGuests({ ownerOf }, events, now)({ host, identity: 'mallory' }, tell);
    events.emit(event(key('x.0'), 'failed'));
    expect(told).toEqual([]);
  });
});

describe('notices', () => {
  const world = () => {
    const posted: ToStreams[] = [];
    const watched: string[] = [];
    const notices = new Notices({
      post: (message) => posted.push(message),
      watch: (whose, tell) => {
        watched.push(whose.host);
        tell({ guest: 'x.0', state: 'up', reason: '' });
        return { [Symbol.dispose]: () => void watched.splice(watched.indexOf(whose.host), 1) };
      },
      log: { debug: () => undefined } as unknown as NoticesOptions['log'],
    });
    return { posted, watched, notices };
  };

  test('are asked for with the first guest of a link, and no longer with the last', () => {
    const { posted, notices } = world();
    const heard: string[] = [];
    const one = notices.follow(1, 'x.0', ({ state }) => heard.push(`x ${state}`));
    const other = notices.follow(1, 'y.0', ({ state }) => heard.push(`y ${state}`));
    expect(posted).toEqual([{ type: 'listen', link: 1, wanted: true }]);
    const told = { guest: 'x.0', state: 'failed', reason: '' } as const;
    notices.hear({ type: 'heard', link: 1, notices: [told, { ...told, guest: 'z.0' }] });
    // A guest of another peer is none of this one's.
    notices.hear({ type: 'heard', link: 2, notices: [told] });
    expect(heard).toEqual(['x failed']);
    one[Symbol.dispose]();
    other[Symbol.dispose]();
    expect(posted.at(-1)).toEqual({ type: 'listen', link: 1, wanted: false });
  });

  test('a guest that ended while nothing could be heard is told of as deleted, unless it was asked for since', () => {
    const { notices } = world();
    const heard: string[] = [];
    const follow = (guest: string) => notices.follow(1, guest, ({ state }) => heard.push(`${guest} ${state}`));
    for (const guest of ['x.0', 'y.0', 'z.0']) follow(guest);
    notices.hear({ type: 'asked', link: 1 });
    notices.hear({ type: 'heard', link: 1, notices: [{ guest: 'x.0', state: 'up', reason: '' }] });
    follow('z.0');
    follow('new.0');
    for (let i = 0; i < 2; i += 1) notices.hear({ type: 'all-told', link: 1 });
    expect(heard).toEqual(['x.0 up', 'y.0 deleted']);
  });

  test('are told on the link on which they were asked for, as long as somebody listens', () => {
    const { posted, watched, notices } = world();
    for (let i = 0; i < 2; i += 1) notices.hear({ ...owner, type: 'watch', link: 3 });
    expect(watched).toEqual([host]);
    expect(posted.slice(0, 2)).toEqual([
      { type: 'tell', link: 3, notice: { guest: 'x.0', state: 'up', reason: '' } },
      { type: 'all-told', link: 3 },
    ]);
    notices.hear({ type: 'unwatch', link: 3 });
    expect(watched).toEqual([]);
  });
});
