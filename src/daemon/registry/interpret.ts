/** From the words of a spec to what can be carried out and what can be shown. */
import { WormholeError } from '../../lib/errors.ts';
import type { Plan } from '../../spec/plan.ts';
import { parse, plan, quote, redact, redactChain } from '../../spec/spec.ts';

export interface Interpreted {
  readonly plan: Plan;
  /** The same for people: secrets redacted. */
  readonly shown: { readonly spec: string; readonly plan: Plan };
}

/** @throws {WormholeError} WH_ERR_SPEC_INVALID, WH_ERR_SELF_PROXY; WH_ERR_UNSUPPORTED naming what is not carried out */
export function interpret(words: readonly string[]): Interpreted {
  const chain = parse(words);
  const whole = plan(chain);
  const { unsupported } = whole;
  if (unsupported.length > 0) {
    throw new WormholeError(
      'WH_ERR_UNSUPPORTED',
      `this version understands ${unsupported.join(', ')} but cannot carry ${unsupported.length > 1 ? 'them' : 'it'} out yet`,
      { detail: { words: unsupported.join(' ') } },
    );
  }
  return { plan: whole, shown: { spec: quote(redact(chain)), plan: plan(redactChain(chain)) } };
}
