/** What reaches out of a started container, in one sentence. */
import { expect, test } from 'vitest';
import { runSentence } from './explain-run.ts';
import { splitWords } from './shell.ts';
import { explain, parse, plan, redactChain } from './spec.ts';

const told = (line: string): string[] => runSentence({ words: splitWords(line) }, 'It');

test.each([
  ['-p 8080:80 img', 'It publishes its port 80/tcp at port 8080 of every address of the host.'],
  ['-p 127.0.0.1::53/udp img', 'It publishes its port 53/udp at a free port of 127.0.0.1.'],
  ['-p [::1]:8000-8001:80-81 img', 'It publishes its port 80-81/tcp at port 8000-8001 of [::1].'],
  ['-v /a:/b --mount dst=/c,volume-opt=o=geheim img', 'It has 2 mounts.'],
  ['--network host -p 80:80 img', 'It shares the network of the host.'],
  ['--net container:db -v x1:/x img', 'It shares the network of container db and has 1 mount.'],
  [
    '--privileged --restart always img',
    'It is privileged (root in it is root of the host) and is restarted by Docker itself (always).',
  ],
  ['--rm -e PW=geheim -w /geheim img --pw=geheim', 'It is removed when it ends.'],
])('%s', (line, sentence) => {
  expect(told(line)).toEqual([sentence]);
});

test.each(['img', '-e A=b img', '--network shop img', '--restart no --rm=false img', '-p nonsense img', ''])(
  'says nothing of what stays inside, or cannot be read: %j',
  (line) => {
    expect(told(line)).toEqual([]);
  },
);

test('explain says it behind the image, and of several by name', () => {
  const read = (...words: string[]): string => explain(plan(redactChain(parse(words)))).join('\n');
  expect(read('url', ':80', 'trigger', 'docker-run', `-v a1:/a --security-opt 'seccomp={}' shop`)).toContain(
    'starts a container from image shop; all that arrive meanwhile wait.\n   It has 1 mount.\n   Ready when',
  );
  const pool = read('url', ':80', 'tail', 'docker-run', '--rm a', 'also', 'docker-run', '-v a1:/a b');
  expect(pool).toContain('   That of a is removed when it ends.\n   That of b has 1 mount.\n');
  expect(read('docker-run', '--privileged app', 'tail', 'url', ':80', 'url', ':81')).toContain('It is privileged');
});
