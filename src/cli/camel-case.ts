/**
 * Option spellings as property names, in commander's way.
 */

/** `--ignore-missing` as `ignoreMissing`. */
export function camelCase(flag: string): string {
  return flag.replace(/^-+/, '').replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
