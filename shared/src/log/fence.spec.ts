import { describe, expect, it } from "@jest/globals";
import { LogHalted, type LogRecord, type StoredRecord } from "./event-log.ts";
import { confirmWitness, judge, positionAfter, witnesses } from "./fence.ts";
import { startOfPartition, type Epoch, type Position } from "./position.ts";

const log = { id: "a-log", partitions: 4 };
const epoch: Epoch = { offset: 10, id: "e-12345678" };
const at: Position = { offset: 20, epoch };

const created = (more: object = {}): LogRecord => ({
  kind: "log-created",
  logId: "a-log",
  partition: 2,
  partitions: 4,
  ...more,
});
const election = (id: string, logId = "a-log"): LogRecord => ({ kind: "election", logId, writer: "w", id });
const event = (of: Epoch): LogRecord => ({ kind: "event", epoch: of, key: "chat", value: "{}" });
const stored = (record: LogRecord, offset = 20): StoredRecord => ({ ...record, offset });

describe("the fence", () => {
  it.each([
    ["a record of the reigning epoch is an event", at, stored(event(epoch)), "event"],
    ["a record of an older epoch is dropped", at, stored(event({ offset: 9, id: "x" })), "dropped"],
    ["an Election begins an epoch, whoever wrote it", at, stored(election("f")), "election"],
    ["LogCreated begins the partition", startOfPartition, stored(created(), 0), "log-created"],
  ])("%s", (_, position, record, verdict) => {
    expect(judge(log, 2, position, record)).toBe(verdict);
  });

  it.each([
    ["a record behind a hole", at, stored(event(epoch), 21), "hole"],
    ["a record that was read before", at, stored(event(epoch), 19), "hole"],
    ["a newer epoch, whose Election was never seen", at, stored(event({ offset: 15, id: "x" })), "never seen"],
    ["another Election at the same offset", at, stored(event({ offset: 10, id: "other" })), "other Elections"],
    ["an event before any Election", { offset: 1, epoch: null }, stored(event(epoch), 1), "never seen"],
    ["an Election of another log", at, stored(election("f", "b-log")), "Election of log b-log"],
    ["a log of another id", startOfPartition, stored(created({ logId: "b-log" }), 0), "this is log b-log"],
    ["another partition count", startOfPartition, stored(created({ partitions: 8 }), 0), "of 8"],
    ["another partition", startOfPartition, stored(created({ partition: 1 }), 0), "partition 1"],
    ["LogCreated anywhere but at 0", at, stored(created()), "offset 0"],
    ["anything but LogCreated at 0", startOfPartition, stored(election("f"), 0), "offset 0"],
  ])("halts at %s", (_, position, record, why) => {
    expect(() => judge(log, 2, position, record)).toThrow(LogHalted);
    expect(() => judge(log, 2, position, record)).toThrow(why);
  });
});

describe("a position", () => {
  it("moves on by one, and keeps its epoch until the next Election", () => {
    expect(positionAfter(at, stored(event(epoch)))).toEqual({ offset: 21, epoch });
    expect(positionAfter(at, stored(event({ offset: 1, id: "old" })))).toEqual({ offset: 21, epoch });
    expect(positionAfter(at, stored(election("f")))).toMatchObject({ offset: 21, epoch: { offset: 20 } });
  });

  it("has an epoch that stands for all Elections before it", () => {
    const read = (...ids: string[]): string | undefined =>
      ids.reduce((position, id) => positionAfter(position, stored(election(id), position.offset)), startOfPartition)
        .epoch?.id;
    expect(read("a", "b", "c")).toBe(read("a", "b", "c"));
    expect(read("a", "b", "c")).toMatch(/^c-[\w-]{8}$/);
    expect(read("a", "x", "c")).not.toBe(read("a", "b", "c"));
    expect(read("b", "c")).not.toBe(read("a", "b", "c"));
  });
});

describe("the witnesses of a position", () => {
  it("are the Election that reigns there and the last record before it", () => {
    expect([...witnesses(at)]).toEqual([10, 19]);
    expect([...witnesses({ offset: 11, epoch })]).toEqual([10]);
    expect([...witnesses({ offset: 1, epoch: null })]).toEqual([0]);
    expect([...witnesses(startOfPartition)]).toEqual([]);
  });

  it.each([
    ["the Election itself", stored(election("e"), 10)],
    ["an event of the epoch", stored(event(epoch), 19)],
    ["a record of an older epoch, dropped", stored(event({ offset: 3, id: "x" }), 19)],
  ])("agree: %s", (_, record) => {
    expect(() => {
      confirmWitness(2, at, record);
    }).not.toThrow();
  });

  it("agree: LogCreated, where no Election was seen yet", () => {
    expect(() => {
      confirmWitness(2, { offset: 1, epoch: null }, stored(created(), 0));
    }).not.toThrow();
  });

  it.each([
    ["another Election where ours was", stored(election("f"), 10)],
    ["an Election where an event was", stored(election("f"), 19)],
    ["an event where the Election was", stored(event(epoch), 10)],
    ["an event of a newer epoch", stored(event({ offset: 15, id: "x" }), 19)],
    ["an event of another epoch at the same offset", stored(event({ offset: 10, id: "x" }), 19)],
    ["LogCreated where an Election was seen", stored(created(), 19)],
  ])("halt: %s", (_, record) => {
    expect(() => {
      confirmWitness(2, at, record);
    }).toThrow(LogHalted);
  });
});
