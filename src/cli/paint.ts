/**
 * Colour, where it helps: on a terminal that wants it. See https://no-color.org.
 */
import type { WormholeState } from '../spec/api.ts';
import type { Sink, Surroundings } from './invocation.ts';

export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

const codes: Readonly<Record<Colour, string>> = { red: '31', green: '32', yellow: '33', dim: '2', bold: '1' };

export type Paint = (colour: Colour, text: string) => string;

/** A painter for `sink`; leaves text alone unless `sink` is a terminal and NO_COLOR is unset or empty. */
export function painter(sink: Sink, env: Surroundings['env']): Paint {
  const wanted = sink.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return (colour, text) => (wanted ? `\u001B[${codes[colour]}m${text}\u001B[0m` : text);
}

export const stateColours: Readonly<Record<WormholeState, Colour>> = {
  up: 'green',
  idle: 'green',
  starting: 'yellow',
  waiting: 'yellow',
  draining: 'dim',
  gone: 'red',
  failed: 'red',
};
