/**
 * Who calls `docker-run`: a directory of its own with files in it, an environment, and the words as they leave.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { resolveWords } from '../../src/cli/docker-run/resolve.ts';
import { WormholeError } from '../../src/lib/errors.ts';
import { recipeOf } from '../../src/spec/recipe/recipe.ts';
import { splitWords } from '../../src/spec/shell.ts';

export class DockerRunCaller {
  #directory = '';

  /** One for all tests of the file. */
  static forFile(): DockerRunCaller {
    const caller = new DockerRunCaller();
    beforeAll(() => {
      caller.#directory = mkdtempSync(join(tmpdir(), 'wormhole-docker-run-'));
    });
    afterAll(() => rmSync(caller.#directory, { recursive: true }));
    return caller;
  }

  get directory(): string {
    return this.#directory;
  }

  /** @returns the name, as written relative to the directory */
  file(name: string, text: string | Uint8Array): string {
    writeFileSync(join(this.#directory, name), text);
    return name;
  }

  /** The words of the docker-run after what only the caller has was put in. */
  async resolve(argument: string, env: Record<string, string> = {}): Promise<string[]> {
    const caller = { env, workingDirectory: () => this.#directory, signal: new AbortController().signal };
    const words = await resolveWords(['url', ':80', 'trigger', 'docker-run', argument], caller);
    expect(words.slice(0, 4)).toEqual(['url', ':80', 'trigger', 'docker-run']);
    return splitWords(words[4] ?? '');
  }

  /** Its environment, as the engine would be told. */
  async envOf(argument: string, env?: Record<string, string>): Promise<unknown> {
    return recipeOf(await this.resolve(argument, env)).body['Env'];
  }

  /** Why it is refused; it must be. */
  async refusal(argument: string): Promise<WormholeError> {
    const error: unknown = await this.resolve(argument).catch((reason: unknown) => reason);
    if (!WormholeError.is(error)) throw new Error(`not refused: ${argument}`);
    expect(error.detail).toEqual({ word: 'docker-run', index: 3 });
    return error;
  }
}
