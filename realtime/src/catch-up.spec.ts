import { describe, expect, it } from "@jest/globals";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import { send, sends } from "@chat/shared/testing/chat-facts";
import { createCatchUp, type LateDevice } from "./catch-up.ts";
import type { CatchUpRows } from "./catch-up-rows.ts";
import { createGate } from "./gate.ts";
import { nativeProtocol } from "./protocols/native.ts";
import type { StreamPlace } from "./pushes.ts";
import type { LateEvent } from "./replay.ts";
import { noFacts } from "./testing/no-facts.ts";
import { createEventWindow } from "./window.ts";

const userId = "7";
const at = (offset: number) => ({ offset, epoch: null });

function late(chatId: string, offset: number, version: number, event: ChatEvent): LateEvent {
  const unknown = { id: "", commandId: "", requestHash: null, traceParent: null, idempotencyKey: null };
  const record = { ...unknown, chatId, version, actor: "1", at: "2026-01-02T03:04:05.000Z", event };
  return { partition: 0, offset, record, bytes: 100 };
}

/** A journal with 1,500 messages of a chat that the user has left since, over one partition. */
function playground() {
  const journal = sends(1, 1_500).map((event, index) => late("left", index, index + 1, event));
  const window = createEventWindow(1);
  window.begin(new Map([[0, at(journal.length)]]));
  let checkpoint = journal.length;
  const heard: number[] = [];
  const limits: number[] = [];
  let live = false;
  /** Called before a slice is read. */
  let reading = (_after: number): void => undefined;
  const rows: CatchUpRows = {
    spans: async (_user, _chat, since) => {
      const span = { chatId: "left", from: 0, to: journal.length, partition: 0, nextOffset: since[0] ?? 0 };
      return { rows: [span], positions: new Map([[0, at(checkpoint)]]) };
    },
    events: async (wanted, limit) => {
      const after = wanted[0]?.after ?? 0;
      const positions = new Map([[0, at(checkpoint)]]);
      limits.push(limit);
      reading(after);
      return { rows: journal.slice(after, after + limit), positions };
    },
  };
  const catchUp = createCatchUp({
    logId: "log",
    rows,
    window,
    facts: { forOne: () => noFacts },
    tail: {
      between(work) {
        work();
        return () => undefined;
      },
      reached: async () => true,
    },
    logger: createLogger({ service: "spec", level: "silent" }),
    counted: () => undefined,
    gate: createGate(4),
  });
  const device: LateDevice = {
    protocol: nativeProtocol,
    person: { userId, devices: new Set(), catchingUp: new Set(), chats: new Set(["other"]) },
    chatId: null,
    set stream(_place: StreamPlace) {},
    push(frames) {
      for (const [, version] of frames.toString("latin1").matchAll(/"version":(\d+)/g)) heard.push(Number(version));
    },
    drained: () => new Promise((resolve) => setImmediate(() => resolve(true))),
    close: () => undefined,
  };
  return {
    heard,
    limits,
    whenReading: (then: (after: number) => void) => (reading = then),
    /** Something happens elsewhere that memory cannot keep: it lies behind what the rows knew before. */
    windowIsCut() {
      window.add(0, [late("other", checkpoint, 1, send(1))], at(checkpoint + 1));
      checkpoint += 1;
      window.cut(new Map([[0, at(checkpoint)]]), 0);
    },
    begin: () => catchUp.begin(device, [0], () => (live = true)),
    isLive: () => live,
  };
}

const all = Array.from({ length: 1_500 }, (_, index) => index + 1);

describe("a device that is told from the journal what it missed", () => {
  it("hears all, once and in order, in slices that grow after the first", async () => {
    const one = playground();
    one.begin();
    await eventually(() => expect(one.isLive()).toBe(true));
    expect(one.heard).toEqual(all);
    expect(one.limits.length).toBeLessThan(6);
  });

  it("misses nothing of a chat that it has left, when memory was cut meanwhile", async () => {
    const one = playground();
    let cuts = 0;
    one.whenReading(() => {
      if (cuts < 3) one.windowIsCut();
      cuts += 1;
    });
    one.begin();
    await eventually(() => expect(one.isLive()).toBe(true));
    expect(one.heard).toEqual(all);
  });
});
