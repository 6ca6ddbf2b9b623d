/**
 * Writes what is started by its path (programs, threads, the holder of a tunnel's sockets) anew in dist/, each with all of
 * our modules that it loads at once: to find and read two hundred files takes a daemon longer than to run them.
 *
 * What is loaded only when it is needed is in files of its own beside them (`main.NAME.js`); packages stay in node_modules.
 * The modules themselves stay in dist/ as they were compiled, for `wormhole/client` and `wormhole/forward`. Prints what it wrote.
 */
import { rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';

const dist = resolve(import.meta.dirname, '../dist');

const entries = [
  'cli/main',
  'daemon/main',
  'daemon/carrier/worker',
  'proxy/thread/worker',
  'tunnel/encapsulation/holder',
];

// One by one: what two of them have in common would become files of its own.
for (const entry of entries) {
  const bundle = await rolldown({
    input: { [entry]: `${dist}/${entry}.js` },
    platform: 'node',
    external: /^[^./]/,
    plugins: [{ name: 'places', transform: (code, id) => placed(code, relative(dist, id), entry) }],
  });
  const { output } = await bundle.write({
    dir: dist,
    format: 'esm',
    chunkFileNames: `${entry}.[name].js`,
    comments: { legal: true, annotation: true, jsdoc: false },
  });
  await bundle.close();
  for (const { fileName } of output) console.log(`dist/${fileName}`);
  // That of the compiler's file.
  rmSync(`${dist}/${entry}.js.map`, { force: true });
}

/** What a module finds relative to itself it finds from the folder of the entry, where its code is now. */
function placed(code, path, entry) {
  const up = '../'.repeat(entry.split('/').length - 1);
  return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(`${up}${path}`)}, import.meta.url)`);
}
