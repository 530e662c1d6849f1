/** Something that must never be, and where. */
export interface Violation {
  readonly partition: number;
  /** In the log; null for what only the read models say. */
  readonly offset: number | null;
  readonly chatId: string | null;
  readonly version: number | null;
  readonly what: string;
}

export type Tell = (violation: Violation) => void;

export function lineOf({ partition, offset, chatId, version, what }: Violation): string {
  const where = [
    `partition ${partition}`,
    ...(offset === null ? [] : [`offset ${offset}`]),
    ...(chatId === null ? [] : [`chat ${chatId}`]),
    ...(version === null ? [] : [`version ${version}`]),
  ];
  return `${where.join(" ")}: ${what}`;
}
