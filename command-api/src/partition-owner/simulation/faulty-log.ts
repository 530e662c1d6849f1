import type { EventLog } from "@chat/shared/log/event-log";
import type { Machine } from "./machine.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";

/**
 * The log as one machine reaches it over a bad network: appends that come late or never, answers that are lost or
 * false, reading that breaks off. The log itself is the one of the specs; nothing here knows of the fence.
 */
export function createFaultyLog(log: EventLog, machine: Machine, network: Network, random: Random): EventLog {
  const travel = (): Promise<void> => network.request(machine, () => undefined);

  return {
    id: log.id,
    partitions: log.partitions,
    append: (partition, records) => network.request(machine, () => log.append(partition, records)),
    ends: () => network.request(machine, () => log.ends()),

    async *read(from, signal) {
      await travel();
      try {
        for await (const { partition, records, next } of log.read(from, signal)) {
          await travel();
          // What is read comes in pieces of any size, an empty one too.
          const cut = random.happens(0.3) ? random.below(records.length + 1) : records.length;
          const middle = next - records.length + cut;
          yield { partition, records: records.slice(0, cut), next: middle };
          if (middle === next) continue;
          await travel();
          yield { partition, records: records.slice(cut), next };
        }
      } catch (error) {
        await travel();
        throw error;
      }
    },

    close: () => Promise.resolve(),
  };
}
