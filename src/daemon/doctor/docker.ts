/** Does Docker answer? Only wormholes that name containers need it. */
import { WormholeError } from '../../lib/errors.ts';
import { type Examine, ok, warn } from './check.ts';

export const docker: Examine = async ({ engine }, signal) => {
  try {
    const { version, address } = await engine.ping(signal);
    return [ok('docker', `${version} at ${address}`)];
  } catch (error) {
    const detail = WormholeError.is(error) ? error.message : String(error);
    return [
      warn(
        'docker',
        detail,
        'needed for docker-ns and container names: start Docker, or set DOCKER_HOST for wormholed',
      ),
    ];
  }
};
