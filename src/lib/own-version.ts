/**
 * The version of this program, from the package that it is part of.
 */
import { readFileSync } from 'node:fs';

/** As in package.json, two folders up from both `src/cli` and `dist/cli`. */
export function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
