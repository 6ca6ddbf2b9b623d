/** F51 examples/open-connections.mjs, the program of `wormhole/client` that people copy. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../support/command.ts';
import { Belongings, Daemon } from '../support/daemon.ts';
import { start } from '../support/program.ts';

const program = join(import.meta.dirname, '../../examples/open-connections.mjs');

test('F51 the example of the client library tells connections until ^C, and what is wrong by its exit code', async () => {
  using of = new Belongings();
  await using daemon = await Daemon.start({ of });
  await daemon.create('id shop url :0 tail url :80');
  const env = { WORMHOLE_SOCKET: of.socket };
  const running = start(process.execPath, [program], { env });
  let over = false;
  void running.ended.then(() => (over = true));
  const told = /^(shop {2}up {2}tcp:\/\/127\.0\.0\.1:\d+ {2}0 open, 0 in all\n){2}/;
  await until('it has told twice', () => told.test(running.output.stdout), { alive: () => !over });
  running.child.kill('SIGINT');
  expect(await running.ended).toMatchObject({ code: 0, stderr: '' });

  await daemon.stop();
  const nobody = await start(process.execPath, [program], { env }).ended;
  expect(nobody).toMatchObject({ code: 69, stderr: expect.stringMatching(/\[WH_ERR_DAEMON_UNREACHABLE\]\n$/) });
});
