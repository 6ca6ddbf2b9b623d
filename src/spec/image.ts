/**
 * Image references: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, or an image id.
 *
 * The grammar is the one of the OCI distribution project. It leaves no room for an option (`--privileged`), a
 * separator (`;`) or a blank, so that a reference can never be taken for anything else further down.
 */
import { invalid, show } from './invalid.ts';

const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?`;
const PATH_PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const NAME = `(?:${DOMAIN}/)?${PATH_PART}(?:/${PATH_PART})*`;
const TAG = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(?:(${NAME})(?::${TAG})?(?:@${DIGEST})?|sha256:[0-9a-f]{64})$`);

/** Longest name part in characters, and longest reference at all; the first is the distribution project's. */
const NAME_LENGTH = 255;
const REFERENCE_LENGTH = 1024;

/** Checks an image reference. @returns it as written @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function parseImage(text: string): string {
  const match = text.length > REFERENCE_LENGTH ? null : REFERENCE.exec(text);
  if (match === null || (match[1]?.length ?? 0) > NAME_LENGTH) {
    throw invalid(`${show(text)} is not an image; write NAME, NAME:TAG or HOST/NAME@sha256:…, the name in lower case`);
  }
  return text;
}
