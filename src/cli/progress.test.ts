import { expect, test } from 'vitest';
import type { Event } from '../spec/api.ts';
import { describe as line, Progress } from './progress.ts';

const event = (changes: Partial<Event>): Event => ({
  timeMs: 0,
  wormhole: 'shop',
  state: 'starting',
  reason: '',
  pull: null,
  ...changes,
});
const pull = { image: 'web', status: 'Downloading', layersDone: 1, layersTotal: 3, bytesDone: 1024, bytesTotal: 4096 };

test('a pull is a bar with its share and sizes', () => {
  expect(line(event({ pull }))).toBe('pulling web [######------------------]  25 % 1.0KiB of 4.0KiB');
});

test('a pull whose sizes are unknown yet is empty, more than all is full', () => {
  expect(line(event({ pull: { ...pull, bytesTotal: 0 } }))).toContain('[------------------------]   0 %');
  expect(line(event({ pull: { ...pull, bytesDone: 9999 } }))).toContain('[########################] 100 %');
});

test('what the engine says cannot steer the terminal', () => {
  expect(line(event({ pull: { ...pull, image: 'a\u001B[2J' } }))).not.toContain('\u001B');
  expect(line(event({ reason: 'b\u001B[2J' }))).not.toContain('\u001B');
});

test('is one line, written over, never wider than the terminal, and gone at the end', () => {
  const written: string[] = [];
  const sink = { write: (text: string) => void written.push(text), columns: 20 };
  {
    using progress = new Progress(sink);
    progress.show(event({}));
    progress.show(event({}));
    progress.show(event({ pull }));
  }
  expect(written).toEqual(['\r\u001B[Kstarting', '\r\u001B[Kpulling web [######', '\r\u001B[K']);
});
