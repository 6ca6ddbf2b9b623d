/** Programs that serve together: up when each listens where it should, stopped together. */

/** @typedef {{ roots: readonly number[], obituary: () => string | undefined, stop: () => Promise<void> }} Running */
/** @typedef {import('./program.mjs').Program} Program */
/** @typedef {readonly [program: Program | undefined, protocol: 'tcp' | 'udp', port: number]} Listener */

/**
 * Waits until they listen; stops all of them when one does not.
 *
 * @param {readonly Program[]} programs all of them
 * @param {readonly Listener[]} listeners in the order they are needed
 * @returns {Promise<Running>}
 */
export async function started(programs, listeners) {
  const running = {
    roots: programs.map(({ pid }) => pid),
    obituary: () => programs.find(({ obituary }) => obituary !== undefined)?.obituary,
    stop: async () => {
      await Promise.all(programs.map((program) => program.stop()));
    },
  };
  try {
    for (const [program, protocol, port] of listeners) await program?.listens(protocol, [port]);
    return running;
  } catch (error) {
    await running.stop();
    throw error;
  }
}
