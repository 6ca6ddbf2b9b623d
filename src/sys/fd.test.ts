import { closeSync, fstatSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { OwnedFd } from './fd.ts';

const open = (): OwnedFd => new OwnedFd(openSync('/dev/null', 'r'));

describe('OwnedFd', () => {
  test('disposing closes the descriptor', () => {
    const owned = open();
    const { fd } = owned;
    expect(fstatSync(fd).isCharacterDevice()).toBe(true);
    owned[Symbol.dispose]();
    expect(owned.open).toBe(false);
    expect(() => fstatSync(fd)).toThrow('EBADF');
  });

  test('disposing again spares the descriptor that has the number now', () => {
    const owned = open();
    const { fd } = owned;
    owned[Symbol.dispose]();
    using next = open();
    expect(next.fd).toBe(fd); // the lowest free number, open(2)
    owned[Symbol.dispose]();
    expect(fstatSync(fd).isCharacterDevice()).toBe(true);
  });

  test('the number cannot be borrowed after closing', () => {
    const owned = open();
    owned[Symbol.dispose]();
    expect(() => owned.fd).toThrow('after it was closed');
  });

  test('a released number is not closed any more, and not lent', () => {
    const owned = open();
    const fd = owned.release();
    owned[Symbol.dispose]();
    expect(fstatSync(fd).isCharacterDevice()).toBe(true);
    expect(() => owned.fd).toThrow('after it was closed');
    expect(owned.open).toBe(false);
    closeSync(fd);
  });

  test('it can be given away only once', () => {
    const owned = open();
    closeSync(owned.release());
    expect(() => owned.release()).toThrow('after it was closed');
  });

  test('leaving the block closes it, also by a throw', () => {
    let fd = -1;
    const fails = (): void => {
      using owned = open();
      fd = owned.fd;
      throw new Error('midway');
    };
    expect(fails).toThrow('midway');
    expect(() => fstatSync(fd)).toThrow('EBADF');
  });
});
