/** How many times as long as elsewhere everything may take here: more than once where the processor is emulated. */
export const patience = Number(process.env['WORMHOLE_TEST_PATIENCE'] ?? 1);

/** For `expect.poll`: until it is as wanted. */
export const patiently = { timeout: 20_000 * patience, interval: 50 * Math.min(patience, 4) } as const;
