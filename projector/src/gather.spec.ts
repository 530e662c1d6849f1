import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { EventBatch } from "@chat/shared/log/fenced-reader";
import { createWakeup, type Wakeup } from "@chat/shared/wakeup";
import { gather, type Gathered, type Patience } from "./gather.ts";

const epoch = { offset: 1, id: "e" };
const maxEvents = 4;

describe("what a batch waits for", () => {
  let over: AbortController;
  let wanted: Wakeup;
  let source: Source;
  let gathered: Gathered;

  beforeEach(() => {
    over = new AbortController();
    wanted = createWakeup();
    source = createSource();
    gathered = gather(source.batches(), { maxEvents, wanted, signal: over.signal });
  });

  afterEach(() => {
    over.abort();
  });

  it("is nothing without patience, and what belongs to one partition is joined", async () => {
    await source.give(0, 1);
    await source.give(1, 1);
    await source.give(0, 2);
    expect(offsetsOf(await gathered.take(aLongTime))).toEqual({ 0: [1, 2], 1: [1] });
  });

  it("is more, as long as nobody wants it", async () => {
    await source.give(0, 1);
    const batch = gathered.take(aLongTime, patient());
    await source.give(0, 2);
    wanted.wake();
    expect(offsetsOf(await batch)).toEqual({ 0: [1, 2] });
  });

  it("is not more than there is room for", async () => {
    await source.give(0, 1);
    const batch = gathered.take(aLongTime, patient());
    for (let offset = 2; offset <= maxEvents; offset += 1) await source.give(0, offset);
    expect(offsetsOf(await batch)).toEqual({ 0: [1, 2, 3, 4] });
  });

  it("is said at once when the source fails, behind all that came before", async () => {
    await source.give(0, 1);
    const batch = gathered.take(aLongTime, patient());
    source.fail(new Error("the log is away"));
    expect(offsetsOf(await batch)).toEqual({ 0: [1] });
    await expect(gathered.take(aLongTime)).rejects.toThrow("the log is away");
  });
});

const aLongTime = 600_000;
const patient = (): Patience => ({ until: performance.now() + aLongTime, untilIfWanted: performance.now() });

interface Source {
  batches(): AsyncGenerator<EventBatch>;
  /** Resolves when the event was taken. */
  give(partition: number, offset: number): Promise<void>;
  fail(error: Error): void;
}

function createSource(): Source {
  let next = Promise.withResolvers<EventBatch>();
  let taken = Promise.withResolvers<undefined>();
  return {
    async *batches() {
      for (;;) {
        const batch = await next.promise;
        next = Promise.withResolvers();
        yield batch;
        taken.resolve(undefined);
      }
    },
    async give(partition, offset) {
      taken = Promise.withResolvers();
      const event = { kind: "event" as const, offset, epoch, key: "k", value: "{}" };
      next.resolve({ partition, events: [event], next: { offset: offset + 1, epoch } });
      await taken.promise;
    },
    fail(error) {
      next.reject(error);
    },
  };
}

function offsetsOf(batches: readonly EventBatch[]): Record<number, readonly number[]> {
  return Object.fromEntries(batches.map(({ partition, events }) => [partition, events.map(({ offset }) => offset)]));
}
