/** Which daemon is asked: option before variable before default. */
import { describe, expect, test } from 'vitest';
import { runCli } from '../../test/support/cli-run.ts';
import { whereabouts } from './whereabouts.ts';

const host = 'WORMHOLE_HOST';
const socket = 'WORMHOLE_SOCKET';
const key = 'WORMHOLE_KEY_FILE';

describe('whereabouts', () => {
  test.each([
    [{}, {}, {}],
    [{ host: 'a' }, { [host]: 'b', [socket]: '/s' }, { address: 'a' }],
    [{ socket: '/s' }, { [host]: 'b', [socket]: '/t' }, { socketPath: '/s' }],
    [{}, { [host]: 'b', [socket]: '/t' }, { address: 'b' }],
    [{}, { [socket]: '/t' }, { socketPath: '/t' }],
    [{}, { [host]: '', [socket]: '', [key]: '' }, {}],
    [{ host: 'a', keyFile: 'k' }, { [key]: 'l' }, { address: 'a', keyFile: 'k' }],
    [{ host: 'a' }, { [key]: 'l' }, { address: 'a', keyFile: 'l' }],
    [{ socket: '/s', keyFile: 'k' }, {}, { socketPath: '/s', keyFile: 'k' }],
    [{}, { [key]: 'l' }, { keyFile: 'l' }],
  ])('options %j and variables %j mean %j', (flags, env, expected) => {
    expect(whereabouts(flags, env)).toEqual(expected);
  });

  test('a key named on the command line is used, not ignored because a socket would need none', () => {
    expect(whereabouts({ keyFile: 'k' }, {})).toEqual({ address: '127.0.0.1', keyFile: 'k' });
  });

  test.each([{ host: '' }, { keyFile: '' }, { socket: '' }, { host: 'a', socket: '/s' }])('%j is refused', (flags) => {
    expect(() => whereabouts(flags, {})).toThrow(expect.objectContaining({ code: 'WH_ERR_USAGE' }));
  });

  test('every verb connects to where the command line says', async () => {
    for (const argv of [
      ['ping'],
      ['ls'],
      ['stats'],
      ['logs'],
      ['doctor'],
      ['version'],
      ['inspect', 'x'],
      ['delete', 'x'],
    ]) {
      const { connects } = await runCli(['-H', 'db-host', ...argv], { env: { [key]: '/k' } });
      expect(connects).toEqual([{ address: 'db-host', keyFile: '/k', signal: expect.any(AbortSignal) }]);
    }
  });
});
