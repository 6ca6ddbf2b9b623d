/**
 * Pings: from the command line to a daemon, and through it to a peer.
 *
 *     wormhole ──socket or TCP──► wormholed :9999 ──TCP, the common key──► wormholed :6666
 */
import { describe, expect, test } from 'vitest';
import { Daemon } from '../support/daemon.ts';
import { portOf } from '../support/local.ts';
import { wormhole } from '../support/program.ts';
import { serve } from '../support/relay-targets.ts';
import { ownNamespace, sharedDaemon } from '../support/world.ts';

ownNamespace();
const daemon = sharedDaemon(() => ({ flags: ['-H', ':9999', '-H', 'unix://./socket'] }));
const float = /^\d+\.\d{6}\n$/;

describe('ping', () => {
  test('WF3: prints a float, over the socket and over TCP', async () => {
    const { socket, keyFile } = daemon().of;
    for (const words of [
      ['--socket', socket],
      ['-H', '127.0.0.1', '-K', keyFile],
      ['-H', 'localhost:9999', '-K', keyFile],
      ['-H', '[::1]', '-K', keyFile],
      ['-K', keyFile],
    ]) {
      const { code, stdout, stderr } = await wormhole([...words, 'ping']);
      expect({ words, code, stdout }).toEqual({ words, code: 0, stdout: expect.stringMatching(float) });
      expect(stderr).toMatch(/^path .*\nversion /);
    }
  });

  test('WF4: over a relative socket path, on both sides', async () => {
    const { code, stdout, stderr } = await wormhole(['-H', 'unix://./socket', 'ping'], { cwd: daemon().of.folder });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(float) });
    expect(stderr).toContain('path unix://');
  });

  test('WF5: through the daemon to a peer with the same key', async () => {
    await using peer = await Daemon.start({ key: daemon().of.key, flags: ['-H', ':6666'] });
    const { code, stdout, stderr } = await daemon().wormhole('ping', ':6666');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(float) });
    expect(stderr).toContain('-> :6666');
    const [mine, theirs, through] = await Promise.all([
      daemon().json<{ instance: string }>('ping'),
      peer.json<{ instance: string }>('ping'),
      daemon().json<{ instance: string; peerRttMs: number }>('ping', ':6666'),
    ]);
    expect(through).toMatchObject({ instance: theirs.instance, peerRttMs: expect.any(Number) as number });
    expect(theirs.instance).not.toBe(mine.instance);
  });

  test('WF5: a peer with another key is refused', async () => {
    await using _peer = await Daemon.start({ flags: ['-H', ':6666'] });
    const { code, stdout, stderr } = await daemon().wormhole('ping', ':6666');
    expect({ code, stdout }).toEqual({ code: 77, stdout: '' });
    expect(stderr).toContain('WH_ERR_PEER_AUTH');
  });

  test('a peer that is not there, one that does not speak, one that is not a daemon', async () => {
    const nobody = await daemon().wormhole('ping', ':6666');
    expect(nobody).toMatchObject({ code: 69, stdout: '' });
    expect(nobody.stderr).toContain('WH_ERR_PEER_UNREACHABLE');
    await using babbler = await serve(undefined, (socket) => socket.end('220 mail.example ESMTP\r\n'));
    const other = await daemon().wormhole('ping', `:${portOf(babbler)}`);
    expect(other.stdout).toBe('');
    expect([69, 76]).toContain(other.code);
  });
});
