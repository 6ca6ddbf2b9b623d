/** Arguments of docker-run as the engine is to get them. */
import { describe, expect, test } from 'vitest';
import { splitWords } from '../shell.ts';
import { type ContainerRecipe, recipeOf } from './recipe.ts';

const recipe = (line: string): ContainerRecipe => recipeOf(splitWords(line));

describe('recipeOf', () => {
  test('an image alone needs nothing else', () => {
    expect(recipe('shop:2')).toMatchObject({
      image: 'shop:2',
      pull: 'missing',
      body: { Image: 'shop:2', HostConfig: { NetworkMode: 'default', AutoRemove: false } },
    });
    expect(recipe('shop:2').body).not.toHaveProperty('Cmd');
  });

  test('the command is what stands behind the image, flags of its own included', () => {
    expect(recipe('--rm --name shop shop:2 serve -e x')).toMatchObject({
      name: 'shop',
      body: { Cmd: ['serve', '-e', 'x'], HostConfig: { AutoRemove: true } },
    });
  });
});
