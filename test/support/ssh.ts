/** A host that is reached by SSH, with keys of its own: no account, key or configuration of the machine takes part. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './command.ts';
import type { Host } from './host.ts';
import { until } from './relay-wait.ts';

const server = '/usr/sbin/sshd';

/** Why there can be none here; it is not installed for tests, because that opens port 22 of the machine. */
export function missingSsh(): string | undefined {
  return existsSync(server) && existsSync('/usr/bin/ssh') ? undefined : 'needs OpenSSH’s server';
}

/** `ssh -L` from one host through another; its parts end with the hosts. @param forward `PORT:HOST:PORT` */
export async function forwardBySsh(from: Host, through: Host, forward: string): Promise<AsyncDisposable> {
  const room = mkdtempSync(join(tmpdir(), 'wormhole-ssh-'));
  for (const name of ['host', 'user']) {
    await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(room, name)]);
  }
  // Where it confines itself to; not there where it never ran.
  const made = mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const lines = [
    'Port 22',
    `HostKey ${room}/host`,
    'PidFile none',
    `AuthorizedKeysFile ${room}/user.pub`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
  ];
  writeFileSync(join(room, 'config'), `${lines.join('\n')}\n`);
  writeFileSync(join(room, 'known'), `${through.name} ${readFileSync(join(room, 'host.pub'), 'utf8')}`);
  const serving = through.start([server, '-D', '-e', '-f', join(room, 'config')]);
  await until('sshd listens', () => serving.output.stderr.includes('Server listening'));
  const own = ['-F', '/dev/null', '-i', join(room, 'user'), '-o', `UserKnownHostsFile=${room}/known`];
  const words = ['-v', '-N', ...own, '-o', 'ExitOnForwardFailure=yes', '-L', forward, `root@${through.name}`];
  const forwarding = from.start(['ssh', ...words]);
  await until('ssh forwards', () => forwarding.output.stderr.includes('Entering interactive session'));
  return {
    [Symbol.asyncDispose]: async () => {
      for (const { child } of [forwarding, serving]) child.kill();
      await Promise.all([forwarding.ended, serving.ended]);
      rmSync(room, { recursive: true });
      if (made !== undefined) rmdirSync(made);
    },
  };
}
