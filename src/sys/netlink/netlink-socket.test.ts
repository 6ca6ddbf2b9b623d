import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { openDescriptors } from '../../../test/support/descriptors.ts';
import { Netns } from '../../../test/support/netns.ts';
import { addAddress, allAddresses, deleteAddress, readAddress } from './address.ts';
import { familyNamed, readFamily } from './generic.ts';
import {
  allLinks,
  changeLink,
  createLink,
  deleteLink,
  linkNamed,
  moveLink,
  readLink,
  readLinkMessage,
} from './link.ts';
import { NETLINK_GENERIC, NETLINK_ROUTE, NetlinkSocket } from './netlink-socket.ts';
import { addRoute, deleteRoute, lookUpRoute, ownRoutes, readOwnRoute, readRoute } from './route.ts';
import { attribute, text } from './wire.ts';

const missing = Netns.missing();
if (missing !== undefined) console.log(`skipped: ${missing}`);

/** A bridge is the one kind of interface that every kernel has. */
const bridge = (name: string) => createLink({ name, kind: 'bridge', mtu: 1400 });

describe.skipIf(missing !== undefined)('a netlink socket', () => {
  test('asks the kernel of the namespace that it was made in, not of the one that the thread is in', async () => {
    using room = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    await socket.ask(bridge('wh-test0'));
    const links = await socket.dump(allLinks(), readLinkMessage);
    expect(links.map(({ name }) => name).sort()).toEqual(['lo', 'wh-test0']);
    expect(room.ip('-d', 'link', 'show', 'wh-test0')).toMatch(/mtu 1400[\s\S]*bridge/);
    expect(() => execFileSync('ip', ['link', 'show', 'wh-test0'], { stdio: 'pipe' })).toThrow('does not exist');
  });

  test('makes, changes, finds and deletes interfaces', async () => {
    using room = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    await socket.ask(bridge('wh-test0'));
    const made = readLink(await socket.get(linkNamed('wh-test0')));
    expect(made).toMatchObject({ name: 'wh-test0', kind: 'bridge', alias: '', up: false, mtu: 1400 });
    await socket.ask(changeLink(made, { up: true, mtu: 1300, alias: 'changed' }));
    expect(readLink(await socket.get(linkNamed('wh-test0')))).toMatchObject({ up: true, mtu: 1300, alias: 'changed' });
    await socket.ask(deleteLink(made));
    await expect(socket.get(linkNamed('wh-test0'))).rejects.toMatchObject({ code: 'ENODEV' });
  });

  test('moves an interface into another namespace', async () => {
    using room = Netns.create();
    using other = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    room.ip('link', 'add', 'wh-test0', 'type', 'veth', 'peer', 'name', 'wh-test1');
    await socket.ask(moveLink(readLink(await socket.get(linkNamed('wh-test1'))), other.namespace.fd));
    expect(other.ip('link', 'show', 'wh-test1')).toContain('wh-test1');
  });

  test('adds addresses and routes, tells those of ours from others, and takes them away', async () => {
    using room = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    room.ip('link', 'add', 'wh-test0', 'type', 'bridge');
    room.ip('address', 'add', '10.9.0.1/24', 'dev', 'wh-test0');
    room.ip('link', 'set', 'wh-test0', 'up');
    room.ip('route', 'add', '100.65.0.5/32', 'dev', 'wh-test0');
    const { index } = readLink(await socket.get(linkNamed('wh-test0')));
    await socket.ask(addAddress('100.65.0.2', 1));
    await socket.ask(addRoute({ destination: '100.65.0.3', index, source: '100.65.0.2', mtu: 1380 }));
    expect(await socket.dump(allAddresses(), readAddress)).toContainEqual({
      address: '100.65.0.2',
      prefix: 32,
      index: 1,
    });
    expect(room.ip('route', 'show', '100.65.0.3')).toMatch(/dev wh-test0 .*scope link src 100.65.0.2 .*mtu 1380/);
    const ours = [{ destination: '100.65.0.3', index, source: '100.65.0.2' }];
    expect(await socket.dump(ownRoutes(), readOwnRoute)).toEqual(ours);
    const way = readRoute(await socket.get(lookUpRoute('10.9.0.2', '10.9.0.1')));
    expect(way).toMatchObject({ destination: '10.9.0.2', index });
    for (const route of ours) await socket.ask(deleteRoute(route));
    await socket.ask(deleteAddress('100.65.0.2', 1));
    expect(room.ip('address', 'show', 'dev', 'lo')).not.toContain('100.65.0.2');
    expect(room.ip('route')).not.toContain('100.65.0.3');
  });

  test("has the kernel's errno and its own words when it refuses", async () => {
    using room = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    await socket.ask(addAddress('100.65.0.2', 1));
    await expect(socket.ask(addAddress('100.65.0.2', 1))).rejects.toMatchObject({
      code: 'EEXIST',
      what: 'add address 100.65.0.2',
    });
    const unknown = createLink({ name: 'wh-test0', kind: 'wormhole' });
    await expect(socket.ask(unknown)).rejects.toThrow(
      /create wormhole interface wh-test0: E\w+ \(Unknown device type\)/,
    );
    await expect(socket.get(lookUpRoute('10.9.0.2', '10.9.0.1'))).rejects.toMatchObject({ code: 'ENETUNREACH' });
  });

  test('goes on after a refusal, and keeps the answers of many requests apart', async () => {
    using room = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    const asked = Array.from({ length: 50 }, (_, index) => [
      socket.ask(addAddress(`100.65.0.${index}`, 1)).then(() => 'added'),
      socket.ask(deleteAddress('100.66.0.1', 1)).catch((error: { code: string }) => error.code),
      socket.get(linkNamed('lo')).then((body) => readLink(body).name),
    ]).flat();
    const answers = new Set(await Promise.all(asked));
    expect(answers).toEqual(new Set(['added', 'EADDRNOTAVAIL', 'lo']));
    expect((await socket.dump(allAddresses(), readAddress)).length).toBeGreaterThanOrEqual(50);
  });

  test('overwrites what it sent, which may be a key', async () => {
    using room = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    const request = addAddress('100.65.0.2', 1);
    await socket.ask(request);
    expect(request.body.every((byte) => byte === 0)).toBe(true);
  });

  test('finds families by name, and none that is not there', async () => {
    using socket = new NetlinkSocket(NETLINK_GENERIC);
    expect(readFamily(await socket.get(familyNamed('nlctrl')))).toBe(16);
    await expect(socket.get(familyNamed('wormhole'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('fails when the kernel has no such part', () => {
    expect(() => new NetlinkSocket(31)).toThrow('EPROTONOSUPPORT');
  });

  test('leaves no descriptor behind, also when it is closed while something is asked', async () => {
    using room = Netns.create();
    const before = openDescriptors();
    const socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    const asked = socket.dump(allLinks(), readLinkMessage);
    socket[Symbol.dispose]();
    await expect(asked).rejects.toThrow(/closed|EBADF/);
    expect(openDescriptors()).toBe(before);
  });

  test('is closed after the request that is under way: a thread of the pool may be about to use the descriptor', async () => {
    using room = Netns.create();
    const before = openDescriptors();
    const socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    const asked = socket.get(linkNamed('lo'));
    const later = socket.get(linkNamed('lo'));
    await Promise.resolve();
    socket[Symbol.dispose]();
    expect(readLink(await asked).name).toBe('lo');
    await expect(later).rejects.toThrow('closed');
    expect(openDescriptors()).toBe(before);
  });

  test('overwrites what a dump has told, too', async () => {
    using room = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    const told: Buffer[] = [];
    const names = await socket.dump(allLinks(), (message) => {
      told.push(message.body);
      return readLinkMessage(message)?.name;
    });
    expect(names).toContain('lo');
    for (const body of told) expect(body.every((byte) => byte === 0)).toBe(true);
  });

  test('has the words of a kernel that refuses a dump', async () => {
    using room = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    const request = { ...allAddresses(), body: Buffer.of(2, 99, 0, 0, 0, 0, 0, 0) };
    await expect(socket.dump(request, readAddress)).rejects.toThrow(/list addresses: EINVAL \(.*Invalid/);
  });

  test('keeps the thread where it is', async () => {
    using room = Netns.create();
    using socket = new NetlinkSocket(NETLINK_ROUTE, room.namespace);
    await expect(socket.ask({ what: 'nonsense', type: 16, flags: 0, body: attribute(3, text('x')) })).rejects.toThrow(
      'nonsense: EINVAL',
    );
  });
});
