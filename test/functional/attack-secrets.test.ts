/**
 * A10: where secrets must not be, while everything happens that could put them there.
 *
 *     wormholed at its most talkative ──► arguments, environment, log, API: all read for the key and for passwords
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readKeyFile } from '../../src/lib/key-file.ts';
import { Belongings, Daemon } from '../support/daemon.ts';
import { ask, portOf } from '../support/local.ts';
import { program, start, wormhole } from '../support/program.ts';
import { echoServer } from '../support/relay-targets.ts';
import { ownNamespace } from '../support/world.ts';

ownNamespace();
const password = 'correct-horse-battery-staple';

/** Every spelling in which the key could show. */
function spellings(of: Belongings): string[] {
  const derived = Buffer.from(readKeyFile(of.keyFile).bytes());
  return [
    of.key,
    Buffer.from(of.key).toString('hex'),
    ...(['hex', 'base64', 'base64url'] as const).map((e) => derived.toString(e)),
  ];
}

const told = (pid: number | string): string =>
  ['cmdline', 'environ', 'comm', 'status'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1')).join('\n');

describe('A10: secrets', () => {
  test('the key is in no argument, environment, log or answer, at any log level', async () => {
    using of = new Belongings();
    await using daemon = await Daemon.start({ of, flags: ['--log-level', 'trace'] });
    await using peer = await Daemon.start({ key: of.key, flags: ['-H', ':6666', '--log-level', 'trace'] });
    await using echo = await echoServer();
    using stranger = new Belongings();
    const { port } = await daemon.create(`id one tail url :${portOf(echo)}`);
    await ask(port, 'x');
    let answers = '';
    const words = [
      'ls',
      'stats',
      'logs',
      'doctor',
      'version',
      'inspect one',
      'ping :6666',
      'ping :1',
      'delete one',
      'inspect x',
    ];
    for (const verb of words) {
      for (const form of [['-v'], ['--json']]) {
        const { stdout, stderr } = await daemon.wormhole(...form, ...verb.split(' '));
        answers += stdout + stderr;
      }
    }
    const over = await wormhole(['-v', '-H', '127.0.0.1', '-K', of.keyFile, 'ls']);
    const refused = await wormhole(['-v', '-H', '127.0.0.1', '-K', stranger.keyFile, 'ls']);
    answers += over.stdout + over.stderr + refused.stdout + refused.stderr;
    answers += JSON.stringify(await daemon.get('/v1/openapi.json')) + JSON.stringify(await daemon.get('/v1/health'));
    const printed = await start(program('wormholed'), ['-K', of.keyFile, '--print-config']).ended;
    expect(printed.stdout).toContain(of.keyFile);

    const everything = [told(daemon.pid), daemon.log, peer.log, answers, printed.stdout + printed.stderr].join('\n');
    expect(everything.length).toBeGreaterThan(10_000);
    for (const spelling of [...spellings(of), ...spellings(stranger)]) expect(everything).not.toContain(spelling);
    expect(
      readdirSync(`/proc/${daemon.pid}/task`)
        .map((task) => readFileSync(`/proc/${daemon.pid}/task/${task}/children`, 'utf8'))
        .join(''),
    ).toBe('');
  });

  test('a password in a spec is shown to nobody: not explained, not logged, not in an error', async () => {
    await using daemon = await Daemon.start({ flags: ['--log-level', 'trace'] });
    const run =
      `docker-run=-e PASSWORD=${password} --env=TOKEN=${password} --health-cmd 'ping -p${password}' ` +
      `--mount src=nfs,dst=/x,volume-opt=o=password=${password} shop serve --password ${password}`;
    const explained = await wormhole(['explain', 'url', ':80', 'trigger', run]);
    const asJson = await wormhole(['--json', 'explain', 'url', ':80', 'trigger', run]);
    expect([explained.code, asJson.code]).toEqual([0, 0]);
    expect(asJson.stdout).toContain('[redacted]');
    let all = explained.stdout + asJson.stdout;
    for (const spec of [
      ['id', 'trig', 'url', ':80', 'trigger', run],
      ['url', ':80', 'trigger', `docker-run=-e PASSWORD=${password} --frobnicate shop`],
      ['url', ':80', 'trigger', run, 'trigger', 'trigger'],
      ['url', ':80', 'tail', run],
      ['url', ':80', 'tail', `docker-run=-e ${password} shop`],
      ['url', ':80', 'tail', `docker-run=-e PASSWORD=my ${password}! shop`],
      ['url', ':80', 'tail', `docker-run=--rm --restart always -e A=${password} shop ${password}`],
      ['url', ':80', 'tail', `docker-run=--mount dst=/x,volume-opt=o=a,password=${password} shop`],
    ]) {
      for (const form of [['-v'], ['--json']]) {
        const { code, stdout, stderr } = await daemon.wormhole(...form, 'create', ...spec);
        // The first is made, once: there is no engine yet when nothing is to be started yet.
        expect([0, 65, 69, 73]).toContain(code);
        all += stdout + stderr;
      }
    }
    for (const verb of [['ls'], ['inspect', 'trig'], ['--json', 'inspect', 'trig']]) {
      const { code, stdout, stderr } = await daemon.wormhole(...verb);
      expect(code).toBe(0);
      all += stdout + stderr;
    }
    all += (await daemon.wormhole('logs')).stdout + daemon.log;
    expect(all).not.toContain(password);
  });

  test('what is relayed is in no log', async () => {
    await using daemon = await Daemon.start({ flags: ['--log-level', 'trace'] });
    await using echo = await echoServer();
    const { port } = await daemon.create(`id one tail url :${portOf(echo)}`);
    expect(await ask(port, password)).toBe(password);
    await daemon.logged('connection closed');
    expect(daemon.log + (await daemon.wormhole('logs')).stdout).not.toContain(password);
  });
});
