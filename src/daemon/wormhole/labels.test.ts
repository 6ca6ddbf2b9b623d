import { expect, test } from 'vitest';
import type { TargetPlan } from '../../spec/plan.ts';
import { targetLabel } from './labels.ts';

test('a target in a container is shown by the name that was given, or by the beginning of its id', () => {
  const at = (container: string): string =>
    targetLabel({
      protocol: 'tcp',
      namespace: { kind: 'container', container },
      host: '127.0.0.1',
      port: 80,
    } satisfies TargetPlan);
  expect(at('web')).toBe('web@127.0.0.1:80');
  expect(at('c0ffee'.padEnd(64, '0'))).toBe('c0ffee000000@127.0.0.1:80');
  expect(at('c0ffee0000001')).toBe('c0ffee0000001@127.0.0.1:80');
});
