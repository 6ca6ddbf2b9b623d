/** Addresses of 127.0.0.1, as tests of whole programs name them. */
import { connectTo, type Peer } from './relay-peer.ts';
import type { TargetServer } from './relay-targets.ts';

/** 127.0.0.1:PORT */
export const at = (port: number): { readonly host: string; readonly port: number } => ({ host: '127.0.0.1', port });

/** A client of 127.0.0.1:PORT; rejects when refused. */
export const dial = (port: number): Promise<Peer> => connectTo(at(port));

/** The port of a server on an IP address. */
export function portOf({ address }: Pick<TargetServer, 'address'>): number {
  if (address.kind !== 'ip') throw new Error('not on an IP address');
  return address.port;
}

/** What becomes of a client of 127.0.0.1:PORT: `connected` or an error code. */
export async function reach(port: number): Promise<string> {
  try {
    await using _client = await dial(port);
    return 'connected';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** What a server says to a client that asks `question` and ends. */
export async function ask(port: number, question: string): Promise<string> {
  await using client = await dial(port);
  client.finish(question);
  return await client.text();
}
