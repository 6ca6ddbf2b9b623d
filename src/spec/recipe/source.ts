/** What a mount can come from: a path of the host, or a volume by its name. */
import { invalid, show } from '../invalid.ts';

/** True for `.`, `..`, `~` and what is below them: paths that only the caller can resolve. */
export function isRelative(source: string): boolean {
  return /^(?:\.{1,2}|~[^/]*)(?:\/|$)/.test(source);
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function refuseRelative(source: string): void {
  if (!isRelative(source)) return;
  throw invalid(`${show(source)} is relative, and the daemon has no directory of yours; write an absolute path`);
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function checkVolumeName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return;
  const remedy = name.includes('/') ? 'a relative path begins with ./' : 'use letters, digits, "_", "." and "-"';
  throw invalid(`${show(name)} is not the name of a volume; ${remedy}`);
}
