/** Arguments of docker-run as the engine is to get them. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { parse } from '../parse.ts';
import { runFlagNames, runFlags } from '../run-flags.ts';
import { splitWords } from '../shell.ts';
import { type ContainerRecipe, recipeOf } from './recipe.ts';

const recipe = (line: string): ContainerRecipe => recipeOf(splitWords(line));

describe('recipeOf', () => {
  test('an image alone needs nothing else', () => {
    expect(recipe('shop:2')).toEqual({
      image: 'shop:2',
      pull: 'missing',
      body: {
        Image: 'shop:2',
        HostConfig: { NetworkMode: 'default', RestartPolicy: { Name: 'no', MaximumRetryCount: 0 } },
      },
    });
  });

  test('the command is what stands behind the image, flags of its own included', () => {
    expect(recipe('--rm --name shop shop:2 serve -e x')).toMatchObject({
      name: 'shop',
      body: { Cmd: ['serve', '-e', 'x'], HostConfig: { AutoRemove: true } },
    });
  });

  test('name, platform and pull are no part of the body', () => {
    const { body, ...rest } = recipe('--name shop --name web --platform linux/arm64 --pull always img');
    expect(rest).toEqual({ image: 'img', name: 'web', platform: 'linux/arm64', pull: 'always' });
    expect(Object.keys(body)).toEqual(['Image', 'HostConfig']);
  });

  test('repeats no value of a variable, of the health command or of the command in an error', () => {
    for (const line of [
      '-e geheim img',
      '-e =geheim img',
      '-e "geheim " img',
      '-e A=geheim -m x img geheim',
      '--health-cmd geheim --no-healthcheck img geheim',
      '-m x img geheim',
      '-e PASSWORD=my Geheim! img',
      '--health-cmd test geheim! img',
      '--env-file geheim img',
      `--security-opt 'seccomp={geheim' img`,
      '--mount dst=/x,volume-opt=o=a,geheim=b img',
      '--mount dst=/x,volume-opt=o=a,p=geheim img',
    ]) {
      expect(() => recipe(line), line).toThrow(/^(?!.*geheim)/i);
    }
  });

  test('what is written in a few characters costs no more than that, until the container is made', () => {
    // A whole minute, where each port of a range and each option is copied once for every one before it.
    const pool = Array.from({ length: 1300 }, (_, i) => [...(i > 0 ? ['also'] : []), 'docker-run', '-p 1-16384 img']);
    expect(() => parse(['tail', ...pool.flat(), 'url', ':80'])).not.toThrow();
    const options = Array.from({ length: 6000 }, (_, i) => `volume-opt=o${i}=x`).join(',');
    expect(() => recipeOf(['--mount', `target=/x,${options}`, 'img'])).not.toThrow();
  });

  test('anything at all gives a recipe or one of our errors, and the recipe is JSON', () => {
    const flag = fc.constantFrom(...runFlagNames.flatMap((name) => [`--${name}`, `-${runFlags[name].short ?? 'd'}`]));
    const piece = fc.constantFrom(
      '/a',
      '/a:/b',
      ':',
      '=',
      ',',
      '-',
      '1',
      '80',
      'type=bind',
      'target=/x',
      'volume-opt=a=b',
      'seccomp={',
      '"',
      '__proto__',
      'constructor',
      '127.0.0.1',
      '::1',
      'on-failure',
      '0.5',
      'm',
      '~',
      '\u0000',
      '🙂',
      'A=b',
      'img',
    );
    const value = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    );
    const given = fc
      .tuple(flag, value, fc.constantFrom(' ', '=', ''))
      .map(([name, text, by]) => (by === ' ' ? [name, text] : [`${name}${by}${text}`]));
    const words = fc.tuple(fc.array(given, { maxLength: 5 }), fc.oneof(fc.constant('img'), value), fc.array(value));
    fc.assert(
      fc.property(words, ([flags, image, command]) => {
        try {
          const { body } = recipeOf([...flags.flat(), image, ...command]);
          expect(JSON.parse(JSON.stringify(body))).toEqual(body);
        } catch (error) {
          if (!WormholeError.is(error)) throw error;
          expect(error.code).toBe('WH_ERR_SPEC_INVALID');
        }
      }),
      { numRuns: 3000 },
    );
  });
});
