/**
 * The order in which test files begin: those that take minutes first, so that the last ones to run are short and no processor waits
 * for one of them. Of the others the longer text comes first, as vitest has it where it does not remember times.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const long = [
  'test/kernel/examples.test.ts',
  'test/kernel/examples-on-demand.test.ts',
  'test/kernel/kills.test.ts',
  'test/kernel/rekey.test.ts',
  'test/kernel/daemons.test.ts',
  'test/functional/examples.test.ts',
];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex((path) => moduleId.endsWith(`/${path}`));
      return at < 0 ? long.length : at;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
