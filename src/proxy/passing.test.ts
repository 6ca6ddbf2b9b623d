import { describe, expect, test } from 'vitest';
import { Passing, passingBytes } from './passing.ts';

describe('connections that have come through peers', () => {
  test('are known in every thread by the whole address that they go on from, until they are forgotten', () => {
    const shared = new SharedArrayBuffer(passingBytes);
    const [here, there] = [new Passing(shared), new Passing(shared)];
    expect([there.any, there.hopsOf('127.0.0.1:40000')]).toEqual([false, 0]);
    here.note('127.0.0.1:40000', 3);
    here.note('[::1]:40001', 15);
    expect(there.any).toBe(true);
    expect([there.hopsOf('127.0.0.1:40000'), there.hopsOf('[::1]:40001')]).toEqual([3, 15]);
    expect([there.hopsOf('10.0.0.1:40000'), there.hopsOf('127.0.0.1:40002')]).toEqual([0, 0]);
    there.forget('10.0.0.1:40000');
    expect(here.hopsOf('127.0.0.1:40000')).toBe(3);
    there.forget('127.0.0.1:40000');
    expect(here.hopsOf('127.0.0.1:40000')).toBe(0);
  });

  test('go on through wormholes without a peer, whoever notes first', () => {
    const passing = new Passing(new SharedArrayBuffer(passingBytes));
    passing.continues('127.0.0.1:40000', '127.0.0.1:40001');
    passing.continues('127.0.0.1:40001', '127.0.0.1:40002');
    expect(passing.hopsOf('127.0.0.1:40002')).toBe(0);
    passing.note('127.0.0.1:40000', 3);
    expect(passing.hopsOf('127.0.0.1:40002')).toBe(3);
    // Another one has that port by now.
    passing.note('10.0.0.1:40000', 7);
    expect(passing.hopsOf('127.0.0.1:40002')).toBe(0);
    passing.continues('127.0.0.1:40002', '127.0.0.1:40001');
    passing.continues('127.0.0.1:40001', '127.0.0.1:40002');
    expect(passing.hopsOf('127.0.0.1:40002')).toBe(0);
  });

  test('without an address there is nothing to note', () => {
    const passing = new Passing(new SharedArrayBuffer(passingBytes));
    for (const from of ['', 'unix', '127.0.0.1:0', '127.0.0.1:65536', ':']) passing.note(from, 3);
    passing.note('127.0.0.1:1', 0);
    expect([passing.any, passing.hopsOf('')]).toEqual([false, 0]);
  });
});
