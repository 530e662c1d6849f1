import type { Instance, LeaseTable } from "./leases.ts";

/** What an instance is to change, as it sees the table now. */
export interface ShareChange {
  readonly giveUp: readonly number[];
  readonly claim: readonly number[];
}

export interface ShareQuestion {
  readonly partitions: number;
  readonly self: Instance;
  readonly table: LeaseTable;
  /** Ours, those aside that are being handed over. */
  readonly held: ReadonlySet<number>;
  readonly handingOver: ReadonlySet<number>;
}

/**
 * An instance's fair share is partitions / instances that are alive and able, rounded up: all shares together hold every partition,
 * and nobody gives up what another has no room for. Who cannot do the work gives up everything, unless nobody else can either: then
 * moving partitions around would help no one.
 */
export function changeShare({ partitions, self, table, held, handingOver }: ShareQuestion): ShareChange {
  const ableOthers = table.others.filter(({ able }) => able).length;
  if (!self.able) return { giveUp: ableOthers > 0 ? [...held] : [], claim: [] };
  const share = Math.ceil(partitions / (ableOthers + 1));
  if (held.size > share) return { giveUp: [...held].slice(share), claim: [] };
  const taken = new Set(table.leases.filter(({ owner }) => owner !== self.id).map(({ partition }) => partition));
  const start = firstChoice(self.id, partitions);
  const free = Array.from({ length: partitions }, (_, index) => (start + index) % partitions).filter(
    (partition) => !taken.has(partition) && !held.has(partition) && !handingOver.has(partition),
  );
  return { giveUp: [], claim: free.slice(0, share - held.size) };
}

/** Each begins elsewhere, so that those who look at the same moment seldom want the same ones. */
function firstChoice(id: string, partitions: number): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.charCodeAt(0)) % partitions;
  return sum;
}
