import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PullLines } from './progress.ts';
import { Throttle } from './throttle.ts';

function summed(...said: readonly object[]) {
  const lines = new PullLines('web');
  for (const one of said) lines.take(JSON.stringify(one));
  return lines;
}
const downloading = (id: string, current: number, total: number) => ({
  status: 'Downloading',
  progressDetail: { current, total },
  id,
});

describe('PullLines', () => {
  test('does not take the tag for a layer', () => {
    const { progress } = summed({ status: 'Pulling from lib/web', id: '1.2' }, { status: 'Digest: sha256:0' });
    expect(progress).toMatchObject({ layersTotal: 0, status: 'Digest: sha256:0' });
  });

  test('counts a layer whose size was never told, and one that was here', () => {
    const { progress } = summed(
      { status: 'Already exists', id: 'a' },
      { status: 'Pulling fs layer', id: 'b' },
      { status: 'Pull complete', id: 'b' },
    );
    expect(progress).toMatchObject({ layersDone: 2, layersTotal: 2, bytesDone: 0, bytesTotal: 0 });
  });

  test('a size that is not known, or is wrong, never makes more done than there is', () => {
    const { progress } = summed(downloading('a', 50, -1), downloading('b', 9, 5));
    expect(progress).toMatchObject({ bytesDone: 59, bytesTotal: 59 });
  });

  test('unpacking is not downloading again', () => {
    const { progress } = summed(downloading('a', 90, 90), {
      status: 'Extracting',
      progressDetail: { current: 1, total: 90 },
      id: 'a',
    });
    expect(progress).toMatchObject({ bytesDone: 90, bytesTotal: 90, layersDone: 0 });
  });

  test('keeps the reason of the end, also one without words', () => {
    expect(summed({ error: 'no' }, { status: 'x' }).error).toBe('no');
    expect(summed({ error: '' }).error).not.toBe('');
  });

  test('survives every line', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.json())), (all) => {
        const lines = new PullLines('web');
        for (const one of all) lines.take(one);
        const { layersDone, layersTotal, bytesDone, bytesTotal } = lines.progress;
        expect(layersDone <= layersTotal && bytesDone <= bytesTotal).toBe(true);
      }),
    );
  });

  test('a registry that invents layers does not fill the memory', () => {
    const lines = new PullLines('web');
    for (let i = 0; i < 5000; i++) lines.take(JSON.stringify({ status: 'Waiting', id: String(i) }));
    expect(lines.progress.layersTotal).toBe(1024);
  });
});

describe('Throttle', () => {
  test('passes on the first at once and the last always', () => {
    const seen: number[] = [];
    const throttle = new Throttle<number>(60_000, (value) => seen.push(value));
    for (let i = 1; i <= 9; i++) throttle.push(i);
    expect(seen).toEqual([1]);
    throttle[Symbol.dispose]();
    expect(seen).toEqual([1, 9]);
  });

  test('passes on what came meanwhile when the time is over, without another push', async () => {
    let resolve: (value: number) => void = () => undefined;
    const second = new Promise<number>((done) => void (resolve = done));
    using throttle = new Throttle<number>(1, (one) => one === 2 && resolve(one));
    throttle.push(1);
    throttle.push(2);
    expect(await second).toBe(2);
  });
});
