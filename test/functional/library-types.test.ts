/** F51 The declarations of `wormhole/client` and `wormhole/forward`, and the programs in their documents, as a program meets them that has installed the package and nothing else. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../support/command.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
const files = ['main.ts'];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wormhole-library-'));
  // A copy: a link would lead back to the development dependencies of this tree.
  const installed = join(folder, 'node_modules/wormhole');
  mkdirSync(installed, { recursive: true });
  for (const part of ['package.json', 'dist']) cpSync(join(root, part), join(installed, part), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'main.ts'),
    `import { connect, WormholeError, type Wormhole } from 'wormhole/client';
     import { forward, type Forward, type ForwardEvent } from 'wormhole/forward';
     const told = (event: ForwardEvent): void => event.kind === 'closed' ? console.log(event.connection.bytesIn) : undefined;
     const ports: Forward = await forward({ target: 'db-host', connections: ['3306:db:3306'], onEvent: told });
     const listen: string | undefined = ports.status().mappings[0]?.listen;
     // @ts-expect-error a target is text
     await forward({ target: 9999 });
     await ports.close(listen?.length);
     const client = await connect({ timeoutMs: 5_000 });
     const made: Wormhole = await client.create(['url', ':3306']);
     const open: number = made.stats.connectionsOpen;
     // @ts-expect-error no state is called so
     const wrong: 'nonsense' = made.state;
     for await (const line of client.logs({ id: made.id })) console.log(line.msg, open, wrong, WormholeError.is(line));`,
  );
  for (const page of ['library', 'forward']) {
    const text = readFileSync(join(root, `docs/${page}.md`), 'utf8');
    for (const [i, [, block = '']] of [...text.matchAll(/```ts\n([\s\S]*?)```/g)].entries()) {
      const name = `${page}-${i}.ts`;
      writeFileSync(join(folder, name), block);
      files.push(name);
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['no types of Node', { lib: ['es2022', 'dom'] }],
  ['a bundler', { module: 'esnext', moduleResolution: 'bundler' }],
])('are complete without any other package, strictly checked, with %s', async (_, options) => {
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, types: [] };
  const compilerOptions = { module: 'nodenext', target: 'es2022', ...strict, ...options };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  expect(await command(process.execPath, [compiler, '-p', folder])).toBe('');
});
