/**
 * Aligned tables. On a terminal they fit its width; into a file or a pipe nothing is ever cut off.
 */
import { printable } from '../spec/invalid.ts';
import type { Sink } from './invocation.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** May be cut to make the table fit a terminal; others are never cut. */
  readonly elastic?: true;
}

export interface Row {
  readonly cells: readonly string[];
  /** Applied to a padded cell, by column index; must not change its visible width. */
  readonly paint?: (cell: string, column: number) => string;
  /** A line of its own beneath the row. */
  readonly note?: string;
}

const gap = '  ';
const narrowest = 8;
const mark = '…';

/** Renders rows under their titles, with a newline at the end of each line. */
export function table(columns: readonly Column[], rows: readonly Row[], sink: Sink): string {
  const grid = rows.map((row) => columns.map((_, index) => printable(row.cells[index] ?? '')));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...grid.map((cells) => width(cells[index] ?? ''))),
  );
  if (sink.isTTY === true && sink.columns !== undefined && sink.columns > 0) fit(columns, widths, sink.columns);

  const line = (cells: readonly string[], paint?: Row['paint']): string => {
    const parts = columns.map((column, index) => {
      const padded = pad(cut(cells[index] ?? '', widths[index] ?? 0), widths[index] ?? 0, column.align);
      return paint === undefined ? padded : paint(padded, index);
    });
    return `${parts.join(gap).trimEnd()}\n`;
  };
  const body = rows.map((row, index) => {
    const note = row.note === undefined || row.note === '' ? '' : `${gap}${printable(row.note)}\n`;
    return line(grid[index] ?? [], row.paint) + note;
  });
  return line(columns.map((column) => column.title)) + body.join('');
}

/** Takes from the widest elastic column until the line fits or no column can give any more. */
function fit(columns: readonly Column[], widths: number[], limit: number): void {
  const total = (): number => widths.reduce((sum, one) => sum + one, 0) + gap.length * (widths.length - 1);
  for (let excess = total() - limit; excess > 0; excess = total() - limit) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      if (column.elastic && (widths[index] ?? 0) > Math.max(narrowest, widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function width(text: string): number {
  return Array.from(text).length;
}

function cut(text: string, limit: number): string {
  const characters = Array.from(text);
  return characters.length <= limit ? text : characters.slice(0, limit - 1).join('') + mark;
}

function pad(text: string, size: number, align: Column['align']): string {
  const blanks = ' '.repeat(Math.max(0, size - width(text)));
  return align === 'right' ? blanks + text : text + blanks;
}
