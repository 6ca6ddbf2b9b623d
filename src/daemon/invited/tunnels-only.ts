/** The policy of invited hosts. */
import type { Policy } from '../../spec/policy.ts';

/** What an invited host may ask of this one. */
export const tunnelsOnly: Policy = {
  title: 'the invitation of this peer',
  verbs: ['tunnel'],
  targets: [],
  listen: [],
  images: [],
  runFlags: [],
};
