/** Is the key file usable? Judged by the rules that the daemon and its clients apply. */
import { existsSync } from 'node:fs';
import { WormholeError } from '../../lib/errors.ts';
import { readKeyFile } from '../../lib/key-file.ts';
import { type Examine, fail, ok, skip } from './check.ts';

export const key: Examine = ({ keyFile, tcp }) => {
  if (tcp.length === 0 && !existsSync(keyFile)) return [skip('key file', 'no control port is open, so none is needed')];
  try {
    readKeyFile(keyFile);
    return [ok('key file', keyFile)];
  } catch (error) {
    const detail = WormholeError.is(error) ? error.message : String(error);
    return [fail('key file', detail, 'clients and peers cannot use it; restart wormholed once it is mended')];
  }
};
