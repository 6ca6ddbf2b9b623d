/**
 * The names a spec may hold, each with its one rule: containers, `ip netns` names, wormhole ids, labels.
 *
 * Each reader returns the name as written or throws; none looks whether the thing exists.
 */
import { invalid, isPrintable, show } from './invalid.ts';

/** Longest name of any kind in characters; a netns name is a file name. */
const NAME_LENGTH = 255;

/** Checks a container's name, id or id prefix. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseContainer(text: string): string {
  if (text.startsWith('/')) throw invalid(`container ${show(text)} starts with a slash; write it without`);
  // Docker wants two characters in a name; a single one can only be a prefix of an id.
  const named = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(text) || /^[0-9a-f]$/.test(text);
  if (!named || text.length > NAME_LENGTH) {
    throw invalid(`${show(text)} is not a container's name or id (letters, digits, "_", "." and "-")`);
  }
  return text;
}

/** Checks an `ip netns` name: one file name under /run/netns, never a path. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseNetnsName(text: string): string {
  if (!/^[!-~]+$/.test(text) || /[/@:]/.test(text) || /^\.+$/.test(text) || text.length > NAME_LENGTH) {
    throw invalid(
      `${show(text)} is not a namespace; write an "ip netns" name (no slash), "pid:N" or "container:NAME" before the @`,
    );
  }
  return text;
}

/** Checks an id given by the user. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseId(text: string): string {
  if (/^[a-z0-9][a-z0-9_.-]{0,62}$/i.test(text)) return text;
  throw invalid(`${show(text)} is not an id; use up to 63 letters, digits, "_", "." and "-", a letter or digit first`);
}

/** Reads `KEY=VALUE`; the value may be empty. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseLabel(text: string): { key: string; value: string } {
  const equals = text.indexOf('=');
  const key = text.slice(0, Math.max(equals, 0));
  const value = text.slice(equals + 1);
  if (!/^[a-z0-9][a-z0-9_./-]{0,62}$/i.test(key)) {
    throw invalid(`${show(text)} is not a label; write KEY=VALUE, the key of letters, digits, "_", ".", "/" and "-"`);
  }
  if (value.length > NAME_LENGTH || !isPrintable(value)) {
    throw invalid(
      `the value of label ${show(key)} is too long or not printable; use at most ${NAME_LENGTH} characters`,
    );
  }
  return { key, value };
}

/** What a daemon can be called: in HELLO, after `remote`, in a config file. */
export const peerNamePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/;

/** Checks what a daemon is to be called. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parsePeerName(text: string): string {
  if (peerNamePattern.test(text)) return text;
  throw invalid(
    `${show(text)} is not a name of a peer; use letters, digits, "-", "_" and ".", a letter or digit first`,
  );
}
