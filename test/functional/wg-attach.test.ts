/**
 * Two hosts that share no key have a tunnel between containers of theirs, by a token.
 *
 *     container one ── a (its own key) ── router ── b (its own key) ── container two
 */
import { describe, expect, test } from 'vitest';
import type { TunnelList } from '../../src/spec/api.ts';
import { DockerHost, IMAGE } from '../support/docker-host.ts';
import { Hosts } from '../support/hosts.ts';
import { wormhole } from '../support/program.ts';
import { tunnelTypes } from '../support/tunnel-types.ts';

const lacks = DockerHost.missing() ?? (await tunnelTypes()).find(({ flags }) => flags.includes('wireguard'))?.lacks;
if (lacks !== undefined) console.log(`wg-up and wg-join between containers are left out: ${lacks}`);

/** A page that tells who asked for it. */
const page = 'printf "Content-Type: text/plain\\r\\n\\r\\n$REMOTE_ADDR"';
const serve = `mkdir -p /www/cgi-bin; cd /www/cgi-bin; { echo '#!/bin/sh'; echo '${page}'; } >index.cgi; busybox chmod 755 index.cgi; exec httpd -f -p 0.0.0.0:80 -h /www`;

describe.skipIf(lacks !== undefined)('a tunnel by a token between containers', () => {
  test('F83 F86 a server there sees the overlay address of the client in the other one, and ends nowhere else', async () => {
    const engine = true;
    await using world = await Hosts.start({
      hosts: { a: { engine, key: 'a'.repeat(40) }, b: { engine, key: 'b'.repeat(40) } },
    });
    const { a, b } = world;
    await a.engine.run({ name: 'one', network: 'none', image: IMAGE, command: ['sh', '-c', serve] });
    await b.engine.run({ name: 'two', network: 'none' });
    const missing = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4, '--attach', 'nobody');
    expect(missing).toMatchObject({ code: 68, stdout: '', stderr: expect.stringContaining('nobody') });
    const { stdout: token } = await a.daemon.wormhole('wg-up', '--endpoint', a.site.v4, '--attach', 'one');
    const words = ['--socket', b.belongings.socket, 'wg-join', '--attach', 'two'];
    const made = await wormhole(words, { stdin: token });
    expect(made).toMatchObject({ code: 0 });
    const [local = '', remote = ''] = made.stdout.trim().split(' ');
    const fetched = (): Promise<string> => b.engine.sh('two', `wget -qO- http://${remote}/`).catch(String);
    await expect.poll(fetched).toBe(local);
    const { tunnels } = await b.daemon.get<TunnelList>('/v1/tunnels');
    expect(tunnels).toMatchObject([{ attach: 'two', peerAttach: 'one', state: 'complete' }]);
    const elsewhere = await b.daemon.wormhole('tunnel-create', '--type', 'wireguard', tunnels[0]?.peer ?? '');
    expect(elsewhere).toMatchObject({ code: 77, stderr: expect.stringContaining('--peer-attach one') });
  });
});
