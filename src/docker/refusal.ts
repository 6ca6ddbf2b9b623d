/**
 * What the engine says when it answers but refuses: its own words, fit to be shown.
 *
 * It may repeat what it was given, and an environment is full of passwords; so the values are taken out here, and
 * with them the original error, whose text would end up in a log. An answer that is no refusal (no status) passes
 * as it is, for {@link unavailable}.
 */
import { type ErrorCode, WormholeError } from '../lib/errors.ts';
import { REDACTED } from '../spec/redact.ts';
import { statusOf } from './failure.ts';

/** Longest text of an engine that is repeated, characters. */
const longestWords = 600;
/** A shorter value is not a secret, and would blot out half of the text. */
const shortestSecret = 4;

/** How dockerode begins the text of a refusal. */
const prefix = /^\(HTTP code \d+\) [a-z ]+ - /;

/**
 * @param error what dockerode rejected with
 * @param text what could not be done; the engine's words follow it
 * @param env entries NAME=VALUE whose values must not be shown
 * @returns `error` itself when the engine did not answer
 */
export function refused(error: unknown, code: ErrorCode, text: string, env: readonly string[] = []): unknown {
  if (WormholeError.is(error) || statusOf(error) === 0) return error;
  const words = wordsOf(error);
  const shown = showable(words, env);
  return new WormholeError(code, `${text}: ${shown}`, shown === words ? { cause: error } : {});
}

/** The engine's own words in an error that dockerode made of an answer. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(prefix, '').trim() : String(error);
}

/** One line of printable text, not too long, without the values of these NAME=VALUE entries. */
export function showable(words: string, env: readonly string[] = []): string {
  const line = oneLine(secretsOf(env).reduce((text, secret) => text.replaceAll(secret, REDACTED), words));
  return line.length > longestWords ? `${line.slice(0, longestWords)}…` : line;
}

function secretsOf(env: readonly string[]): string[] {
  const values = env
    .map((entry) => entry.slice(entry.indexOf('=') + 1))
    .filter((value) => value.length >= shortestSecret);
  // As it is, trimmed, and as Go quotes it; the longest first, because one may contain another.
  const spellings = values.flatMap((value) => [value, value.trim(), JSON.stringify(value).slice(1, -1)]);
  return spellings.filter((value) => value.length >= shortestSecret).sort((a, b) => b.length - a.length);
}

function oneLine(text: string): string {
  return text.replace(/[\p{C}\s]+/gu, ' ').trim();
}

/** The environment of a container, as an inspection or a recipe has it. */
export function environmentOf(config: unknown): string[] {
  const env = typeof config === 'object' && config !== null ? (config as { Env?: unknown }).Env : undefined;
  return Array.isArray(env) ? env.filter((entry): entry is string => typeof entry === 'string') : [];
}
