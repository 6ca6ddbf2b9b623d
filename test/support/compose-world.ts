/**
 * Compose files of tests, written into a directory of the test file's own and translated.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { Findings } from '../../src/cli/compose/findings.ts';
import { load } from '../../src/cli/compose/load.ts';
import type { Sentence } from '../../src/cli/compose/sentence.ts';
import { type TranslateOptions, translate } from '../../src/cli/compose/translate.ts';
import { readVolumeNames } from '../../src/cli/compose/volumes.ts';
import { quote } from '../../src/spec/spec.ts';

/** The directory of the test file that runs. */
export let folder = '';

/** To be called first by each test file: it has the directory for itself, and leaves nothing. */
export function useFolder(): void {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wh-compose-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
}

export interface Translated {
  /** Canonical lines without `id` and labels, which are always the same. */
  readonly lines: readonly string[];
  readonly sentences: readonly Sentence[];
  readonly notes: readonly string[];
}

export async function translated(
  text: string,
  options: Partial<TranslateOptions> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Translated> {
  const file = join(folder, 'compose.yaml');
  writeFileSync(file, text);
  const findings = new Findings();
  const { document, directory, get, readFile } = await load(file, env, findings);
  const named = readVolumeNames('shop', document['volumes'], findings);
  const sources = { project: 'shop', directory, home: '/home/u', named, readFile, get };
  const defaults = { sources, only: [], bind: '127.0.0.1', runDirectory: '/run/wormhole', idle: '15m' };
  const sentences = translate(document, { ...defaults, ...options }, findings);
  const lines = sentences.map(({ words }) => quote(words.slice(6)));
  for (const { service, id, words } of sentences) {
    const labels = ['label', 'compose.project=shop', 'label', `compose.service=${service}`];
    expect(words.slice(0, 6)).toEqual(['id', id, ...labels]);
  }
  return { lines, sentences, notes: findings.notes };
}

export const refusal = async (text: string): Promise<string> => {
  try {
    await translated(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'WH_ERR_COMPOSE' });
    return (error as Error).message;
  }
  throw new Error('it was translated');
};
