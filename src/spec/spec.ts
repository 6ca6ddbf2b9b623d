/**
 * The spec language, whole: words → chain → plan, and back to words for people.
 *
 * The one entry for the CLI and the daemon. Pure and quick to load: no I/O and no dependency.
 */

export { renderCaret } from './caret.ts';
export { explain } from './explain.ts';
export { format, redact } from './format.ts';
export { parse } from './parse.ts';
export { chainOfRest, plan, planOfRest } from './planner.ts';
export { redactChain } from './redact.ts';
export { quote } from './shell.ts';
