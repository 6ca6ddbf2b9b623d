import { expect, test } from 'vitest';
import { type Data, readDocument } from './document.ts';

const read = (text: string): Promise<Data> =>
  readDocument(text, { get: (name) => (name === 'TAG' ? '6' : undefined), onUnset: () => undefined });

test('anchors and merge keys are followed, values get their variables, keys do not', async () => {
  const text = 'x-a: &a {restart: always, $TAG: 1}\nservices:\n  web: {<<: *a, image: "web:$TAG", ports: [$TAG]}\n';
  expect((await read(text))['services']).toEqual({
    web: { restart: 'always', $TAG: 1, image: 'web:6', ports: ['6'] },
  });
});

test('a number that YAML 1.1 would take for minutes is a port', async () => {
  expect(await read('ports: [22:22, 080]')).toEqual({ ports: ['22:22', 80] });
});

test.each([
  ['a list', '- 1', 'it is no compose file'],
  ['nothing', '', 'it is no compose file'],
  ['a key twice', 'a: 1\na: 2', 'not valid YAML'],
  ['two documents', 'a: 1\n---\nb: 2', 'not valid YAML'],
  ['no YAML', 'a: [1', 'not valid YAML'],
  ['an alias of nothing', 'a: *b', 'not valid YAML|aliases'],
  ['depth', `${'a: {'.repeat(100)}${'}'.repeat(100)}`, 'nested too deeply'],
  ['absurd depth', '['.repeat(100_000), 'nested too deeply|not valid YAML'],
])('%s is refused', async (_what, text, message) => {
  await expect(read(text)).rejects.toMatchObject({
    code: 'WH_ERR_COMPOSE',
    message: expect.stringMatching(message) as string,
  });
});

test('A31: aliases that grow to more than memory holds are refused', async () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level++) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`);
  }
  await expect(read(lines.join('\n'))).rejects.toThrow('aliases cannot be followed');
});
