/** How many times as long as elsewhere everything may take here: more than once where the processor is emulated. */
export const patience = Number(process.env['WORMHOLE_TEST_PATIENCE'] ?? 1);
