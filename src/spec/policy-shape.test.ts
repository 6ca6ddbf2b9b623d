import { describe, expect, test } from 'vitest';
import { defaultPolicy, type PolicyShape, parsePolicy } from './policy-shape.ts';

const refusal = (shape: PolicyShape): string => {
  try {
    parsePolicy(shape, 'x');
  } catch (error) {
    return (error as Error).message;
  }
  return 'not refused';
};

describe('a policy in the config file', () => {
  test('is read into what the checks take', () => {
    expect(parsePolicy({ verbs: ['dial'], targets: [{ cidr: '10.0.0.0/8', ports: ['1-2', 3] }] }, 'x')).toEqual({
      title: 'x',
      verbs: ['dial'],
      targets: [
        {
          range: { bytes: [10, 0, 0, 0], bits: 8 },
          ports: [
            { low: 1, high: 2 },
            { low: 3, high: 3 },
          ],
        },
      ],
      listen: [],
      images: [],
      runFlags: [],
    });
    expect(parsePolicy(defaultPolicy, 'x').targets).toEqual([{ any: true }]);
  });

  test.each([
    [{ targets: [{ ports: 80 }] }, 'targets[0]: the rule does not say where'],
    [{ targets: ['any', {}] }, 'targets[1]: the rule does not say where'],
    [{ targets: [{ cidr: '10.0.0.1/8' }] }, 'bits beyond its prefix'],
    [{ targets: [{ cidr: '10.0.0.1', ports: '0' }] }, 'is not a port or a range'],
    [{ targets: [{ cidr: '10.0.0.1', ports: '9-8' }] }, 'is not a port or a range'],
    [{ targets: [{ cidr: '10.0.0.1', ports: '1-2-3' }] }, 'is not a port or a range'],
    [{ targets: [{ cidr: '10.0.0.1', ports: 70_000 }] }, 'out of range'],
    [{ targets: [{ cidr: '10.0.0.1', ports: -1 }] }, 'is not a number'],
    [{ targets: [{ cidr: 'db' }] }, 'is not a range of addresses'],
    [{ targets: [{ container: '' }] }, 'a pattern is empty'],
    [{ targets: [{ label: 'tier' }] }, 'is not a label'],
    [{ targets: [{ unix: 'run/x' }] }, 'not absolute'],
    [{ targets: [{ unix: '/run/x', ports: 80 }] }, 'a unix socket has no address'],
    [{ targets: [{ netns: 'a', container: 'b' }] }, 'two places'],
    [{ targets: [{ peer: 'a', ports: 80 }] }, 'peer stands alone'],
    [{ listen: [{ cidr: '1' }] }, 'listen[0]: '],
    [{ images: ['a b'] }, 'images[0]: '],
    [{ 'run-flags': ['volumes'] }, 'run-flags[0]: "volumes" is not a flag of docker-run'],
    [{ 'run-flags': ['v'] }, 'is not a flag'],
    [{ 'run-flags': ['volume=/srv'] }, 'is not a flag'],
  ] satisfies Array<[PolicyShape, string]>)('%j is refused: %s', (shape, message) => {
    expect(refusal(shape)).toContain(message);
  });
});
