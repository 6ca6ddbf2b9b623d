/**
 * Memory that is read into again and again: a slice of it is good until the one who handed it over is returned to.
 *
 * Whoever wants to keep a slice asks for it with {@link kept}. To know such memory by its buffer costs nothing on the way,
 * and who forgets to ask is found by a test that reads twice.
 */

const areas = new WeakSet<ArrayBufferLike>();

/** From now on slices of `buffer` are volatile. */
export function declareVolatile(buffer: ArrayBufferLike): void {
  areas.add(buffer);
}

export function isVolatile(slice: Buffer): boolean {
  return areas.has(slice.buffer);
}

/** The same bytes, to stay. */
export function kept(slice: Buffer): Buffer {
  return isVolatile(slice) ? Buffer.from(slice) : slice;
}
