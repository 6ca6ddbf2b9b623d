import { once } from 'node:events';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { socketPair } from '../../../test/support/socket-pair.ts';
import { tlsProfile } from '../../lib/tls-profile.ts';
import { datagramSecretOf, datagramSessionId } from './keys.ts';

test('the two ends of a TLS connection have one secret, which no other connection has and nothing else is made of', async () => {
  const secrets: Buffer[] = [];
  for (let round = 0; round < 2; round += 1) {
    const [near, far] = await socketPair();
    const psk = Buffer.alloc(32, 7);
    const asServer = {
      ...tlsProfile,
      isServer: true,
      pskCallback: () => psk,
      secureContext: tls.createSecureContext(tlsProfile),
    };
    const server = new tls.TLSSocket(far, asServer);
    const client = tls.connect({
      ...tlsProfile,
      socket: near,
      pskCallback: () => ({ psk, identity: 'wormhole' }),
      checkServerIdentity: () => undefined,
    });
    await Promise.all([once(client, 'secureConnect'), once(server, 'secure')]);
    const secret = datagramSecretOf(client);
    expect(secret.equals(datagramSecretOf(server))).toBe(true);
    expect(secret.equals(client.exportKeyingMaterial(32, 'EXPORTER-wormhole-resume', undefined as never))).toBe(false);
    secrets.push(secret);
    client.destroy();
    server.destroy();
  }
  const [first, second] = secrets as [Buffer, Buffer];
  expect(first.equals(second)).toBe(false);
  expect(datagramSessionId(first).equals(datagramSessionId(second))).toBe(false);
});
