/** Keeps a file of the state directory that cannot be used, for a person to look at. */
import { renameSync } from 'node:fs';

/** @returns where it lies now, PATH.corrupt-TIME @throws Node's SystemError */
export function setAside(path: string): string {
  const aside = `${path}.corrupt-${new Date().toISOString().replaceAll(/[:.]/g, '')}`;
  renameSync(path, aside);
  return aside;
}
