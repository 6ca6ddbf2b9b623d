/** Settings from the environment: `WORMHOLE_*`, one variable per option. */
import { WormholeError } from '../../lib/errors.ts';
import type { Option } from './options.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables of all options; a repeatable one holds its values separated by commas or blanks.
 *
 * @throws {WormholeError} WH_ERR_CONFIG when one is set but empty: an unset shell variable never means "default" here
 */
export function fromEnvironment(env: Environment, options: readonly Option[]): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {};
  for (const option of options) {
    const text = env[option.env];
    if (text === undefined) continue;
    const list = text.split(/[\s,]+/).filter((word) => word !== '');
    if (list.length === 0) {
      throw new WormholeError('WH_ERR_CONFIG', `${option.env} is set but empty; unset it or give it a value`);
    }
    values[option.key] = option.repeatable ? list : text;
  }
  return values;
}
