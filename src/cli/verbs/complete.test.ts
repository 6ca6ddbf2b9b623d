/** Completion: what may stand in place of the last word, and that bash takes it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aWormhole, runCli } from '../../../test/support/cli-run.ts';
import type { Peer, Tunnel } from '../../spec/api.ts';
import { completionScripts } from '../completion-scripts.ts';
import { verbTable } from '../verb-table.ts';

const daemon = {
  tunnels: async () => ({
    tunnels: [
      { peer: 'db-host', peerAttach: 'shop' },
      { peer: 'db-host', peerAttach: '' },
    ] as Tunnel[],
  }),
  peers: async () => ({
    name: 'here',
    peers: [
      { name: 'db-host', state: 'up' },
      { name: 'invited:0123456789abcdef', state: 'invited', reason: 'until noon' },
    ] as Peer[],
  }),
  list: async () => ({ wormholes: [aWormhole(), aWormhole({ id: 'calm-yak' })] }),
  containers: async () => ({
    containers: [
      { id: '1', name: 'db', running: true },
      { id: '2', name: 'web', running: false },
    ],
  }),
};

async function complete(...words: string[]): Promise<string[]> {
  const { stdout } = await runCli(['__complete', '--', ...words], { daemon });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0] ?? '');
}

describe('__complete', () => {
  test('verbs, but no hidden one', async () => {
    expect(await complete('')).toEqual(verbTable.verbs.filter(({ hidden }) => !hidden).map(({ name }) => name));
    expect(await complete('-H', 'x', 'de')).toEqual(['delete']);
  });

  test('options, of the verb first', async () => {
    expect(await complete('delete', '--')).toEqual([
      '--now',
      '--ignore-missing',
      '--host',
      '--key-file',
      '--socket',
      '--json',
      '--verbose',
    ]);
    expect(await complete('--js')).toEqual(['--json']);
  });

  test('IDs, each once', async () => {
    expect(await complete('delete', '')).toEqual(['brave-otter', 'calm-yak']);
    expect(await complete('delete', 'brave-otter', '')).toEqual(['calm-yak']);
    expect(await complete('inspect', 'c')).toEqual(['calm-yak']);
    expect(await complete('inspect', 'calm-yak', '')).toEqual([]);
    expect(await complete('logs', '-f', 'b')).toEqual(['brave-otter']);
  });

  test('words of a spec, and containers and peers where one is meant', async () => {
    expect(await complete('create', 'ur')).toEqual(['url']);
    expect(await complete('create', '--json', 'url', ':1', 'docker-')).toEqual(['docker-ns', 'docker-run']);
    expect(await complete('create', 'docker-ns', '')).toEqual([
      'db',
      'web',
      'tail',
      'trigger',
      'child',
      'chain',
      'remote',
      'tunnel',
      'udptunnel',
    ]);
    expect(await complete('explain', 'url', ':1', 'docker-ns=')).toEqual(['docker-ns=db', 'docker-ns=web']);
    expect(await complete('create', 'url', ':1', 'balance', '')).toEqual(['rr', 'least-conn', 'first', 'random']);
    expect(await complete('create', 'docker-ns', 'url', 'tai')).toEqual(['tail']);
    expect(await complete('create', 'docker-ns', 'tail', 'url', '')).toEqual([]);
    expect(await complete('create', 'url', '--')).toEqual([]);
    expect(await complete('create', 'url', ':1', 'remote', '')).toEqual(['db-host']);
    expect(await complete('create', 'url', ':1', 'trigger', 'tunnel=')).toEqual(['tunnel=db-host']);
  });

  test('containers that the end of a tunnel may be in, here and, of its own tunnels, at a peer; and peers', async () => {
    expect(await complete('tunnel-create', '--attach', '')).toEqual(['db', 'web']);
    expect(await complete('wg-join', '--attach', 'w')).toEqual(['web']);
    expect(await complete('tunnel-create', '--peer-attach', '')).toEqual(['shop']);
    expect(await complete('tunnel-create', '--attach', 'db', '')).toEqual(['db-host']);
    expect(await complete('leave', '')).toEqual(['db-host']);
    expect(await complete('wg-up', '--withdraw', '')).toEqual(['invited:0123456789abcdef']);
  });

  test('commands to explain, shells, and files', async () => {
    expect(await complete('help', 'cr')).toEqual(['create']);
    expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await complete('-K', '')).toEqual([':files']);
    expect(await complete('-H', '')).toEqual([]);
  });

  test('files where a file or a directory is an operand or an argument, and nothing where a new name is', async () => {
    expect(await complete('compose', '')).toEqual([':files']);
    expect(await complete('compose', 'compose.yaml', '')).toEqual([]);
    expect(await complete('compose', '--run-dir', '')).toEqual([':files']);
    expect(await complete('wg-join', '')).toEqual([':files']);
    expect(await complete('certs', '')).toEqual([':files']);
    expect(await complete('certs', 'dev/certs', '')).toEqual([]);
  });

  test('what an option chooses from, and peers to forward through', async () => {
    expect(await complete('tunnel-create', '--type', '')).toEqual(['ipsec', 'wireguard', 'auto']);
    expect(await complete('forward', '-t', '')).toEqual(['db-host']);
    expect(await complete('join', '--as', '')).toEqual([]);
  });

  test('asks the daemon that the unfinished line names, with little patience', async () => {
    const { connects } = await runCli(['__complete', '--', '-H', 'db-host', 'delete', ''], { daemon });
    expect(connects).toMatchObject([{ address: 'db-host', timeoutMs: expect.any(Number) }]);
  });

  test('a daemon that is down, or a line that is wrong, gives nothing and no failure', async () => {
    for (const words of [
      ['delete', ''],
      ['-H', 'a', '--socket', 'b', 'delete', ''],
    ]) {
      const { code, stdout, stderr } = await runCli(['__complete', '--', ...words]);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
    }
  });
});

describe('completion', () => {
  test.each(Object.keys(completionScripts))('the script of %s asks __complete', async (shell) => {
    const { code, stdout } = await runCli(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toContain('__complete --');
  });

  test('bash joins what it has split, and keeps what it will keep', () => {
    const folder = mkdtempSync(join(tmpdir(), 'wormhole-bash-'));
    try {
      // Stands for the program: tells which words it was asked about, then answers like the real one.
      const fake = join(folder, 'wormhole');
      writeFileSync(
        fake,
        `#!/bin/sh\nprintf '<%s>' "$@" >${folder}/asked\nprintf 'docker-ns=db\\trunning\\ndocker-ns=dc\\n'\n`,
      );
      chmodSync(fake, 0o755);
      writeFileSync(join(folder, 'script'), completionScripts['bash'] ?? '');
      // As bash itself would split: COMP_WORDBREAKS has ":" and "=".
      const ask = `. ${folder}/script
COMP_LINE='${fake} create  url :3306 docker-ns=d'; COMP_POINT=\${#COMP_LINE}
COMP_WORDS=(${fake} create url : 3306 docker-ns = d); COMP_CWORD=7
_wormhole; cat ${folder}/asked; printf '\\n%s' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', ask], { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(stdout).toBe('<__complete><--><create><url><:3306><docker-ns=d>\ndb\ndc');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
