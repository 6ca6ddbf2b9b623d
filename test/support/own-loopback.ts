/**
 * An address of the loopback that no other test has: where a port is given back and taken again, nobody else of the
 * machine, which takes ephemeral ports of 127.0.0.1 all the time, comes in between.
 */
import { randomInt } from 'node:crypto';

export const ownLoopback = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
