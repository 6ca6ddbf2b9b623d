/** The sense of a pool: what works for some of its members works. */

/** @returns what was fulfilled, in order; nothing of nothing @throws the first failure when all failed */
export async function atLeastOne<T>(work: ReadonlyArray<Promise<T>>): Promise<readonly T[]> {
  const settled = await Promise.allSettled(work);
  const done = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = settled.find((one) => one.status === 'rejected');
  if (done.length === 0 && failed !== undefined) throw failed.reason;
  return done;
}
