import { describe, expect, test } from 'vitest';
import { publicKeyOf } from './key.ts';
import { answerErrno, readDevice, readSecrets, setDevice, setPeer } from './uapi.ts';

const key = Buffer.alloc(32, 0xab);
const hex = 'ab'.repeat(32);
const other = 'cd'.repeat(32);

describe('what wireguard-go is told', () => {
  test('ends with a blank line, and has keys in hexadecimal', () => {
    expect(setDevice({ privateKey: key, listenPort: 51820 })).toBe(`set=1\nprivate_key=${hex}\nlisten_port=51820\n\n`);
  });

  test('is a peer with its one host', () => {
    const endpoint = { host: '2001:db8::2', port: 51821 };
    const peer = { publicKey: key, presharedKey: key, endpoint, keepaliveSeconds: 25, allowed: '100.65.0.3' };
    expect(setPeer('add', peer)).toBe(
      `set=1\npublic_key=${hex}\npreshared_key=${hex}\nendpoint=[2001:db8::2]:51821\n` +
        'persistent_keepalive_interval=25\nreplace_allowed_ips=true\nallowed_ip=100.65.0.3/32\n\n',
    );
  });

  test('is only what changes', () => {
    const change = { publicKey: key, endpoint: { host: '192.0.2.2', port: 1 } };
    expect(setPeer('change', change)).toBe(`set=1\npublic_key=${hex}\nupdate_only=true\nendpoint=192.0.2.2:1\n\n`);
    expect(setPeer('remove', { publicKey: key })).toBe(`set=1\npublic_key=${hex}\nremove=true\n\n`);
  });
});

describe('what wireguard-go answers', () => {
  const answer =
    `private_key=${hex}\nlisten_port=51820\npublic_key=${other}\npreshared_key=${hex}\nprotocol_version=1\n` +
    'endpoint=[2001:db8::2]:51821\nlast_handshake_time_sec=1700000000\nlast_handshake_time_nsec=5\ntx_bytes=7\nrx_bytes=8\n' +
    'persistent_keepalive_interval=25\nallowed_ip=100.65.0.3/32\nallowed_ip=100.65.0.5/32\n' +
    `public_key=${hex}\npreshared_key=${'00'.repeat(32)}\nlast_handshake_time_sec=0\ntx_bytes=0\nrx_bytes=0\nerrno=0\n\n`;

  test('is read without secrets', () => {
    expect(readDevice(answer)).toEqual({
      publicKey: publicKeyOf(key),
      listenPort: 51820,
      peers: [
        {
          publicKey: Buffer.from(other, 'hex'),
          endpoint: { host: '2001:db8::2', port: 51821 },
          keepaliveSeconds: 25,
          lastHandshake: new Date(1_700_000_000_000),
          bytesIn: 8,
          bytesOut: 7,
          allowed: ['100.65.0.3/32', '100.65.0.5/32'],
        },
        { publicKey: key, keepaliveSeconds: 0, bytesIn: 0, bytesOut: 0, allowed: [] },
      ],
    });
  });

  test('has the secrets to start it again with', () => {
    const { privateKey, presharedKeys } = readSecrets(answer);
    expect(privateKey).toEqual(key);
    expect([...presharedKeys]).toEqual([[other, key]]);
  });

  test('has an errno at its end, which is how one knows the end', () => {
    expect([answerErrno(answer), answerErrno('errno=-22\n\n'), answerErrno('errno=0\n'), answerErrno('')]).toEqual([
      0,
      22,
      undefined,
      undefined,
    ]);
  });
});
