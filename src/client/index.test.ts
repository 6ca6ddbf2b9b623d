/** The example of the package's documentation is a program that compiles. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

test('the @example of wormhole/client compiles against what is exported', () => {
  const source = readFileSync(join(root, 'src/client/index.ts'), 'utf8');
  const example = /```ts\n([\s\S]*?) \* ```/.exec(source)?.[1]?.replaceAll(/^ \* ?/gm, '') ?? '';
  expect(example).toContain("from 'wormhole/client'");
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'client-example-'));
  try {
    writeFileSync(join(dir, 'example.ts'), example);
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        paths: { 'wormhole/client': [join(root, 'src/client/index.ts')] },
        allowImportingTsExtensions: true,
      },
      include: ['example.ts'],
    };
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(config));
    const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', dir];
    expect(spawnSync(process.execPath, tsc, { encoding: 'utf8' })).toMatchObject({ stdout: '', status: 0 });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
