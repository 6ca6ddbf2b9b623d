import { expect, test } from 'vitest';
import { WormholeError } from '../../lib/errors.ts';
import { commonIdentity } from '../../lib/tls-profile.ts';
import { parseAddress } from '../../spec/address.ts';
import { peerOperations } from './operate-peers.ts';
import { Peers } from './peers.ts';

test('a peer that has no other name is kicked by its address, however that is written', async () => {
  using peers = new Peers({
    configured: [],
    common: { identity: commonIdentity, ownIdentity: commonIdentity, key: () => undefined as never, resumeMs: 30_000 },
    dial: () => Promise.reject(new WormholeError('WH_ERR_PEER_UNREACHABLE', 'nobody there')),
    end: () => undefined,
    guests: () => 0,
    log: { info: () => undefined } as never,
    onHost: () => undefined,
    onHostGone: () => undefined,
  });
  const { kick } = peerOperations({ peers } as never);
  const { name } = peers.at(parseAddress('10.0.0.2'));
  for (const written of ['10.0.0.2', '10.0.0.2:9999', 'tcp://10.0.0.2', name])
    expect(await kick(written)).toMatchObject({ name });
  await expect(kick('10.0.0.3')).rejects.toMatchObject({ code: 'WH_ERR_PEER_NOT_FOUND' });
});
