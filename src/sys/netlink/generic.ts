/**
 * Generic netlink: families of messages that are found by name. Pure: requests for a socket of NETLINK_GENERIC, and what it answers.
 *
 *   genlmsghdr  command:u8 version:u8 reserved:u16, then attributes
 */
import { attribute, attributesOf, type Request, text } from './wire.ts';

/** Of the family that tells of the others. */
const GENL_ID_CTRL = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;
const GENERIC_BYTES = 4;

/** Has the kernel load the module that has it. Fails with ENOENT when there is none. */
export const familyNamed = (name: string): Request => ({
  what: `look for the kernel's ${name}`,
  type: GENL_ID_CTRL,
  flags: 0,
  body: genericBody(CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_NAME, text(name))),
});

/** The number that messages of the family have as their type. @throws {RangeError} */
export function readFamily(body: Buffer): number {
  const id = attributesOf(body, GENERIC_BYTES).get(CTRL_ATTR_FAMILY_ID);
  if (id === undefined) throw new RangeError('a family without a number');
  return id.readUInt16LE(0);
}

export const genericBody = (command: number, ...attributes: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.of(command, 1, 0, 0), ...attributes]);

export const genericAttributes = (body: Buffer): ReadonlyMap<number, Buffer> => attributesOf(body, GENERIC_BYTES);
