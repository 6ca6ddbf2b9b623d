/** The images that other tests use do what is said of them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, until } from '../support/command.ts';
import { DockerHost } from '../support/docker-host.ts';
import { importImage, missingImages } from '../support/images.ts';
import { MariaDb } from '../support/mariadb.ts';

const missing = missingImages('pong', 'dnsmasq', 'wordpress') ?? MariaDb.missing();
if (missing !== undefined) console.log(`images.test.ts is skipped: ${missing}`);

describe.skipIf(missing !== undefined)('images of the tests', () => {
  let host: DockerHost;
  beforeAll(async () => {
    host = await DockerHost.start();
  });
  afterAll(() => host?.[Symbol.asyncDispose]());

  /** Runs a program of this machine in the namespace of a container. */
  const beside = async (container: string, words: readonly string[], stdin?: string): Promise<string> => {
    const target = `--target=${await host.pid(container)}`;
    return await command('nsenter', [target, '--net', ...words], stdin === undefined ? {} : { stdin });
  };
  const listens = (container: string, port: number): Promise<void> =>
    until(`${container} listens`, async () => (await beside(container, ['ss', '-Hltn'])).includes(`:${port} `));
  const running = (container: string): Promise<string> =>
    host.docker(['inspect', '--format', '{{.State.Running}} {{.State.ExitCode}}', container]);

  test('pong: answers the first connection that sends something, and is gone', async () => {
    const image = await importImage(host, 'pong');
    await host.run({ name: 'pong', image, network: 'none' });
    await listens('pong', 9001);
    expect(await beside('pong', ['socat', '-t0', '-', 'tcp:127.0.0.1:9001'], '')).toBe('');
    expect(await running('pong')).toBe('true 0');
    expect(await beside('pong', ['socat', '-t5', '-', 'tcp:127.0.0.1:9001'], 'ping')).toBe('ping');
    await until('pong is gone', async () => (await running('pong')) === 'false 0');
    await host.run({ name: 'other', image, network: 'none', command: [':80'] });
    await listens('other', 80);
  });

  test('dnsmasq: answers over UDP and TCP', async () => {
    const image = await importImage(host, 'dnsmasq');
    await host.run({ name: 'dns', image, network: 'none', flags: ['--env=NAME=first'] });
    await listens('dns', 53);
    expect(await host.sh('dns', 'busybox nslookup fixed.test 127.0.0.1')).toContain('192.0.2.7');
    // A query for the TXT record of name.test, with its length in front as TCP wants it.
    const query = '\0\x1b\0\x01\x01\0\0\x01\0\0\0\0\0\0\x04name\x04test\0\0\x10\0\x01';
    expect(await beside('dns', ['socat', '-t1', '-', 'tcp:127.0.0.1:53'], query)).toContain('first');
  });

  test('wordpress: shows its blog, which lies in MariaDB, from the first request on', async () => {
    const image = await importImage(host, 'wordpress');
    const db = await MariaDb.importInto(host);
    await host.run({ name: 'shop', image, network: 'none' });
    await listens('shop', 80);
    const get = (path: string): Promise<string> =>
      beside('shop', ['curl', '--silent', '--show-error', `http://127.0.0.1:80${path}`]);
    expect(await get('/')).toContain('Error establishing a database connection');
    await db.run('mysql', ['--network=container:shop']);
    expect(await get('/')).toMatch(/<title>Wormhole shop<\/title>[\s\S]*Hello world!/);
    expect(
      await db.inside('mysql', { port: 3306 }, "select post_title from app.wp_posts where post_type = 'post'"),
    ).toBe('Hello world!');
    expect(await get('/?p=1')).toContain('This is your first post');
    expect(await get('/wp-includes/css/buttons.css')).toContain('.wp-core-ui');
    expect(await get('/wp-login.php')).toContain('name="log"');
  });
});
