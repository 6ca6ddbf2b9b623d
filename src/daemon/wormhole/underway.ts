/** A part of a wormhole that may take its time, and tells meanwhile. */
import type { Pull } from '../../spec/api.ts';
import type { Status } from '../status.ts';

export interface Underway {
  /** Undefined when there is nothing to say. */
  readonly status: Status | undefined;
  /** How far an image is that is being pulled for it. */
  readonly pull: Pull | undefined;
}
