/**
 * Images out of the distribution's packages, for a test's own engine: what `scripts/build-image.sh` makes, once.
 *
 *   pong        answers the first connection that sends something, on :9001 or its argument, and exits
 *   dnsmasq     a DNS service on UDP and TCP port 53 ($PORT): fixed.test is 192.0.2.7 and 2001:db8::7, the TXT of name.test is $NAME
 *   wordpress   a blog on port 80 that keeps its pages in the MariaDB at 127.0.0.1:3306 of its own namespace, and
 *               installs itself with the first request; see `mariadb.ts` for the other half
 */
import { execFileSync } from 'node:child_process';
import { DockerHost } from './docker-host.ts';

export type ImageName = 'pong' | 'dnsmasq' | 'wordpress';

const root = new URL('../../', import.meta.url).pathname;

/** What `docker run` starts; words after the image go to `pong` as its arguments. */
const changes: Readonly<Record<ImageName, string>> = {
  pong: 'ENTRYPOINT ["/bin/serve"]',
  dnsmasq: 'CMD ["/bin/serve"]',
  wordpress: 'CMD ["/bin/serve"]',
};

/** Makes those that need no download. @returns why there can be none here, as a reason to skip a test; or undefined */
export function missingImages(...names: readonly ImageName[]): string | undefined {
  if (DockerHost.missing() !== undefined) return DockerHost.missing();
  try {
    // Tests run where there is no network: `make test` makes the images before.
    const env = { ...process.env, OFFLINE: '1' };
    execFileSync(`${root}scripts/build-image.sh`, names, {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 180_000,
    });
    return undefined;
  } catch (error) {
    return String((error as { stderr?: Buffer }).stderr ?? error).trim();
  }
}

/** Gives the engine an image. @returns its reference, `wormhole/NAME` */
export async function importImage(host: DockerHost, name: ImageName): Promise<string> {
  const reference = `wormhole/${name}`;
  const archive = `${root}node_modules/.cache/images/${name}.tar`;
  await host.docker(['import', '--change', changes[name], archive, reference]);
  return reference;
}
