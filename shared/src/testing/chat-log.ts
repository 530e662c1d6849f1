import { encodeEvent, type ChatEventRecord } from "../events/event-record.ts";
import { createMemoryLog, type MemoryLog } from "../log/memory/memory-log.ts";
import { leadPartition, type Leadership } from "../log/partition-writer.ts";
import { startOfPartition } from "../log/position.ts";

/** A log in memory that specs tell what has happened, through the writer that services use. */
export interface ChatLog extends MemoryLog {
  write(partition: number, records: readonly ChatEventRecord[]): Promise<void>;
  /** A record as no release has ever written it. Returns its offset. */
  writeRaw(partition: number, key: string, value: string): Promise<number>;
}

export async function createChatLog(partitions: number): Promise<ChatLog> {
  const log = createMemoryLog({ id: "spec", partitions });
  const leaders: Leadership[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const candidate = { log, partition, writer: "spec", electionId: `election-${partition}` };
    leaders.push(await leadPartition(candidate, startOfPartition, () => undefined));
  }
  const leaderOf = (partition: number): Leadership => {
    const leader = leaders[partition];
    if (leader === undefined) throw new Error(`there is no partition ${partition}`);
    return leader;
  };
  return {
    ...log,
    async write(partition, records) {
      if (records.length === 0) return;
      await leaderOf(partition).append(records.map((record) => ({ key: record.chatId, value: encodeEvent(record) })));
    },
    async writeRaw(partition, key, value) {
      const { baseOffset } = await leaderOf(partition).append([{ key, value }]);
      return baseOffset;
    },
  };
}
