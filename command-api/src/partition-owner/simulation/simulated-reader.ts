import { LogHalted, type EventLog } from "@chat/shared/log/event-log";
import type { readEvents, StoredEvent } from "@chat/shared/log/fenced-reader";
import { startOfPartition, type Position } from "@chat/shared/log/position";
import type { Machine } from "./machine.ts";
import type { Random } from "./random.ts";

/** A consumer of one partition, and all that it was given. */
export interface SimulatedReader {
  readonly name: string;
  readonly partition: number;
  readonly seen: readonly StoredEvent[];
  position(): Position;
  halted(): LogHalted | null;
}

interface Dependencies {
  readonly name: string;
  readonly log: EventLog;
  readonly partition: number;
  readonly machine: Machine;
  readonly random: Random;
  readonly read: typeof readEvents;
  /** Goes on from the checkpoint of another reader, with what that one had seen. */
  readonly after?: SimulatedReader;
}

export function startReader({ name, log, partition, machine, random, read, after }: Dependencies): SimulatedReader {
  const seen: StoredEvent[] = after === undefined ? [] : [...after.seen];
  let position = after === undefined ? startOfPartition : after.position();
  let halted: LogHalted | null = null;

  async function run(): Promise<void> {
    while (halted === null) {
      try {
        for await (const batch of read(log, new Map([[partition, position]]), new AbortController().signal)) {
          seen.push(...batch.events);
          position = batch.next;
          if (random.happens(0.1)) await machine.clock.sleep(random.between(0, 200));
        }
      } catch (error) {
        if (error instanceof LogHalted) halted = error;
        else await machine.clock.sleep(random.between(1, 50));
      }
    }
  }

  void run();
  return { name, partition, seen, position: () => position, halted: () => halted };
}
