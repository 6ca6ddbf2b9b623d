/** A namespace with a guard of overlay addresses, and `nft`, which is the oracle: it prints what we have written. */
import { execFileSync } from 'node:child_process';
import { Guard } from '../../src/tunnel/guard.ts';
import { NetworkStack } from '../../src/tunnel/stack.ts';
import { Netns } from './netns.ts';

export function nft(room: Netns, ...words: string[]): string {
  return execFileSync('nsenter', [`--net=${room.path}`, 'nft', ...words], { encoding: 'utf8' });
}

/** What is missing for it on this machine; said. */
export function guardLacks(): string | undefined {
  const missing = missingPart();
  if (missing !== undefined) console.log(`skipped: ${missing}`);
  return missing;
}

function missingPart(): string | undefined {
  const missing = Netns.missing();
  if (missing !== undefined) return missing;
  using room = Netns.create();
  try {
    nft(room, 'add', 'table', 'ip', 'probe');
    return undefined;
  } catch {
    return 'the program `nft`, or nf_tables in the kernel, is not there';
  }
}
export function guardWorld(): { room: Netns; stack: NetworkStack; guard: Guard } & Disposable {
  const room = Netns.create();
  const stack = new NetworkStack(room.namespace);
  return {
    room,
    stack,
    guard: new Guard(stack),
    [Symbol.dispose]() {
      stack[Symbol.dispose]();
      room[Symbol.dispose]();
    },
  };
}
