/** `--network`, `--add-host`, `--dns`: where the container is, and how it finds others. */
import { invalid, show } from '../invalid.ts';
import { formatIp, parseIp, unmapped } from '../ip.ts';
import type { RunFlagName } from '../run-flags.ts';
import { type Flags, member, type Part, wrong } from './flags.ts';

/** What a container has of its own, and cannot have in the network of another one. */
const ownNetwork: readonly RunFlagName[] = ['hostname', 'publish', 'dns', 'add-host'];

/** @throws {WormholeError} WH_ERR_SPEC_INVALID */
export function readNetwork(flags: Flags): Part {
  const modes = flags.all('network', readMode);
  if (modes.length > 1) {
    throw wrong('network', 'a container starts in one network; name one, and connect it to others later');
  }
  const mode = modes[0] ?? 'default';
  const own = ownNetwork.find((name) => flags.has(name));
  if (own !== undefined && mode.startsWith('container:')) {
    throw wrong(own, 'the network of another container has its own; give the flag to that container');
  }
  return {
    host: {
      NetworkMode: mode,
      ...member('ExtraHosts', flags.all('add-host', readExtraHost)),
      ...member('Dns', flags.all('dns', readDns)),
    },
  };
}

/** `bridge`, `host`, `none`, `container:NAME`, or the name or id of a network. */
function readMode(text: string): string {
  if (/^(?:container:)?[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text)) return text;
  throw invalid(`${show(text)} is not a network; write bridge, host, none, a network's NAME or container:NAME`);
}

/** NAME:IP, IPv6 without brackets, or NAME:host-gateway. */
function readExtraHost(text: string): string {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  const address = text.slice(colon + 1);
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name) && (address === 'host-gateway' || parseIp(address) !== undefined))
    return text;
  throw invalid(`${show(text)} is not NAME:IP; write for example db:10.0.0.7 or db:host-gateway`);
}

function readDns(text: string): string {
  const bytes = parseIp(text);
  if (bytes === undefined) throw invalid(`${show(text)} is not the IP address of a name server`);
  return formatIp(unmapped(bytes));
}
