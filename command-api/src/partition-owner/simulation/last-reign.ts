import { encodeEvent } from "@chat/shared/events/event-record";
import type { EventLog } from "@chat/shared/log/event-log";
import { leadPartition, type NewEvent } from "@chat/shared/log/partition-writer";
import { startOfPartition } from "@chat/shared/log/position";
import type { World } from "./world.ts";

/**
 * Wakes whoever waits for more. After a cut the log grows past what anybody knew: who slept meanwhile notices it by the
 * first event of the next reign at the latest.
 */
export async function endWithAnotherReign({ log, memory, history }: World): Promise<void> {
  for (let partition = 0; partition < memory.partitions; partition += 1) {
    try {
      const first = await leadPartition(theEnd(log, partition, "end"), startOfPartition, () => undefined);
      if (history.cutAt === null) continue;
      for (let count = 0; count <= history.cutRecords; count += 1) await first.append([lastEvent(count)]);
      const second = await leadPartition(theEnd(log, partition, "very-end"), first.position(), () => undefined);
      await second.append([lastEvent(history.cutRecords + 1)]);
    } catch (error) {
      history.note(`the log cannot be led any more: ${String(error)}`);
    }
  }
}

const theEnd = (log: EventLog, partition: number, electionId: string): Parameters<typeof leadPartition>[0] => ({
  log,
  partition,
  writer: "the end",
  electionId,
});

/** Anything, as long as it can be projected. */
function lastEvent(number: number): NewEvent {
  const chatId = `00000000-0000-7000-8000-1${String(number).padStart(11, "0")}`;
  const value = encodeEvent({
    id: "end",
    chatId,
    version: 1,
    actor: "1",
    at: "2026-01-02T00:00:00.000Z",
    commandId: "end",
    idempotencyKey: null,
    requestHash: null,
    traceParent: null,
    event: {
      type: "ChatCreated",
      chatType: "group",
      members: [{ userId: "1", role: "owner" }],
      content: { title: null, description: null },
    },
  });
  return { key: chatId, value };
}
