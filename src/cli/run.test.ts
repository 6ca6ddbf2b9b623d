/** The whole command line in-process: what is understood, what is refused before connecting, how failures are told. */
import { describe, expect, test } from 'vitest';
import { aWormhole, runCli } from '../../test/support/cli-run.ts';
import { errorTable, WormholeError } from '../lib/errors.ts';
import type { Sink } from './invocation.ts';
import { verbTable } from './verb-table.ts';

describe('help', () => {
  test('the program alone prints help on stdout and succeeds', async () => {
    const { code, stdout, stderr, connects } = await runCli([]);
    expect({ code, stderr, connects }).toEqual({ code: 0, stderr: '', connects: [] });
    for (const { name, hidden } of verbTable.verbs)
      expect(stdout.includes(`\n  ${name} `) || stdout.includes(`\n  ${name}\n`)).toBe(!hidden);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test.each(verbTable.verbs.filter(({ hidden }) => !hidden).map(({ name }) => name))(
    'help of %s is the same in three spellings and has an example',
    async (name) => {
      const { code, stdout, connects } = await runCli(['help', name]);
      expect({ code, connects }).toEqual({ code: 0, connects: [] });
      expect(stdout).toMatch(/^Usage: wormhole /);
      expect(stdout).toMatch(/Examples?:\n {2}\S*.*wormhole/);
      // Its own options come first, and help is one of every command.
      expect(stdout).not.toMatch(/Options of every command:[^]*\nOptions:/);
      expect((await runCli([name, '--help'])).stdout).toBe(stdout);
      expect((await runCli([name, '-h'])).stdout).toBe(stdout);
    },
  );

  test('help of create fits a screen of 80 columns', async () => {
    const { stdout } = await runCli(['help', 'create']);
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(55);
  });

  test('the version of the program needs no daemon', async () => {
    const { code, stdout, connects } = await runCli(['--version']);
    expect({ code, connects }).toEqual({ code: 0, connects: [] });
    expect(stdout).toMatch(/^wormhole \d+\.\d+\.\d+\n$/);
  });
});

describe('quic-agent', () => {
  const files = ['--ca-file', '/nowhere', '--cert-file', '/nowhere', '--cert-key', '/nowhere'];

  test.each(['tunnel.example', 'tunnel.example:443', '[2001:db8::1]'])('takes %s for a server', async (server) => {
    const { code, stderr } = await runCli(['quic-agent', '--once', '--server', server, ...files]);
    expect([code, stderr]).toEqual([66, expect.stringContaining('cannot read /nowhere')]);
  });

  test.each([
    ['--server', ':8888', /--server takes HOST or HOST:PORT/],
    ['--upstream', 'db', /--upstream takes HOST:PORT/],
  ])('takes no %s %s', async (flag, value, words) => {
    const { code, stderr } = await runCli(['quic-agent', flag, value, ...files]);
    expect([code, stderr]).toEqual([64, expect.stringMatching(words)]);
  });
});

describe('wrong usage', () => {
  test.each([
    [['craete'], /unknown command 'craete'; did you mean create\?/],
    [['tunnel-create'], /missing required argument 'HOST'/],
    [['tunnel-create', ''], /HOST is empty/],
    [['tunnel-create', '--type', 'gre', 'db'], /--type is ipsec, wireguard, auto/],
    [['tunnel-create', '--attach', '', 'db'], /--attach is empty; is a shell variable unset\?/],
    [['wg-join', 'wormhole1.abc'], /a token is a secret/],
    [['wg-up', '--expires', 'soon'], /--expires/],
    [['wg-up', '--attach', ''], /--attach is empty/],
    [['wg-up', '--withdraw', ''], /--withdraw is empty/],
    [['wg-up', '--withdraw', 'invited:1', '--attach', 'db'], /takes no other option/],
    [['wg-up', '--demo', '--demo-port', '0'], /--demo-port is no port/],
    [['wg-up', '--demo', '--attach', 'db'], /has a container of its own/],
    [['wg-up', '--demo', '--demo-image', '--nonsense busybox'], /--demo-image: /],
    [['wg-join', '--demo', '--demo-image', '--name me busybox'], /leave --name out/],
    [['wg-join', '--demo-image', 'nginx'], /--demo-image is of use with --demo/],
    [['-H', 'elsewhere', 'wg-join', '--demo'], /--demo is for the daemon of this host/],
    [['tunnel-create', '--mtu', '1e3', 'db'], /--mtu is a number/],
    [['help', 'bogus'], /unknown command 'bogus'/],
    [['--json'], undefined],
    [['-v'], /a command is missing/],
    [['--bogus', 'ls'], /unknown option '--bogus'/],
    [['ls', '--jsno'], /unknown option '--jsno'; did you mean --json\?/],
    [['ls', 'extra'], /too many arguments/],
    [['create'], /missing required argument 'SPEC'/],
    [['explain'], /missing required argument 'SPEC'/],
    [['delete'], /missing required argument 'ID'/],
    [['inspect'], /missing required argument 'ID'/],
    [['ping', '--tunnel', 'a', 'b'], /--tunnel needs a HOST, and no more/],
    [['ping', ''], /HOST is empty/],
    [['ping', '--tunnel'], /--tunnel needs a HOST/],
    [['ping', '-x'], /unknown option '-x'/],
    [['-H'], /argument missing/],
    [['-H', '', 'ls'], /the argument of -H is empty/],
    [['-H', 'a', '--socket', '/s', 'ls'], /-H and --socket name two daemons/],
    [['delete', 'a', ''], /ID is empty; is a shell variable unset\?/],
    [['inspect', ''], /ID is empty/],
    [['join', ''], /HOST is empty/],
    [['leave', ''], /NAME is empty/],
    [['compose', 'compose.yaml', ''], /SERVICE is empty/],
    [['join', 'a:b:c'], /HOST: "a:b:c" has more than one port/],
    [['join', 'db', '--as', 'bad name'], /--as: "bad name" is not a name of a peer/],
    [['join', 'db', '--as', ''], /--as is empty/],
    [['ping', 'a:b:c'], /HOST: "a:b:c" has more than one port/],
    [['tunnel-create', 'http://db'], /HOST: address protocol "http" is not known/],
    [['tunnel-create', '--mtu', '10', 'db'], /--mtu goes from 576 to 65535/],
    [['wg-join', '--mtu', '70000'], /--mtu goes from 576 to 65535/],
    [['forward', '-t', 'db', '-c', '80', '--as', 'bad name'], /--as: "bad name" is not a name of a peer/],
    [['quic-server', '--listen-tcp', 'foo'], /--listen-tcp: "foo" has no port/],
    [['quic-server', '--listen-quic', '70000'], /--listen-quic: "70000" is a host name of digits only/],
    [['wg-up', '--endpoint', 'a b'], /--endpoint: "a b" is not a host name/],
    [['completion', 'tcsh'], /bash, zsh, fish/],
    [['completion', 'toString'], /bash, zsh, fish/],
  ])('%j ends with 64 before connecting', async (argv, message) => {
    const { code, stdout, stderr, connects } = await runCli(argv);
    expect({ code, connects }).toEqual({ code: 64, connects: [] });
    if (message === undefined) return expect(JSON.parse(stdout)).toMatchObject({ code: 'WH_ERR_USAGE' });
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^wormhole: wrong usage: .* \[WH_ERR_USAGE\]\n(Usage: wormhole \S+.*\n)?Try: wormhole help/);
  });

  test('a command line that was not understood may still ask for JSON', async () => {
    const { code, stdout, stderr } = await runCli(['bogus', '--json']);
    expect({ code, stderr }).toEqual({ code: 64, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ code: 'WH_ERR_USAGE', status: 400 });
  });
});

describe('failures', () => {
  test('a failure is one line on stderr and decides the exit code', async () => {
    const { code, stdout, stderr } = await runCli(['ls']);
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    expect(stderr).toBe(
      'wormhole: cannot reach the daemon: nothing listens on unix:///test.sock [WH_ERR_DAEMON_UNREACHABLE]\n',
    );
  });

  test('what is no token is told with the name of its file, before anybody is asked', async () => {
    const { code, stderr, connects } = await runCli(['wg-join', new URL('main.ts', import.meta.url).pathname]);
    expect({ code, connects }).toEqual({ code: 66, connects: [] });
    expect(stderr).toMatch(/main\.ts: that is no token of wormhole wg-up \[WH_ERR_FILE\]/);
  });

  test('causes are told with -v only', async () => {
    const { stderr } = await runCli(['-v', 'ls']);
    expect(stderr).toContain('  caused by Error: connect ECONNREFUSED\n');
  });

  test.each(['ping', 'ls', 'stats', 'logs', 'version', 'doctor', 'inspect x', 'delete x', 'create url :0 tail url :1'])(
    '%s --json is JSON also when the daemon is down',
    async (line) => {
      const [verb = '', ...rest] = line.split(' ');
      const { code, stdout, stderr } = await runCli([verb, '--json', ...rest]);
      expect({ code, stderr }).toEqual({ code: 69, stderr: '' });
      const document: unknown = JSON.parse(stdout);
      if (verb === 'doctor') expect(document).toHaveProperty('checks');
      else
        expect(document).toMatchObject({ code: 'WH_ERR_DAEMON_UNREACHABLE', status: 503, title: expect.any(String) });
    },
  );

  test.each(Object.keys(errorTable) as Array<keyof typeof errorTable>)(
    '%s ends with the exit code of the table',
    async (code) => {
      const list = async (): Promise<never> => {
        throw new WormholeError(code, 'a fact');
      };
      expect((await runCli(['ls'], { daemon: { list } })).code).toBe(errorTable[code].exit);
    },
  );

  test('an error that nobody expected keeps its text and ends with 70', async () => {
    const list = async (): Promise<never> => {
      throw new TypeError('x is not a function');
    };
    const { code, stderr } = await runCli(['ls'], { daemon: { list } });
    expect({ code, stderr }).toEqual({
      code: 70,
      stderr: 'wormhole: internal error: x is not a function [WH_ERR_INTERNAL]\n',
    });
  });

  test('control characters of a failure do not reach the terminal', async () => {
    const list = async (): Promise<never> => {
      throw new WormholeError('WH_ERR_DIAL', 'no \u001B]0;owned\u0007 answer');
    };
    const { stderr } = await runCli(['ls'], { daemon: { list } });
    // oxlint-disable-next-line no-control-regex -- looks for what must not be there
    expect(stderr).not.toMatch(/[\u001B\u0007]/);
    expect(stderr).toContain('owned');
  });
});

describe('ends', () => {
  const broken = (code: string): Sink => ({
    write: (_, done) => queueMicrotask(() => done(Object.assign(new Error(`write ${code}`), { code }))),
  });
  const list = async () => ({ wormholes: [aWormhole()] });

  test('a reader that has left ends the program quietly', async () => {
    const { code, stderr } = await runCli(['ls'], { daemon: { list }, stdout: broken('EPIPE') });
    expect({ code, stderr }).toEqual({ code: 141, stderr: '' });
  });

  test('output that cannot be written is a failure', async () => {
    const { code, stderr } = await runCli(['ls'], { daemon: { list }, stdout: broken('ENOSPC') });
    expect(code).toBe(74);
    expect(stderr).toBe('wormhole: cannot write the output: write ENOSPC\n');
  });

  test('an interrupt ends with 130 and no word', async () => {
    const controller = new AbortController();
    const interrupted = async (): Promise<never> => {
      controller.abort();
      throw new WormholeError('WH_ERR_ABORTED', 'operation aborted');
    };
    const { code, stderr } = await runCli(['ls'], { daemon: { list: interrupted }, signal: controller.signal });
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  });
});
