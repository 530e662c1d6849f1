import { decodeEvent } from "@chat/shared/events/event-record";
import { LogHalted, type EventLog } from "@chat/shared/log/event-log";
import { readEvents, type EventBatch } from "@chat/shared/log/fenced-reader";
import { startOfPartition, type Position } from "@chat/shared/log/position";
import { apply, applyToMessage } from "../chat-view.ts";
import {
  initialState,
  type ActiveChat,
  type ChatState,
  type DeletedChat,
  type MessageState,
} from "../../domain/chat/state.ts";
import { commandKey, messageKey, type Snapshot, type Wanted } from "../look-ups.ts";
import { keyedCommand, type KeyedCommand } from "../partition-tail.ts";
import type { Machine } from "./machine.ts";
import type { Random } from "./random.ts";

/** The read models and the process that keeps them, in memory: rows and checkpoint of a batch change at once. */
export interface SimulatedProjector {
  positions(): ReadonlyMap<number, Position>;
  /** Rows and positions of one moment: those that are wanted, or all. */
  snapshot(wanted?: Wanted): Snapshot;
  /** Why it stopped for good; null as long as it goes on. */
  stopped(): Error | null;
}

interface Dependencies {
  readonly log: EventLog;
  readonly machine: Machine;
  readonly random: Random;
  /** How far it falls behind between two batches. */
  readonly longestLagMs: number;
}

export function startProjector({ log, machine, random, longestLagMs }: Dependencies): SimulatedProjector {
  const chats = new Map<string, ActiveChat | DeletedChat>();
  const messages = new Map<string, MessageState>();
  const keys = new Map<string, KeyedCommand>();
  const positions = new Map(Array.from({ length: log.partitions }, (_, partition) => [partition, startOfPartition]));

  function project(batch: EventBatch): void {
    for (const { value } of batch.events) {
      const record = decodeEvent(value);
      const { chatId, actor, idempotencyKey: key, requestHash, event } = record;
      const before: ChatState = chats.get(chatId) ?? initialState;
      const after = apply(before, record);
      if (after.status !== "absent") chats.set(chatId, after);
      if ("seq" in event) {
        const named = messageKey({ chatId, seq: event.seq });
        const message = applyToMessage(messages.get(named), record, event.seq);
        if (message !== undefined) messages.set(named, message);
      }
      if (key === null || requestHash === null) continue;
      const named = commandKey({ chatId, actor, key });
      if (!keys.has(named)) keys.set(named, keyedCommand(record, requestHash));
    }
    positions.set(batch.partition, batch.next);
  }

  async function run(): Promise<void> {
    for (;;) {
      try {
        for await (const batch of readEvents(log, positions, new AbortController().signal)) {
          await machine.clock.sleep(random.between(0, longestLagMs));
          project(batch);
        }
      } catch (error) {
        if (error instanceof LogHalted) throw error;
        await machine.clock.sleep(random.between(1, 50));
      }
    }
  }

  let stopped: Error | null = null;
  void run().catch((error: unknown) => {
    stopped = error instanceof Error ? error : new Error(String(error));
  });
  return {
    positions: () => new Map(positions),
    snapshot: (wanted) => ({
      positions: new Map(positions),
      chats: rowsOf(chats, wanted?.chats),
      messages: rowsOf(messages, wanted?.messages.map(messageKey)),
      keys: rowsOf(keys, wanted?.keys.map(commandKey)),
    }),
    stopped: () => stopped,
  };
}

function rowsOf<T>(rows: ReadonlyMap<string, T>, wanted: readonly string[] | undefined): ReadonlyMap<string, T> {
  return wanted === undefined ? new Map(rows) : new Map([...rows].filter(([key]) => wanted.includes(key)));
}
