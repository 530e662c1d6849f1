/** The next offset of every partition, as in a cursor. Two of one log have the same length. */
export type Offsets = readonly number[];

/** By partition the lower of the two: what both have reached. */
export function lowest(one: Offsets, other: Offsets): Offsets {
  return one === other ? one : one.map((offset, partition) => Math.min(offset, other[partition] ?? 0));
}

/** By partition the higher of the two. */
export function highest(one: Offsets, other: Offsets): Offsets {
  return one === other ? one : one.map((offset, partition) => Math.max(offset, other[partition] ?? 0));
}

/** Whether `one` has got as far as `other` in every partition. */
export function hasReached(one: Offsets, other: Offsets): boolean {
  return one === other || one.every((offset, partition) => offset >= (other[partition] ?? 0));
}

/** What of these a socket that shows one chat can prove: that chat's partition, and nothing of the others. */
export function onlyOf(partition: number, offsets: Offsets): Offsets {
  return offsets.map((offset, index) => (index === partition ? offset : 0));
}

export function sameOffsets(one: Offsets, other: Offsets): boolean {
  return one === other || one.every((offset, partition) => offset === other[partition]);
}
