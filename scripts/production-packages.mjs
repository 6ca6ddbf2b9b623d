/**
 * Prints the folders of the packages that the programs need when they run, one per line, read from the lock file.
 *
 * Left out: what only development needs, and optional packages other than this platform's binaries (they would
 * have to be compiled, and install scripts are off).
 */
import { existsSync, readFileSync } from 'node:fs';

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
/** Copied along with the package that it lies in. */
const nested = (path, others) => others.some((other) => path.startsWith(`${other}/`));

const wanted = Object.entries(packages)
  .filter(([path, facts]) => path !== '' && !facts.dev && !facts.devOptional)
  .filter(([, facts]) => !facts.optional || facts.cpu !== undefined)
  .map(([path]) => path)
  .filter((path) => existsSync(path));

for (const path of wanted) if (!nested(path, wanted)) console.log(path);
