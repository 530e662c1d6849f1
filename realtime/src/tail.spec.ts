import { describe, expect, it } from "@jest/globals";
import { encodeEvent } from "@chat/shared/events/event-record";
import { LogHalted } from "@chat/shared/log/event-log";
import { createMemoryLog } from "@chat/shared/log/memory/memory-log";
import { leadPartition } from "@chat/shared/log/partition-writer";
import { startOfPartition, type Position } from "@chat/shared/log/position";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import { createTail, type TailBatch, type TailOptions } from "./tail.ts";
import { createEventWindow } from "./window.ts";

const logger = createLogger({ service: "spec", level: "silent" });
const chatId = "0197a3c0-0000-7000-8000-000000000001";

function encoded(version: number): string {
  const id = "0197a3c0-0000-7000-8000-00000000000e";
  const rest = { commandId: id, idempotencyKey: null, requestHash: null, traceParent: null };
  const event = { type: "ChatDeleted" } as const;
  return encodeEvent({ id, chatId, version, actor: "1", at: "2026-01-02T03:04:05.000Z", event, ...rest });
}

/** A tail over two partitions with an Election in each; what it tells is noted as `partition:version`. */
async function withTail(
  options: Partial<TailOptions>,
  use: (play: {
    append: (partition: number, ...values: string[]) => Promise<unknown>;
    told: string[];
    tail: ReturnType<typeof createTail>;
    window: ReturnType<typeof createEventWindow>;
    log: ReturnType<typeof createMemoryLog>;
  }) => Promise<void>,
): Promise<void> {
  const log = createMemoryLog({ id: "a-log", partitions: 2 });
  const leaders = await Promise.all(
    [0, 1].map((partition) =>
      leadPartition({ log, partition, writer: "spec", electionId: "spec" }, startOfPartition, () => undefined),
    ),
  );
  const window = createEventWindow(log.partitions);
  const told: string[] = [];
  const tell = ({ partition, events }: TailBatch) => {
    for (const { record } of events) told.push(`${partition}:${record.version}`);
  };
  const tail = createTail({
    log,
    window,
    logger,
    // The other partition has no checkpoint yet.
    checkpoints: async () => new Map(leaders.slice(0, 1).map((leader) => [0, leader.position()])),
    prepare: (batch) => () => tell(batch),
    halted: () => undefined,
    ...options,
    ...(options.prepare === undefined
      ? {}
      : {
          prepare: async (batch: TailBatch) => {
            await options.prepare?.(batch);
            return () => tell(batch);
          },
        }),
  });
  await tail.start();
  const append = async (partition: number, ...values: string[]) =>
    leaders[partition]?.append(values.map((value) => ({ key: chatId, value })));
  try {
    await use({ append, told, tail, window, log });
  } finally {
    await tail.stop();
    await log.close();
  }
}

describe("the tail", () => {
  it("begins at the checkpoints", () =>
    withTail({}, async ({ append, told, window }) => {
      await append(0, encoded(1));
      await append(1, encoded(1));
      await eventually(() => expect([...told].sort()).toEqual(["0:1", "1:1"]));
      expect([window.start(0), window.start(1)]).toEqual([2, 0]);
    }));

  it("stops a partition at what it cannot read, tells what comes before, and goes on with the others", () =>
    withTail({}, async ({ append, told, tail, window }) => {
      await append(0, encoded(1), "{}", encoded(2));
      await eventually(() => expect(tail.stopped().has(0)).toBe(true));
      await append(0, encoded(3));
      await append(1, encoded(1));
      await eventually(() => expect(told).toEqual(["0:1", "1:1"]));
      expect(window.end(0).offset).toBe(3);
    }));

  it("goes on behind what it cannot read once the read models have got past it, and says so before", () => {
    const order: string[] = [];
    const skipped = { offset: 4, epoch: null };
    let checkpoint: Position | null = null;
    const checkpoints = async () => new Map<number, Position>(checkpoint === null ? [] : [[0, checkpoint]]);
    const goesOn = (partition: number): void => void order.push(`goes on: ${partition}`);
    const prepare = (batch: TailBatch) => {
      order.push(...batch.events.map(({ offset }) => `told: ${offset}`));
      return () => undefined;
    };
    return withTail({ checkpoints, goesOn, prepare }, async ({ append, tail, window }) => {
      await append(0, encoded(1), "{}", encoded(2));
      await append(0, encoded(3));
      await eventually(() => expect(tail.stopped().has(0)).toBe(true));
      checkpoint = skipped;
      await eventually(() => expect(order).toEqual(["told: 2", "goes on: 0", "told: 4", "told: 5"]), {
        within: 20_000,
      });
      expect(tail.stopped().has(0)).toBe(false);
      expect(window.end(0).offset).toBe(6);
    });
  });

  it("tells a batch once, also when its facts could not be read at first", () => {
    let failures = 2;
    const prepare = async (batch: TailBatch) => {
      if (batch.events.length > 0 && failures-- > 0) throw new Error("the database is away");
      return () => undefined;
    };
    return withTail({ prepare }, async ({ append, told }) => {
      await append(0, encoded(1));
      await append(0, encoded(2));
      await eventually(() => expect(told).toEqual(["0:1", "0:2"]));
    });
  });

  it("lets nobody in while a batch is half told", () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const prepare = async (batch: TailBatch) => {
      if (batch.events.length > 0) await held;
      return () => undefined;
    };
    return withTail({ prepare }, async ({ append, told, tail, window }) => {
      await eventually(() => expect(window.end(1).offset).toBe(2));
      await append(0, encoded(1));
      await new Promise((resolve) => setImmediate(resolve));
      const seen: string[][] = [];
      tail.between(() => seen.push([...told]) > 0);
      expect(seen).toEqual([]);
      release();
      await eventually(() => expect(seen).toEqual([["0:1"]]));
    });
  });

  it("says that the log was cut, and tells nothing more", () => {
    const halts: LogHalted[] = [];
    return withTail({ halted: (error) => halts.push(error) }, async ({ append, log, told }) => {
      await append(0, encoded(1));
      await eventually(() => expect(told).toEqual(["0:1"]));
      log.records[0]?.splice(2);
      await append(1, encoded(1));
      await eventually(() => expect(halts).toHaveLength(1));
      expect(halts[0]).toBeInstanceOf(LogHalted);
    });
  });
});
