/** What the parser refuses: each error names the word, where it stands, and the remedy. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WormholeError } from '../lib/errors.ts';
import { LINKS_MAX, parse } from './parse.ts';
import { plan } from './planner.ts';
import { wordTable } from './words.ts';

/** The error of a spec that must be refused. */
function refusal(words: readonly string[]): WormholeError {
  try {
    parse(words);
  } catch (error) {
    if (WormholeError.is(error)) return error;
    throw error;
  }
  throw new Error(`was not refused: ${words.join(' ')}`);
}

describe('parse', () => {
  // Words are separated by one blank, so that two blanks make an empty word. The number is the word pointed at.
  test.each<[string, number, RegExp]>([
    ['', 0, /empty word/],
    ['url', 0, /url needs URL after it/],
    ['url ', 1, /URL after url is empty/],
    ['url :80  docker-ns x', 2, /empty word/],
    ['url 3306', 1, /write ":3306"/],
    ['3306', 0, /write "url :3306"/],
    [':3306', 0, /write "url" before it/],
    ['url :0x', 1, /not a number/],
    ['url :-1', 1, /not a number/],
    ['url :70000', 1, /out of range/],
    ['url :80 tail url :0', 4, /port 0 cannot be dialed/],
    ['url :80 trigger url :0', 4, /port 0 cannot be dialed/],
    ['url :80 tail docker-ns x garbage', 5, /"garbage" is not a word/],
    ['url :80 tial docker-ns x', 2, /did you mean "tail"\?/],
    ['url :80 docker-sn x', 2, /did you mean "docker-ns"\?/],
    ['URL :80', 0, /did you mean "url"\?/],
    ['name shop url :80', 0, /did you mean "id"\?/],
    ['url :80 docker-ns', 2, /docker-ns needs CONTAINER after it/],
    ['url :80 tail docker-ns', 3, /docker-ns needs CONTAINER after it/],
    ['url :80 docker-ns  tail docker-ns x', 3, /is empty/],
    ['url :80 tail docker-ns child url :81', 3, /docker-ns needs CONTAINER/],
    ['url :80 trigger docker-ns tunnel p', 3, /docker-ns needs CONTAINER/],
    ['url tail docker-ns x', 0, /url needs URL before tail; .* url=tail/],
    ['url :80 remote tail docker-ns x', 2, /remote needs PEER before tail; .* remote=tail/],
    ['id child url :80', 0, /id=child/],
    ['docker-run trigger', 0, /docker-run=trigger/],
    ['tail=x', 0, /tail takes no argument/],
    ['docker-ns= url :80', 0, /nothing after it/],
    ['docker-ns a,b', 1, /not a container/],
    ['id a/b', 1, /not an id/],
    ['id a id b', 2, /id stands twice/],
    ['label nonsense', 1, /not a label/],
    ['label a=1 label a=2', 2, /label stands twice/],
    ['url :80 tail tail url :81', 3, /tail stands twice/],
    ['url :80 trigger tail url :81', 3, /put tail before trigger/],
    ['url :80 trigger trigger url :81', 3, /trigger stands twice/],
    ['url :80 max-conns 1 max-conns 2', 4, /max-conns stands twice/],
    ['url :80 docker-ns a docker-ns b', 4, /second namespace/],
    ['url :80 docker-ns a docker-run b', 4, /second namespace/],
    ['url :80 tail url blue@:81 docker-ns b', 5, /second namespace/],
    ['url blue@:80 docker-ns tail url :81', 2, /second namespace/],
    ['url :80 tail docker-ns a trigger docker-run b', 6, /second namespace/],
    ['url :80 docker-ns a also docker-ns b', 4, /write tail before/],
    ['url :80 tail also docker-ns b', 3, /no target before it/],
    ['url :80 tail docker-ns a also', 5, /no target after it/],
    ['url :80 tail docker-ns a also also docker-ns b', 5, /no target after it/],
    ['url :80 tail docker-ns a also remote p', 5, /no target after it/],
    ['url :80 tail docker-ns a also docker-ns b trigger docker-ns c', 8, /not in both/],
    ['url :80 tail url :81 trigger docker-ns c also docker-ns d', 5, /not in both/],
    ['url :80 connect http tail url :81', 2, /put it after tail/],
    ['url :80 tail connect http connect any', 5, /connect stands twice/],
    ['url :80 tail connect htpp', 4, /after connect stands http, socks5, any/],
    ['url :80 docker-run -e A=b mysql', 4, /one word, put them in quotes/],
    ['url :80 docker-run -e', 2, /-e has no value; all arguments are one word/],
    ['url :80 docker-run web sh', 4, /one word, put them in quotes/],
    ['url docker-ns web', 2, /url took "docker-ns" as its argument/],
    ['url :80 docker-run --bogus', 2, /"--bogus" is not supported/],
    ['url foo:1 url unix:///x', 3, /contradict/],
    ['url :80 tail url :81 trigger url unix:///x', 6, /contradict/],
    ['url :80 balance best', 3, /not one of rr, least-conn, first, random/],
    ['url :80 proxy-protocol v3', 3, /not one of v1, v2/],
    ['url :80 connect auth ./users', 4, /is relative; the command line makes it absolute/],
    ['url :80 connect auth ~/users', 4, /is relative/],
    ['url :80 connect auth /etc/', 4, /no path of a file/],
    ['url :80 idle 5', 3, /write 5s or 5ms/],
    ['url :80 connect-timeout 0s', 3, /no time at all/],
    ['url :80 max-conns 0', 3, /from 1 to/],
    ['url :80 mode 4755', 3, /octal/],
    ['url :80 remote unix://./sock', 3, /not absolute/],
    ['url :80 remote foo:0', 3, /no usable port/],
    ['url :80 remote http://foo', 3, /protocol "http"/],
    ['__proto__ x', 0, /not a word/],
    ['constructor=x', 0, /not a word/],
  ])('refuses %j and points at word %i', (line, index, reason) => {
    const words = line.split(' ');
    const error = refusal(words);
    expect(error.code).toBe('WH_ERR_SPEC_INVALID');
    expect(error.message).toMatch(reason);
    expect(error.detail).toEqual({ word: words[index], index });
  });

  test('refuses no words at all', () => {
    expect(refusal([])).toMatchObject({ code: 'WH_ERR_SPEC_INVALID', detail: { word: '', index: 0 } });
  });

  test('refuses more links than a connection may make hops', () => {
    const links = (count: number): string[] => Array.from({ length: count }, () => ['remote', 'p']).flat();
    expect(parse(links(LINKS_MAX)).segment.link).toBeDefined();
    expect(refusal(links(LINKS_MAX + 1)).message).toMatch(/at most 16 links/);
  });

  test('keeps the arguments of docker-run out of its errors', () => {
    const { message, detail } = refusal(['docker-run', '-e PASS=geheim --bogus x']);
    expect(message + JSON.stringify(detail)).not.toContain('geheim');
    expect(detail).toEqual({ word: 'docker-run', index: 0 });
  });

  test('A18 refuses hostile targets wherever a url or a peer stands', () => {
    for (const host of [
      'user:pass@db:80',
      'db:+80',
      'db:65536',
      'db\r\nX: y:80',
      'db\0:80',
      `${'a'.repeat(65_536)}:80`,
    ]) {
      expect(refusal(['url', ':1', 'tail', 'url', host]).detail['index']).toBe(4);
      expect(refusal(['url', ':1', 'remote', host]).detail['index']).toBe(3);
    }
  });

  test('A28 refuses an option or a separator in place of an image', () => {
    for (const run of ['-- --privileged', 'mysql;', '-- -v', '"a b"']) {
      expect(refusal(['docker-run', run]).message).toMatch(/is not an image/);
    }
  });

  test('throws nothing but WormholeError, whatever the words', () => {
    const anyWord = fc.oneof(
      fc.constantFrom(
        ...Object.keys(wordTable),
        ':80',
        'web',
        '5s',
        'tcp',
        'a=b',
        'unix:///x',
        'ns@h:1',
        'v1',
        'first',
        '-e A=b x',
      ),
      fc.constantFrom(...Object.keys(wordTable)).map((word) => `${word}=x`),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(anyWord, { maxLength: 20 }), (words) => {
        try {
          plan(parse(words));
        } catch (error) {
          expect(error).toBeInstanceOf(WormholeError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
