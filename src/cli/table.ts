/**
 * Aligned tables. On a terminal they fit its width: what is spare is left out, what does not fit beside stands beneath, and words
 * go on in the next line. Nothing is ever cut, and into a file or a pipe everything goes.
 */
import { printable } from '../spec/invalid.ts';
import type { Sink } from './invocation.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** Stands beneath its row where the terminal is too narrow, the last column first; not for the first column. */
  readonly elastic?: true;
  /** Left out where the terminal is too narrow, the highest number first: what other verbs tell as well. */
  readonly spare?: number;
}

export interface Row {
  readonly cells: readonly string[];
  /** Applied to a padded cell, by column index; must not change its visible width. */
  readonly paint?: (cell: string, column: number) => string;
  /** A line of its own beneath the row. */
  readonly note?: string;
}

interface Layout {
  /** Indexes of columns. */
  readonly beside: readonly number[];
  readonly beneath: readonly number[];
}

const gap = '  ';

/** Renders rows under their titles, with a newline at the end of each line. */
export function table(columns: readonly Column[], rows: readonly Row[], sink: Sink): string {
  const grid = rows.map((row) => columns.map((_, index) => printable(row.cells[index] ?? '')));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...grid.map((cells) => width(cells[index] ?? ''))),
  );
  // A terminal that does not know its width says 0.
  const limit = sink.isTTY === true ? sink.columns || Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY;
  const { beside, beneath } = fit(columns, widths, limit);

  const line = (cells: readonly string[], paint?: Row['paint']): string => {
    const parts = beside.map((index) => {
      const padded = pad(cells[index] ?? '', widths[index] ?? 0, columns[index]?.align);
      return paint === undefined ? padded : paint(padded, index);
    });
    return `${parts.join(gap).trimEnd()}\n`;
  };
  const body = rows.map((row, index) => {
    const cells = grid[index] ?? [];
    const more = beneath
      .filter((one) => cells[one] !== '')
      .map((one) => `${(columns[one]?.title ?? '').toLowerCase()} ${cells[one] ?? ''}`);
    const note = row.note === undefined || row.note === '' ? [] : [printable(row.note)];
    return line(cells, row.paint) + [...more, ...note].map((text) => wrap(text, limit)).join('');
  });
  return line(columns.map((column) => column.title)) + body.join('');
}

function fit(columns: readonly Column[], widths: readonly number[], limit: number): Layout {
  let beside = columns.map((_, index) => index);
  const beneath: number[] = [];
  const total = (): number =>
    beside.reduce((sum, index) => sum + (widths[index] ?? 0), 0) + gap.length * (beside.length - 1);
  while (total() > limit) {
    const spare = Math.max(0, ...beside.map((index) => columns[index]?.spare ?? 0));
    const last = beside.findLast((index) => index > 0 && columns[index]?.elastic);
    if (spare > 0) beside = beside.filter((index) => columns[index]?.spare !== spare);
    else if (last === undefined) break;
    else {
      beside = beside.filter((index) => index !== last);
      beneath.unshift(last);
    }
  }
  return { beside, beneath };
}

/** Lines of whole words: one that is too long for a line has its own. */
function wrap(text: string, limit: number): string {
  const lines: string[] = [];
  let line = gap;
  for (const word of text.split(' ')) {
    const longer = line.trim() === '' ? line + word : `${line} ${word}`;
    if (width(longer) <= limit || line.trim() === '') line = longer;
    else {
      lines.push(line);
      line = gap + gap + word;
    }
  }
  return [...lines, line].map((one) => `${one}\n`).join('');
}

function width(text: string): number {
  return Array.from(text).length;
}

function pad(text: string, size: number, align: Column['align']): string {
  const blanks = ' '.repeat(Math.max(0, size - width(text)));
  return align === 'right' ? blanks + text : text + blanks;
}
