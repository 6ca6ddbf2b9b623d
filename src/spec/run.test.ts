/** Arguments of docker-run: taken apart, refused, redacted. */
import { describe, expect, test } from 'vitest';
import { redactRun } from './redact.ts';
import { readRun } from './run.ts';
import { splitWords } from './shell.ts';

const read = (line: string): ReturnType<typeof readRun> => readRun(splitWords(line));

describe('readRun', () => {
  test('separates flags, image and command', () => {
    const { flags, image, command } = read('-e A=b --name=db -dit -p 80:80 --rm mysql:8 mysqld -e x');
    expect(flags.map(({ name, value }) => [name, value])).toEqual([
      ['env', 'A=b'],
      ['name', 'db'],
      ['detach', ''],
      ['interactive', ''],
      ['tty', ''],
      ['publish', '80:80'],
      ['rm', ''],
    ]);
    expect(image).toBe('mysql:8');
    expect(command).toEqual(['mysqld', '-e', 'x']);
  });

  test('reads a switch that is told whether it is on, by its letter as by its name', () => {
    const { flags } = read('-it=false -d=true --init=false x');
    expect(flags.map(({ name, value }) => [name, value])).toEqual([
      ['interactive', ''],
      ['tty', 'false'],
      ['detach', 'true'],
      ['init', 'false'],
    ]);
    expect(() => read('-d=maybe x')).toThrow(/-d is a switch; leave the value out, or write true or false/);
  });

  test.each([
    ['-eA=b x', 'A=b'],
    ['-e=A=b x', 'A=b'],
    ['-ite A=b x', 'A=b'],
    ['--env A=b x', 'A=b'],
    ['--env=A=b -- x', 'A=b'],
  ])('finds the value in %s', (line, value) => {
    expect(read(line).flags.find(({ name }) => name === 'env')?.value).toBe(value);
    expect(read(line).image).toBe('x');
  });

  test.each([
    ['--frobnicate web', /"--frobnicate" is not supported; the flags are .*--health-cmd/],
    ['-Z web', /"-Z" is not supported/],
    ['-dZ web', /"-Z" is not supported/],
    ['--e A=b web', /"--e" is not supported/],
    ['---env A=b web', /not supported/],
    ['--rm=maybe web', /is a switch/],
    ['-e', /-e has no value/],
    ['--name', /--name has no value/],
    ['-d', /no image/],
    ['', /no image/],
    ['--', /no image/],
  ])('refuses %j', (line, reason) => {
    expect(() => read(line)).toThrow(reason);
  });

  test.each(['-- --privileged', '-- -v', 'mysql;', '"my sql"', '-e A=b "; rm -rf /"', '- x', '""'])(
    'A28 refuses %j, where an option or a separator stands for the image',
    (line) => {
      expect(() => read(line)).toThrow(/is not an image/);
    },
  );

  test('never repeats the value of a flag in a message', () => {
    for (const line of ['-e PASS=geheim', '-e PASS=geheim --bogus x', '--env=PASS=geheim -Z']) {
      expect(() => read(line)).toThrow(/^(?!.*geheim)/);
    }
  });
});

describe('redactRun', () => {
  test.each([
    ['-e A=geheim x', '-e A=[redacted] x'],
    ['-eA=geheim x', '-eA=[redacted] x'],
    ['-e=A=geheim x', '-e=A=[redacted] x'],
    ['-dite A=geheim x', '-dite A=[redacted] x'],
    ['--env A=geheim=2 x', '--env A=[redacted] x'],
    ['--env=A=geheim x', '--env=A=[redacted] x'],
    ['-e A x', '-e A x'],
    ['-e A=geheim=geheim x', '-e A=[redacted] x'],
    ['--health-cmd geheim x', '--health-cmd [redacted] x'],
    ['--health-cmd=geheim -d x', '--health-cmd=[redacted] -d x'],
    ['x geheim --geheim=geheim -e geheim', 'x [redacted]'],
    ['--mount src=a,volume-opt=o=p=geheim,dst=/x x', '--mount src=a,volume-opt=o=[redacted],dst=/x x'],
    [`--mount '"volume-opt=o=a,pass=geheim",dst=/x' x`, '--mount volume-opt=o=[redacted],dst=/x x'],
    ['--mount volume-opt=o=a,pass=geheim,ro,geheim x', '--mount volume-opt=o=[redacted],[redacted],ro,[redacted] x'],
    ['--mount Volume-Opt=geheim x', '--mount Volume-Opt=[redacted] x'],
    ['--mount src=a,dst=/x,ro x', '--mount src=a,dst=/x,ro x'],
    [`--security-opt 'seccomp={"a":1}' x`, '--security-opt seccomp={…} x'],
    ['--security-opt seccomp=unconfined x', '--security-opt seccomp=unconfined x'],
    ['--name e --label A=b x', '--name e --label A=b x'],
  ])('shows %s as %s', (line, shown) => {
    expect(redactRun(splitWords(line)).join(' ')).toBe(shown);
  });

  test('shows nothing of arguments that it cannot read', () => {
    expect(redactRun(['--bogus', '-e', 'A=geheim'])).toEqual(['[redacted]']);
    expect(redactRun(['--mount', 'x"volume-opt=geheim', 'x'])).toEqual(['[redacted]']);
  });
});
