/** Patterns with wildcards, for names and references: `*` any characters but a slash, `**` any at all, `?` one. */

/** Matches the whole of a text. */
export function glob(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*+|\?|[^*?]+/g, (part) => {
    if (part === '?') return '[^/]';
    if (part.startsWith('*')) return part === '*' ? '[^/]*' : '.*';
    return part.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source}$`, 's');
}
