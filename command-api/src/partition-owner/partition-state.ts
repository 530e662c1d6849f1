import { decodeEvent } from "@chat/shared/events/event-record";
import type { EventBatch } from "@chat/shared/log/fenced-reader";
import type { Settled } from "@chat/shared/log/partition-writer";
import { startOfPartition, type Position } from "@chat/shared/log/position";
import { createChatView, type ChatView, type Found } from "./chat-view.ts";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import type { DecisionBatch } from "./decide-batch.ts";
import { createPartitionTail, type PartitionTail } from "./partition-tail.ts";
import { StuckAtEvent } from "./stuck-at-event.ts";

/** Chat states of one partition that are kept for the next command. */
const maxStateBytes = 8 * 1024 * 1024;

/** What an owner knows of its partition: settled events that the read models may lack, and the chats as they are. */
export interface PartitionState {
  readonly view: ChatView;
  tail(): PartitionTail;
  /** Behind the last event that was taken in; null before the first election. */
  known(): Position | null;
  /** The event that could not be taken in: nothing is decided before the read models are beyond it. Else null. */
  stuckAt(): number | null;
  /** Forgets everything and begins where the read models are. */
  beginAnew(checkpoint: Position): void;
  /** Takes in what writers before us, or we with the answer lost, have appended. Throws `StuckAtEvent`. */
  learn(batch: EventBatch): void;
  /** Takes in a batch of ours that was settled. */
  settled(batch: DecisionBatch, where: Settled): void;
  /** Nothing was appended, and everything up to here is known. */
  confirmed(position: Position): void;
  /** What became of a command whose answer was in doubt: null when its events are not in the log. */
  landed(request: CommandRequest, found: Found | null): CommandOutcome | "not shown" | null;
}

export function createPartitionState(partition: number): PartitionState {
  let tail = createPartitionTail(startOfPartition);
  let known: Position | null = null;
  let stuckAt: number | null = null;
  const view = createChatView(() => tail, maxStateBytes);

  return {
    view,
    tail: () => tail,
    known: () => known,
    stuckAt: () => stuckAt,

    beginAnew(checkpoint) {
      tail = createPartitionTail(checkpoint);
      view.clear();
      known = checkpoint;
      stuckAt = null;
    },

    /** What stands behind an event that cannot be understood means nothing: nothing can be decided there. */
    learn(batch) {
      for (const { offset, value } of batch.events) {
        try {
          const record = decodeEvent(value);
          tail.add(offset, record, value.length);
          view.learn(record);
        } catch (error) {
          stuckAt = offset;
          throw new StuckAtEvent(partition, offset, error instanceof Error ? error.message : String(error));
        }
      }
      known = batch.next;
    },

    settled(batch, { baseOffset, next }) {
      known = next;
      batch.records.forEach((record, index) => {
        tail.add(baseOffset + index, record, batch.encoded[index]?.value.length ?? 0);
      });
      for (const [chatId, state] of batch.chats) view.keep(chatId, state);
    },

    confirmed(position) {
      known = position;
    },

    landed(request, found) {
      if (!tail.landed(request.id)) return null;
      const events = tail.eventsOf(request.chatId).filter(({ record }) => record.commandId === request.id);
      const chat = view.chat(request.chatId, found);
      if (chat === undefined || chat.status === "absent") return "not shown";
      const records = events.map(({ record }) => record);
      const seqs = records.flatMap(({ event }) => ("seq" in event ? [event.seq] : []));
      const message = seqs[0] === undefined ? null : view.message(request.chatId, seqs[0], found);
      return { status: "done", chat, message: message ?? undefined, events: records };
    },
  };
}
