import type { ChatEventRecord } from "@chat/shared/events/event-record";
import type { Position } from "@chat/shared/log/position";

/** A keyed command that was settled: the same key again gets the same answer. */
export interface KeyedCommand {
  readonly requestHash: string;
  /** Version of its first event. */
  readonly version: number;
  /** The message that it sent, edited or deleted. */
  readonly seq: number | null;
}

export interface TailEvent {
  readonly offset: number;
  readonly record: ChatEventRecord;
}

/**
 * The settled events of one partition from `start()` on, in memory: what the read models may not hold yet.
 *
 * A snapshot of the read models at position p, plus the events here from p on, is the newest state. That holds only
 * for p at or above `start()`: a snapshot from below has missed events that were cut, and must be read again.
 */
export interface PartitionTail {
  start(): number;
  /** About how much memory it holds. */
  bytes(): number;
  eventsOf(chatId: string): readonly TailEvent[];
  keyed(chatId: string, actor: string, key: string): KeyedCommand | undefined;
  /** Whether a command's events are here: after an unknown outcome, whether they landed. */
  landed(commandId: string): boolean;
  add(offset: number, record: ChatEventRecord, bytes: number): void;
  /** Forgets what lies below `offset`: the read models hold it. */
  cut(offset: number): void;
}

interface Entry extends TailEvent {
  readonly bytes: number;
}

/** What an event costs beside its text: objects, maps. */
const overheadBytes = 400;

export function createPartitionTail(from: Position): PartitionTail {
  let start = from.offset;
  let bytes = 0;
  let entries: Entry[] = [];
  const byChat = new Map<string, Entry[]>();
  const byKey = new Map<string, KeyedCommand & { readonly offset: number }>();
  const byCommand = new Map<string, number>();

  function forget({ record, offset, bytes: freed }: Entry): void {
    bytes -= freed;
    const ofChat = byChat.get(record.chatId);
    if (ofChat?.[0]?.offset === offset) ofChat.shift();
    if (ofChat?.length === 0) byChat.delete(record.chatId);
    if (record.idempotencyKey !== null) byKey.delete(keyOf(record.chatId, record.actor, record.idempotencyKey));
    byCommand.delete(record.commandId);
  }

  return {
    start: () => start,
    bytes: () => bytes,
    eventsOf: (chatId) => byChat.get(chatId) ?? [],
    keyed: (chatId, actor, key) => byKey.get(keyOf(chatId, actor, key)),
    landed: (commandId) => byCommand.has(commandId),
    add(offset, record, recordBytes) {
      const entry = { offset, record, bytes: recordBytes + overheadBytes };
      bytes += entry.bytes;
      entries.push(entry);
      const ofChat = byChat.get(record.chatId);
      if (ofChat === undefined) byChat.set(record.chatId, [entry]);
      else ofChat.push(entry);
      byCommand.set(record.commandId, offset);
      if (record.idempotencyKey === null || record.requestHash === null) return;
      const key = keyOf(record.chatId, record.actor, record.idempotencyKey);
      // A command's first event stands for it.
      if (!byKey.has(key)) byKey.set(key, { ...keyedCommand(record, record.requestHash), offset });
    },
    cut(offset) {
      if (offset <= start) return;
      start = offset;
      let kept = 0;
      while (kept < entries.length && (entries[kept]?.offset ?? offset) < offset) kept += 1;
      for (const entry of entries.slice(0, kept)) forget(entry);
      entries = entries.slice(kept);
    },
  };
}

export function keyedCommand(record: ChatEventRecord, requestHash: string): KeyedCommand {
  const { event } = record;
  return { requestHash, version: record.version, seq: "seq" in event ? event.seq : null };
}

const keyOf = (chatId: string, actor: string, key: string): string => `${chatId} ${actor} ${key}`;
