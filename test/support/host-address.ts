/** A host that comes to have another address of IPv4, as in another network; on its link to the router still, which knows the way. */
import type { Host } from './host.ts';

/** @returns the address from now on; that of before is gone */
export async function readdress(host: Host): Promise<string> {
  const { stdout } = await host.run(['ip', '-4', '-brief', 'address', 'show', 'eth0']);
  const [before = '', net = '', last = ''] = /([\d.]+\.)(\d+)\/24/.exec(stdout) ?? [];
  const address = `${net}${Number(last) + 1}`;
  const script = `
    echo 1 >/proc/sys/net/ipv4/conf/all/promote_secondaries
    ip address add ${address}/24 dev eth0 && ip address delete ${before} dev eth0 && ip route replace 10.99.0.0/16 via ${net}1`;
  const { code, stderr } = await host.run(['sh', '-c', script]);
  if (code !== 0) throw new Error(`no other address: ${stderr}`);
  return address;
}
