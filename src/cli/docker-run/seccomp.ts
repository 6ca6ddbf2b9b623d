/** A seccomp profile in a file, as one word: the engine takes the profile itself, not its file. */
import { invalid, show } from '../../spec/invalid.ts';

/** JSON without the blanks between its tokens. @param file how it is called in errors @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readSeccomp(text: string, file: string): string {
  try {
    JSON.parse(text);
  } catch {
    throw invalid(`--security-opt: ${show(file)} is not JSON; name a seccomp profile, or write seccomp=unconfined`);
  }
  // Not parsed and written again: that would round numbers and lose members that stand twice.
  const compact = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, literal: string | undefined) => literal ?? '');
  if (compact.startsWith('{')) return compact;
  throw invalid(`--security-opt: ${show(file)} is not a seccomp profile; it begins with "{"`);
}
