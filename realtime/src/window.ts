import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { formatMessageId } from "@chat/shared/ids";
import { startOfPartition, type Position } from "@chat/shared/log/position";

/** An event as the tail has read it, decoded once for everybody. */
export interface SeenEvent {
  readonly partition: number;
  readonly offset: number;
  readonly record: ChatEventRecord;
  /** What it takes in the log; in memory it is a small multiple of that. */
  readonly bytes: number;
}

/**
 * The newest part of the log in memory: every event that was pushed, from before the read models' checkpoints on.
 *
 * Rows that were read at a checkpoint are brought to the present with it. `start` is what makes that safe: rows whose
 * checkpoint lies below it must be read again.
 */
export interface EventWindow {
  /** Begins, or begins anew, at these positions with nothing held. */
  begin(positions: ReadonlyMap<number, Position>): void;
  /** Takes what was pushed, and moves `end`. */
  add(partition: number, events: readonly SeenEvent[], next: Position): void;
  /** Every event from this offset on is held. */
  start(partition: number): number;
  /** Everything before it was pushed. */
  end(partition: number): Position;
  ends(): ReadonlyMap<number, Position>;
  /** The events from `offset` on, oldest first; null when `offset` lies below `start`. */
  from(partition: number, offset: number): readonly SeenEvent[] | null;
  /** The newest event held that edited or deleted this message. */
  changeOf(chatId: string, seq: number): ChatEventRecord | undefined;
  /** Forgets the oldest events below the checkpoints until at most `keepBytes` are held. */
  cut(checkpoints: ReadonlyMap<number, Position>, keepBytes: number): void;
  bytes(): number;
}

interface Lane {
  events: SeenEvent[];
  /** How many at the front of `events` were forgotten: taking them out one by one would move all others each time. */
  forgotten: number;
  start: number;
  end: Position;
}

export function createEventWindow(partitions: number): EventWindow {
  let lanes = emptyLanes(new Map());
  let bytes = 0;
  const changes = new Map<string, ChatEventRecord>();

  function emptyLanes(positions: ReadonlyMap<number, Position>): Lane[] {
    return Array.from({ length: partitions }, (_, partition) => {
      const end = positions.get(partition) ?? startOfPartition;
      return { events: [], forgotten: 0, start: end.offset, end };
    });
  }

  function laneOf(partition: number): Lane {
    const lane = lanes[partition];
    if (lane === undefined) throw new RangeError(`there is no partition ${partition}`);
    return lane;
  }

  function forgetChange({ record }: SeenEvent): void {
    const changed = changedMessage(record);
    if (changed !== null && changes.get(changed) === record) changes.delete(changed);
  }

  return {
    begin(positions) {
      lanes = emptyLanes(positions);
      bytes = 0;
      changes.clear();
    },

    add(partition, events, next) {
      const lane = laneOf(partition);
      for (const event of events) {
        lane.events.push(event);
        bytes += event.bytes;
        const changed = changedMessage(event.record);
        if (changed !== null) changes.set(changed, event.record);
      }
      lane.end = next;
    },

    start: (partition) => laneOf(partition).start,
    end: (partition) => laneOf(partition).end,
    ends: () => new Map(lanes.map((lane, partition) => [partition, lane.end])),

    from(partition, offset) {
      const lane = laneOf(partition);
      return offset < lane.start ? null : lane.events.slice(firstFrom(lane, offset));
    },

    changeOf: (chatId, seq) => changes.get(formatMessageId(chatId, seq)),

    cut(checkpoints, keepBytes) {
      // The partition that holds most goes first: a busy chat must not cost the quiet ones their past.
      const held = lanes
        .map((lane, partition) => ({ lane, checkpoint: checkpoints.get(partition)?.offset ?? 0 }))
        .sort((a, b) => b.lane.events.length - b.lane.forgotten - (a.lane.events.length - a.lane.forgotten));
      for (const { lane, checkpoint } of held) {
        if (bytes <= keepBytes) return;
        bytes -= forget(lane, checkpoint, bytes - keepBytes, forgetChange);
      }
    },

    bytes: () => bytes,
  };
}

/** The id of the message that the event changes, if it changes one. */
function changedMessage({ chatId, event }: ChatEventRecord): string | null {
  if (event.type !== "MessageEdited" && event.type !== "MessageDeleted") return null;
  return formatMessageId(chatId, event.seq);
}

/** Forgets events below `checkpoint`, oldest first, until `excess` bytes are gone; says how many went. */
function forget(lane: Lane, checkpoint: number, excess: number, forgotten: (event: SeenEvent) => void): number {
  let gone = 0;
  let event = lane.events[lane.forgotten];
  while (gone < excess && event !== undefined && event.offset < checkpoint) {
    gone += event.bytes;
    forgotten(event);
    lane.start = event.offset + 1;
    lane.forgotten += 1;
    event = lane.events[lane.forgotten];
  }
  if (lane.forgotten * 2 > lane.events.length) {
    lane.events = lane.events.slice(lane.forgotten);
    lane.forgotten = 0;
  }
  return gone;
}

/** The index of the first event at or behind `offset`, by halving. */
function firstFrom(lane: Lane, offset: number): number {
  let low = lane.forgotten;
  let high = lane.events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const event = lane.events[middle];
    if (event !== undefined && event.offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
