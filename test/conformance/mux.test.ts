/**
 * Our yamux against itself and, in both roles, against one that we have not written.
 */
import { describe } from 'vitest';
import { libp2pEnd, ourEnd } from '../support/mux-ends.ts';
import { muxContract } from './mux.ts';

describe('ours dials ours', () => muxContract(ourEnd, ourEnd));

describe('ours dials @chainsafe/libp2p-yamux', () => muxContract(ourEnd, libp2pEnd));

describe('@chainsafe/libp2p-yamux dials ours', () => muxContract(libp2pEnd, ourEnd));
