import type { ChatEvent } from "../events/chat-events.ts";
import { encodeEvent } from "../events/event-record.ts";
import { newEventId } from "../ids.ts";
import type { EventLog } from "../log/event-log.ts";
import { leadPartition, type Leadership } from "../log/partition-writer.ts";
import { startOfPartition } from "../log/position.ts";
import { partitionOf } from "../partitions/partition-of.ts";

/** Appends events as the owner of each chat's partition would; versions are counted here. One append after the other. */
export type AppendChatEvents = (chatId: string, actor: string, ...events: readonly ChatEvent[]) => Promise<void>;

export function createChatWriter(log: EventLog): AppendChatEvents {
  const versions = new Map<string, number>();
  const leaders = new Map<number, Promise<Leadership>>();
  let before: Promise<unknown> = Promise.resolve();

  return (chatId, actor, ...events) => {
    const partition = partitionOf(chatId, log.partitions);
    const news = events.map((event) => {
      const version = (versions.get(chatId) ?? 0) + 1;
      versions.set(chatId, version);
      const id = newEventId();
      const rest = { commandId: id, idempotencyKey: null, requestHash: null, traceParent: null };
      const value = encodeEvent({ id, chatId, version, actor, at: new Date().toISOString(), event, ...rest });
      return { key: chatId, value };
    });
    const append = async (): Promise<void> => {
      const leader =
        leaders.get(partition) ??
        leadPartition({ log, partition, writer: "spec", electionId: "spec" }, startOfPartition, () => undefined);
      leaders.set(partition, leader);
      await (await leader).append(news);
    };
    const done = before.then(append);
    before = done;
    return done;
  };
}
