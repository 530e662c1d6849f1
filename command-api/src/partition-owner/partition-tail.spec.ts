import { describe, expect, it } from "@jest/globals";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { createPartitionTail } from "./partition-tail.ts";

describe("the tail of a partition", () => {
  it("holds a chat's events from its start on, in order", () => {
    const tail = tailOf([10, sent(1)], [12, sent(2)], [13, { ...sent(1), chatId: "other" }]);
    expect(tail.start()).toBe(10);
    expect(tail.eventsOf("chat").map(({ offset }) => offset)).toEqual([10, 12]);
    expect(tail.eventsOf("other")).toHaveLength(1);
    expect(tail.eventsOf("unknown")).toEqual([]);
  });

  it("knows which commands landed, and what a key did", () => {
    const tail = tailOf([10, sent(7, { key: "k", command: "c1" })]);
    expect([tail.landed("c1"), tail.landed("c2")]).toEqual([true, false]);
    expect(tail.keyed("chat", "1", "k")).toMatchObject({ requestHash: "hash of k", version: 7, seq: 7 });
    expect(tail.keyed("chat", "2", "k")).toBeUndefined();
    expect(tail.keyed("other", "1", "k")).toBeUndefined();
  });

  it("lets a command's first event stand for it", () => {
    const fullyRead = { ...sent(8, { key: "k", command: "c1" }), event: { type: "ChatDeleted" } as const };
    const tail = tailOf([10, sent(7, { key: "k", command: "c1" })], [11, fullyRead]);
    expect(tail.keyed("chat", "1", "k")?.version).toBe(7);
  });

  it("forgets what lies below a cut, and nothing else", () => {
    const tail = tailOf([10, sent(1, { key: "a", command: "c1" })], [11, sent(2, { key: "b", command: "c2" })]);
    const bytes = tail.bytes();
    tail.cut(11);
    expect(tail.start()).toBe(11);
    expect(tail.eventsOf("chat").map(({ offset }) => offset)).toEqual([11]);
    expect([tail.landed("c1"), tail.landed("c2")]).toEqual([false, true]);
    expect([tail.keyed("chat", "1", "a"), tail.keyed("chat", "1", "b")?.seq]).toEqual([undefined, 2]);
    expect(tail.bytes()).toBe(bytes / 2);
    tail.cut(50);
    expect([tail.start(), tail.bytes(), tail.eventsOf("chat").length]).toEqual([50, 0, 0]);
  });

  it("never begins earlier again", () => {
    const tail = tailOf([10, sent(1)]);
    tail.cut(20);
    tail.cut(15);
    expect(tail.start()).toBe(20);
  });

  it("can be cut where nothing was read yet, and goes on from there", () => {
    const tail = tailOf();
    tail.cut(30);
    tail.add(30, sent(1), 100);
    expect(tail.eventsOf("chat")).toHaveLength(1);
  });
});

function tailOf(...events: readonly (readonly [offset: number, record: ChatEventRecord])[]) {
  const tail = createPartitionTail({ offset: 10, epoch: null });
  for (const [offset, record] of events) tail.add(offset, record, 100);
  return tail;
}

function sent(
  seq: number,
  { key, command = `c${String(seq)}` }: { key?: string; command?: string } = {},
): ChatEventRecord {
  return {
    id: `e${String(seq)}`,
    chatId: "chat",
    version: seq,
    actor: "1",
    at: "2026-01-01T00:00:00.000Z",
    commandId: command,
    idempotencyKey: key ?? null,
    requestHash: key === undefined ? null : `hash of ${key}`,
    traceParent: null,
    event: { type: "MessageSent", seq, replyTo: null, content: { text: "text" } },
  };
}
