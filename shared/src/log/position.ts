/**
 * Where a reader or writer stands in one partition.
 *
 * An epoch is the reign of one writer: the offset of the Election that began it, and an id that stands for this
 * Election and all before it (see `positionAfter`). Its text form `<offset>:<id>` travels in the header of every record that the writer appends.
 */
export interface Epoch {
  readonly offset: number;
  readonly id: string;
}

/** `offset` is the next record to read; `epoch` that of the last Election before it, null before the first one. */
export interface Position {
  readonly offset: number;
  readonly epoch: Epoch | null;
}

export const startOfPartition: Position = { offset: 0, epoch: null };

export function formatEpoch(epoch: Epoch | null): string {
  return epoch === null ? "" : `${String(epoch.offset)}:${epoch.id}`;
}

/** Reads `<offset>:<id>`; the empty text is "no epoch yet". Throws on anything else: such a header was never written by us. */
export function parseEpoch(text: string): Epoch | null {
  if (text === "") return null;
  const match = /^(\d{1,15}):([\w-]{1,64})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined)
    throw new Error(`not an epoch: ${JSON.stringify(text.slice(0, 80))}`);
  return { offset: Number(match[1]), id: match[2] };
}

export function sameEpoch(a: Epoch | null, b: Epoch | null): boolean {
  return a === b || (a !== null && b !== null && a.offset === b.offset && a.id === b.id);
}
