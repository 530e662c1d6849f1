import type { Position } from "@chat/shared/log/position";
import type { ActiveChat, DeletedChat, MessageState } from "../domain/chat/state.ts";
import type { KeyedCommand } from "./partition-tail.ts";

export interface NamedMessage {
  readonly chatId: string;
  readonly seq: number;
}

export interface NamedKey {
  readonly chatId: string;
  readonly actor: string;
  readonly key: string;
}

/** What is wanted of the read models, for commands of any partition. */
export interface Wanted {
  readonly chats: readonly string[];
  readonly messages: readonly NamedMessage[];
  readonly keys: readonly NamedKey[];
}

/** What stood in the read models, everything in one snapshot. */
export interface Snapshot {
  /** By partition, complete: how far that partition's events were projected. */
  readonly positions: ReadonlyMap<number, Position>;
  readonly chats: ReadonlyMap<string, ActiveChat | DeletedChat>;
  /** By `messageKey`. */
  readonly messages: ReadonlyMap<string, MessageState>;
  /** By `commandKey`. */
  readonly keys: ReadonlyMap<string, KeyedCommand>;
}

/** A member's range of messages: seq in (above, upTo]. */
export interface UnreadRange {
  readonly chatId: string;
  readonly userId: string;
  readonly above: number;
  readonly upTo: number;
}

/** How many messages of a range are the member's own, and how many of others' are deleted, as projected. */
export interface UnreadParts {
  readonly position: Position;
  readonly own: number;
  readonly othersDeleted: number;
}

/** The read models, for deciding. Rejections are retriable: the database is away. */
export interface SnapshotSource {
  load(wanted: Wanted): Promise<Snapshot>;
  unreadParts(range: UnreadRange): Promise<UnreadParts>;
}

export const messageKey = ({ chatId, seq }: NamedMessage): string => `${chatId}.${String(seq)}`;
export const commandKey = ({ chatId, actor, key }: NamedKey): string => `${chatId} ${actor} ${key}`;

/** Gathers look-ups of all partitions: one query is in flight, the next one carries all that came meanwhile. */
export interface LookUps {
  find(wanted: Wanted): Promise<Snapshot>;
}

/** One query names at most this many things, so that a burst cannot make one that takes seconds. */
const maxWantedPerQuery = 2_000;

interface Asked {
  readonly wanted: Wanted;
  readonly resolve: (snapshot: Snapshot) => void;
  readonly reject: (error: unknown) => void;
}

export function createLookUps(source: Pick<SnapshotSource, "load">): LookUps {
  let waiting: Asked[] = [];
  let running = false;

  async function run(): Promise<void> {
    running = true;
    await Promise.resolve();
    while (waiting.length > 0) {
      const taken = take();
      try {
        const snapshot = await source.load(merge(taken.map(({ wanted }) => wanted)));
        for (const asked of taken) asked.resolve(snapshot);
      } catch (error) {
        for (const asked of taken) asked.reject(error);
      }
    }
    running = false;
  }

  function take(): Asked[] {
    let size = 0;
    let count = 0;
    while (count < waiting.length && (count === 0 || size < maxWantedPerQuery)) {
      size += sizeOf(waiting[count]?.wanted);
      count += 1;
    }
    const taken = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return taken;
  }

  return {
    find: (wanted) =>
      new Promise((resolve, reject) => {
        waiting.push({ wanted, resolve, reject });
        if (!running) void run();
      }),
  };
}

function merge(all: readonly Wanted[]): Wanted {
  return {
    chats: [...new Set(all.flatMap(({ chats }) => chats))],
    messages: [...new Map(all.flatMap(({ messages }) => messages).map((named) => [messageKey(named), named])).values()],
    keys: [...new Map(all.flatMap(({ keys }) => keys).map((named) => [commandKey(named), named])).values()],
  };
}

function sizeOf(wanted: Wanted | undefined): number {
  return wanted === undefined ? 0 : wanted.chats.length + wanted.messages.length + wanted.keys.length;
}
