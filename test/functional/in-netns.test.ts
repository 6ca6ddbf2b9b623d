/**
 * The box that every suite runs in: what a test makes is gone with it, however it ended.
 *
 *   this test's namespaces ── scripts/in-netns.sh ── a shell that names a namespace, keeps a file, and is killed
 */
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { start } from '../support/program.ts';

const box = resolve(import.meta.dirname, '../../scripts/in-netns.sh');

/** Everything of this test's own that a box could write to. */
const traces = () => ({
  namespaces: existsSync('/run/netns') ? readdirSync('/run/netns') : [],
  files: readdirSync(tmpdir()),
});

test('a run that is killed in the middle leaves no namespace and no file', async () => {
  const before = traces();
  const work = 'ip netns add left && touch "$TMPDIR/left" && ls /run/netns "$TMPDIR" && kill -KILL $$';
  const { signal, stdout } = await start(box, ['sh', '-c', work]).ended;
  expect(signal).toBe('SIGKILL');
  expect(stdout.match(/^left$/gm)).toHaveLength(2);
  expect(traces()).toEqual(before);
});

test('what runs inside has loopback alone, and is told where to keep its files', async () => {
  const work = 'echo "$TMPDIR"; ls "$TMPDIR"; grep -o "^ *[a-z0-9]*:" /proc/net/dev; ip route';
  const { code, stdout } = await start(box, ['sh', '-c', work], { env: { TMPDIR: '/nonexistent' } }).ended;
  expect({ code, words: stdout.split(/\s+/) }).toEqual({ code: 0, words: ['/dev/shm', 'lo:', ''] });
});
