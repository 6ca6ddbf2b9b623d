/** One record of comma-separated values, RFC 4180 §2: the notation of `--mount`. */
import { invalid } from '../invalid.ts';

const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|$)/y;

/** Splits at commas outside of double quotes; `""` inside of them is one. @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function splitCsv(text: string): string[] {
  const fields: string[] = [];
  const field = new RegExp(FIELD);
  for (;;) {
    const match = field.exec(text);
    if (match === null) throw invalid('a quote stands inside of a field; put the whole KEY=VALUE in double quotes');
    const [, quoted, plain = '', end] = match;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '') return fields;
  }
}
