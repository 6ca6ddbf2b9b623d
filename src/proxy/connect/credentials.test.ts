import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Credentials } from './credentials.ts';
import { CredentialsFile } from './credentials-file.ts';
import { matchesScrypt, parseScrypt } from './scrypt-hash.ts';

const directory = mkdtempSync(join(tmpdir(), 'wh-auth-'));
afterAll(() => rmSync(directory, { recursive: true }));

const never = new AbortController().signal;
const of = (text: string) => new Credentials(text, 0);

/** Password and what crypt(3) of libxcrypt makes of it. */
const vectors = [
  ['secret', '$7$CU..../....abcdefgh$XWs9HxtpA2.6U5CDBBbcW.h3o9pYlC.MIIb8JqMgZx6'],
  ['correct horse', '$7$CU..../....gM7y2JbkQ5zq9w/v.abcd1$r2pa19sj799CjWHbJ65.5Ff205S1OZrWup87aXpQiQ9'],
  ['', '$7$8/..../....x$1SLmSZxqahvjjhO9zb0d0/SJ2STV6IxI.JQxXzgtei9'],
  ['pä:ss', '$7$9/..../..../.$Au/KkeugP2nO/001HAR5HnB2aaRk/8p/zwUF7xmNadA'],
] as const;

describe('a hash of mkpasswd -m scrypt', () => {
  test.each(vectors)('of %j fits that password and no other', async (password, text) => {
    const hash = parseScrypt(text);
    if (hash === undefined) throw new Error('no hash');
    expect(await matchesScrypt(hash, password)).toBe(true);
    expect(await matchesScrypt(hash, `${password} `)).toBe(false);
  });

  test('that would cost more than a stranger is worth, or is malformed, is none', () => {
    const hash = 'XWs9HxtpA2.6U5CDBBbcW.h3o9pYlC.MIIb8JqMgZx6';
    for (const head of ['$7$zU..../....', '$7$CU..../z...', '$7$CUzzzz/....', '$7$C...../....', '$7$.U..../....'])
      expect(parseScrypt(`${head}salt$${hash}`)).toBeUndefined();
    for (const text of ['', '$7$', `$7$CU..../....$${hash}`, `$7$CU..../....salt$${hash}x`, '$7$CU..../....salt$'])
      expect(parseScrypt(text)).toBeUndefined();
  });
});

describe('credentials', () => {
  test('are users with a password, or with a hash of one; anything else is neither', async () => {
    const known = of(`# who may\n\nalice:se:cret\r\nbob:${vectors[0][1]}\n`);
    expect(known.size).toBe(2);
    const good = [];
    for (const user of ['alice', 'bob', 'carol', 'Alice', '', '# who may', 'constructor'])
      for (const password of ['se:cret', 'secret', '', vectors[0][1]])
        if (await known.check(user, password, never)) good.push([user, password]);
    expect(good).toEqual([
      ['alice', 'se:cret'],
      ['bob', 'secret'],
    ]);
    expect(await known.check('bob', 'secret', never)).toBe(true);
    expect(await known.check('bob', 'secreT', never)).toBe(false);
  });

  test.each([
    ['no colon', 'alice', 1],
    ['no user', ':secret', 1],
    ['no password', '\nalice:', 2],
    ['a user twice', 'a:b\n# a\na:c', 3],
    ['a control character', 'a:b\0', 1],
    ['a hash of htpasswd', 'a:$apr1$x$y', 1],
    ['a hash of bcrypt', 'a:$2y$05$abcdefghijklmnopqrstuv', 1],
    ['a hash of sha512crypt', 'a:$6$salt$hash', 1],
    ['a hash of LDAP', 'a:{SHA}0000', 1],
    ['a broken hash', 'a:$7$CU..../....salt$x', 1],
  ])('with %s are refused, by line and without their content', (_, text, line) => {
    expect(() => of(text)).toThrow(
      expect.objectContaining({ line, message: expect.not.stringMatching(/secret|hash\$|:b/) }),
    );
  });

  test('A9 who guesses at hashes has to wait in a queue that ends, and those who are known pass by it', async () => {
    const known = of(`alice:${vectors[2][1]}\nbob:${vectors[3][1]}`);
    expect(await known.check('alice', '', never)).toBe(true);
    const guesses = Array.from({ length: 40 }, (_, i) => known.check('bob', `guess ${i}`, never).catch(() => 'busy'));
    expect(await known.check('alice', '', never)).toBe(true);
    const outcomes = await Promise.all(guesses);
    expect(outcomes.filter((outcome) => outcome === false)).toHaveLength(32);
    expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(8);
    expect(await known.check('bob', 'pä:ss', never)).toBe(true);
  });

  test('who leaves while waiting is not answered', async () => {
    const leave = new AbortController();
    const check = new Credentials('alice:secret', 60_000).check('alice', 'wrong', leave.signal);
    leave.abort(new Error('left'));
    await expect(check).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('a file of credentials', () => {
  let count = 0;
  const write = (text: string, mode = 0o600): string => {
    const path = join(directory, `auth.${count++}`);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };

  test('is read again when it has changed: who was taken out of it is out', async () => {
    const path = write('alice:secret\n');
    const file = new CredentialsFile(path);
    expect(await file.check('alice', 'secret', never)).toBe(true);
    writeFileSync(path, 'bob:secret\n');
    expect(await file.check('bob', 'secret', never)).toBe(true);
    expect(file.read().size).toBe(1);
    rmSync(path);
    expect(() => file.read()).toThrow(expect.objectContaining({ code: 'WH_ERR_FILE' }));
  });

  test('A7 that is open to others, empty, no text, too long, or no file lets nobody in, and says what to do', () => {
    const bad = [
      [write('alice:secret', 0o644), /open to group or others \(mode 0644\); chmod 600/],
      [write('alice:secret', 0o620), /open to group or others/],
      [write(''), /names nobody/],
      [write('# nobody\n'), /names nobody/],
      [write('alice\n'), /line 1 is not USER:PASSWORD/],
      [write(`a:${'x'.repeat(300_000)}`), /larger than/],
      [directory, /not a regular file/],
      [join(directory, 'none'), /does not exist; make it/],
    ] as const;
    for (const [path, message] of bad) {
      const read = () => new CredentialsFile(path).read();
      expect(read).toThrow(expect.objectContaining({ code: 'WH_ERR_FILE', message: expect.stringMatching(message) }));
      expect(read).toThrow(expect.objectContaining({ message: expect.stringContaining(path) }));
      expect(read).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }));
    }
    const latin = write('');
    writeFileSync(latin, Buffer.from([0x61, 0x3a, 0xff]));
    expect(() => new CredentialsFile(latin).read()).toThrow(/is not text/);
  });

  test.runIf(process.geteuid?.() === 0)('that belongs to another user lets nobody in', () => {
    const path = write('alice:secret');
    chownSync(path, 12345, 12345);
    expect(() => new CredentialsFile(path).read()).toThrow(/belongs to user 12345/);
  });
});
