import { describe, expect, it } from "@jest/globals";
import { LogHalted, type EventLog } from "./event-log.ts";
import { createMemoryLog, type MemoryLog } from "./memory/memory-log.ts";
import { Fenced, leadPartition, OutcomeUnknown, type Leadership } from "./partition-writer.ts";
import { startOfPartition, type Position } from "./position.ts";

describe("an election", () => {
  it("is unknown when its append gets no clear answer, and the next one stands above it", async () => {
    const { log, memory } = logs();
    log.append = async (...append) => {
      await memory.append(...append);
      throw new Error("the answer was lost");
    };
    await expect(lead(log, "lost")).rejects.toThrow(OutcomeUnknown);
    log.append = memory.append;
    expect((await lead(log, "known")).epoch.offset).toBe(2);
  });

  it("is unknown when the log cannot be read up to it", async () => {
    const { log } = logs();
    log.read = failingRead;
    await expect(lead(log, "a")).rejects.toThrow(OutcomeUnknown);
  });

  it("is unknown when the log stops before it was read", async () => {
    const { log } = logs();
    log.read = emptyRead;
    await expect(lead(log, "a")).rejects.toThrow("stopped");
    await expect(lead(log, "b", { offset: 1, epoch: null })).rejects.toThrow("stopped");
  });

  it("is unknown when the log refuses it, which none should", async () => {
    const { log } = logs();
    log.append = () => Promise.resolve({ status: "fenced" });
    await expect(lead(log, "a")).rejects.toThrow(OutcomeUnknown);
  });

  it("halts when the log ends before what was known", async () => {
    const { log } = logs();
    await expect(lead(log, "a", { offset: 9, epoch: null })).rejects.toThrow("it was known up to 9");
  });

  it("halts when another record stands where it was acknowledged", async () => {
    const { log, memory } = logs();
    log.append = async (partition) =>
      memory.append(partition, [{ kind: "election", logId: "a-log", writer: "x", id: "x" }]);
    await expect(lead(log, "a")).rejects.toThrow("another record stands");
  });

  it("halts when what was known is no longer there, though the log has grown past it again", async () => {
    const { log, memory } = logs();
    const first = await lead(log, "a");
    await first.append([event("1"), event("lost")]);
    memory.records[0]?.splice(3);
    await lead(log, "b");
    await expect(lead(log, "c", first.position())).rejects.toThrow("the log was cut");
  });

  it("halts when learning does, and hands over in order all that lies before it", async () => {
    const { log } = logs();
    await (await lead(log, "a")).append([event("1"), event("2")]);
    const learned: string[] = [];
    await leadPartition({ log, partition: 0, writer: "b", electionId: "b" }, startOfPartition, ({ events }) => {
      learned.push(...events.map(({ value }) => value));
    });
    expect(learned).toEqual(["1", "2"]);
    const learning = leadPartition({ log, partition: 0, writer: "c", electionId: "c" }, startOfPartition, () => {
      throw new LogHalted(0, 2, "no JSON");
    });
    await expect(learning).rejects.toThrow("no JSON");
  });
});

describe("an append", () => {
  it("is settled at once when its base offset is the one expected", async () => {
    const { log } = logs();
    const leader = await lead(log, "a");
    log.read = failingRead;
    expect((await leader.append([event("1"), event("2")])).next).toEqual({ offset: 4, epoch: leader.epoch });
  });

  it("is settled when only void records stand before it", async () => {
    const { log, memory } = logs();
    const first = await lead(log, "a");
    const second = await lead(log, "b");
    await memory.append(0, [{ kind: "event", epoch: first.epoch, key: "chat", value: "void" }]);
    expect((await second.append([event("1")])).baseOffset).toBe(4);
    expect(second.position().offset).toBe(5);
  });

  it("is void when an Election stands before it, a late one of its own too", async () => {
    const { log, memory } = logs();
    const leader = await lead(log, "a");
    await memory.append(0, [{ kind: "election", logId: "a-log", writer: "a", id: "late" }]);
    await expect(leader.append([event("void")])).rejects.toThrow(Fenced);
  });

  it("is void when the log says that another epoch reigns", async () => {
    const { log } = logs();
    const leader = await lead(log, "a");
    log.append = () => Promise.resolve({ status: "fenced" });
    await expect(leader.append([event("void")])).rejects.toThrow(Fenced);
  });

  it("is unknown when it was rejected, whatever the error, and when the gap cannot be read", async () => {
    const { log, memory } = logs();
    const first = await lead(log, "a");
    log.append = () => Promise.reject(new Error("NOT_ENOUGH_REPLICAS_AFTER_APPEND"));
    await expect(first.append([event("1")])).rejects.toThrow(OutcomeUnknown);
    log.append = memory.append;
    const second = await lead(log, "b");
    await memory.append(0, [{ kind: "event", epoch: first.epoch, key: "chat", value: "void" }]);
    log.read = failingRead;
    await expect(second.append([event("2")])).rejects.toThrow(OutcomeUnknown);
  });

  it("is unknown when records of its own epoch stand before it that it does not know", async () => {
    const { log, memory } = logs();
    const leader = await lead(log, "a");
    await memory.append(0, [{ kind: "event", epoch: leader.epoch, key: "chat", value: "doubled" }]);
    await expect(leader.append([event("1")])).rejects.toThrow(OutcomeUnknown);
  });

  it("halts when its base offset is smaller than expected", async () => {
    const { log, memory } = logs();
    const leader = await lead(log, "a");
    await leader.append([event("1"), event("2")]);
    memory.records[0]?.splice(3);
    await expect(leader.append([event("3")])).rejects.toThrow(LogHalted);
  });

  it("passes on that the log has halted", async () => {
    const { log } = logs();
    const leader = await lead(log, "a");
    log.append = () => Promise.reject(new LogHalted(0, 1, "another log"));
    await expect(leader.append([event("1")])).rejects.toThrow(LogHalted);
  });
});

describe("a leadership", () => {
  it("is confirmed by an end that it expects, and by void records before the end", async () => {
    const { log, memory } = logs();
    const first = await lead(log, "a");
    const second = await lead(log, "b");
    await second.confirm();
    await memory.append(0, [{ kind: "event", epoch: first.epoch, key: "chat", value: "void" }]);
    await second.confirm();
    expect(second.position().offset).toBe(4);
  });

  it("is not confirmed when somebody was elected, when nobody answers, or when the partition is gone", async () => {
    const { log, memory } = logs();
    const first = await lead(log, "a");
    const second = await lead(log, "b");
    await expect(first.confirm()).rejects.toThrow(Fenced);
    log.ends = () => Promise.reject(new Error("the log is away"));
    await expect(second.confirm()).rejects.toThrow(OutcomeUnknown);
    log.ends = memory.ends;
    const third = await lead(log, "c");
    log.ends = () => Promise.resolve([]);
    await expect(third.confirm()).rejects.toThrow(LogHalted);
  });

  it("is over after the first failure", async () => {
    const { log, memory } = logs();
    const leader = await lead(log, "a");
    log.append = () => Promise.reject(new Error("no answer"));
    await expect(leader.append([event("1")])).rejects.toThrow(OutcomeUnknown);
    log.append = memory.append;
    await expect(leader.append([event("2")])).rejects.toThrow(Fenced);
    await expect(leader.confirm()).rejects.toThrow(Fenced);
  });

  it("has one append in flight", async () => {
    const { log } = logs();
    const leader = await lead(log, "a");
    const first = leader.append([event("1")]);
    await expect(leader.append([event("2")])).rejects.toThrow("one append in flight");
    await first;
  });
});

type Faulty = { -readonly [Name in keyof EventLog]: EventLog[Name] };

/** A log whose parts can be made to fail, over one that does not. */
function logs(): { log: Faulty; memory: MemoryLog } {
  const memory = createMemoryLog({ id: "a-log", partitions: 1 });
  return { log: { ...memory }, memory };
}

const event = (value: string) => ({ key: "chat", value });
const lead = (log: EventLog, electionId: string, from: Position = startOfPartition): Promise<Leadership> =>
  leadPartition({ log, partition: 0, writer: electionId, electionId }, from, () => undefined);

async function* failingRead(): AsyncGenerator<never> {
  yield* [];
  throw new Error("the log is away");
}

async function* emptyRead(): AsyncGenerator<never> {
  yield* [];
}
