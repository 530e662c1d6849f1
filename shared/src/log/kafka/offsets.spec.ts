import { describe, expect, it } from "@jest/globals";
import { createOffsets, type OffsetsAsker } from "./offsets.ts";

/** What one question is answered: the end of the only partition, once `meanwhile` has happened. */
interface Script {
  readonly end: number;
  readonly meanwhile?: () => void;
}

describe("asking Kafka where partitions end", () => {
  it("does not doubt an answer for what was appended while it was on its way", async () => {
    const kafka = answering({ end: 3, meanwhile: () => offsets.saw(0, 5) }, { end: 5 });
    const offsets = createOffsets(kafka, "a-topic");
    offsets.saw(0, 3);
    expect(await offsets.ranges()).toEqual([{ first: 0, end: 3 }]);
    expect(kafka.clients()).toBe(1);
    expect(kafka.left()).toBe(1);
  });

  it("doubts an answer below what was seen before the question, and asks by another connection", async () => {
    const kafka = answering({ end: 3 }, { end: 5 });
    const offsets = createOffsets(kafka, "a-topic");
    offsets.saw(0, 5);
    expect(await offsets.ranges()).toEqual([{ first: 0, end: 5 }]);
    expect(kafka.clients()).toBe(2);
  });

  it("remembers what was appended while an answer was on its way, and doubts the next one that lacks it", async () => {
    const kafka = answering({ end: 3, meanwhile: () => offsets.saw(0, 5) }, { end: 3 }, { end: 5 });
    const offsets = createOffsets(kafka, "a-topic");
    await offsets.ranges();
    expect(await offsets.ranges()).toEqual([{ first: 0, end: 5 }]);
    expect(kafka.left()).toBe(0);
  });

  it("gives a broker that is slow to take a connection the time it needs, whoever gave up waiting meanwhile", async () => {
    const taken = Promise.withResolvers<undefined>();
    const kafka = answering({ end: 3 });
    const slow = { admin: () => ({ ...kafka.admin(), connect: () => taken.promise }) };
    const offsets = createOffsets(slow, "a-topic", { answerWithinMs: 5, connectWithinMs: 60_000 });
    await expect(offsets.ranges()).rejects.toThrow("connecting to Kafka took longer than 5 ms");
    taken.resolve(undefined);
    expect(await offsets.ranges()).toEqual([{ first: 0, end: 3 }]);
    expect(kafka.clients()).toBe(1);
  });

  it("connects anew after a broker that takes no connection at all", async () => {
    const kafka = answering({ end: 3 });
    let refusals = 1;
    const connect = (): Promise<void> =>
      (refusals -= 1) >= 0 ? Promise.reject(new Error("connection refused")) : Promise.resolve();
    const offsets = createOffsets({ admin: () => ({ ...kafka.admin(), connect }) }, "a-topic");
    expect(await offsets.ranges()).toEqual([{ first: 0, end: 3 }]);
    expect(kafka.clients()).toBe(2);
  });
});

interface Asked {
  admin(): ReturnType<OffsetsAsker["admin"]>;
  /** How many were made. */
  clients(): number;
  /** Answers that nobody asked for yet. */
  left(): number;
}

/** A broker that answers these in turn. */
function answering(...scripts: Script[]): Asked {
  let clients = 0;
  return {
    clients: () => clients,
    left: () => scripts.length,
    admin() {
      clients += 1;
      return {
        connect: () => Promise.resolve(),
        disconnect: () => Promise.resolve(),
        fetchTopicOffsets: () => {
          const script = scripts.shift();
          if (script === undefined) return Promise.reject(new Error("asked once too often"));
          script.meanwhile?.();
          const high = String(script.end);
          return Promise.resolve([{ partition: 0, offset: high, high, low: "0" }]);
        },
      };
    },
  };
}
