import { describe, expect, it } from "@jest/globals";
import { eventually } from "../testing/eventually.ts";
import { decodeSignal, encodeSignal } from "./signal.ts";
import { createSignalQueue } from "./signal-queue.ts";
import { beat } from "./signals.contract.ts";

const maxMessageBytes = 1_000;

/** A queue before a server that is played by the spec. */
function play(send: (message: string) => Promise<void>) {
  const sent: string[] = [];
  let at = 0;
  const queue = createSignalQueue({
    maxMessageBytes,
    now: () => at,
    send(message) {
      sent.push(message);
      return send(message);
    },
  });
  const numbers = () =>
    sent.flatMap((message) => message.split("\n").map((line) => (JSON.parse(line) as { number: number }).number));
  return { queue, sent, numbers, pass: (ms: number) => void (at += ms) };
}

describe("the queue of signals", () => {
  it("gathers them into messages of a bounded size, one at a time and in order", async () => {
    let underWay = 0;
    const { queue, sent, numbers } = play(async () => {
      underWay += 1;
      expect(underWay).toBe(1);
      await new Promise(setImmediate);
      underWay -= 1;
    });
    const all = Array.from({ length: 200 }, (_, index) => index);
    for (const number of all) queue.push(beat("x", number));
    await eventually(() => expect(numbers()).toEqual(all));
    expect(sent.length).toBeLessThan(20);
    for (const message of sent) expect(Buffer.byteLength(message)).toBeLessThanOrEqual(maxMessageBytes);
    expect(queue.lost()).toBe(0);
    await queue.stop();
  });

  it("loses what a server that is away does not take, and goes on with what is new", async () => {
    let away = true;
    const { queue, numbers } = play(() => (away ? Promise.reject(new Error("away")) : Promise.resolve()));
    queue.push(beat("x", 1));
    await eventually(() => expect(queue.lost()).toBe(1));
    away = false;
    queue.push(beat("x", 2));
    await eventually(() => expect(numbers()).toEqual([1, 2]));
    await queue.stop();
  });

  it("keeps a bounded number while it must wait, drops what became stale, and counts all of it", async () => {
    const first = Promise.withResolvers<null>();
    let sends = 0;
    const { queue, numbers, pass } = play(() =>
      (sends += 1) === 1 ? first.promise.then(() => undefined) : Promise.resolve(),
    );
    queue.push(beat("x", 0));
    await eventually(() => expect(numbers()).toEqual([0]));
    for (let number = 1; number <= 10_005; number += 1) queue.push(beat("x", number));
    expect(queue.lost()).toBe(5);
    pass(5_000);
    queue.push(beat("x", 1));
    first.resolve(null);
    await eventually(() => expect(numbers()).toEqual([0, 1]));
    expect(queue.lost()).toBe(10_005);
    await queue.stop();
  });

  it("loses one that is too long for any message", async () => {
    const { queue } = play(() => Promise.resolve());
    queue.push(beat("x".repeat(maxMessageBytes), 1));
    expect(queue.lost()).toBe(1);
    await queue.stop();
  });
});

describe("a line", () => {
  it("is read as it was written", () => {
    const signal = { type: "typing", chatId: "c", userId: "1", isTyping: true, offset: 7 } as const;
    expect(decodeSignal(encodeSignal(signal))).toEqual(signal);
  });

  it.each(["", "{", "null", "7", "[]", '{"type":"beat"}', '{"type":"of the future"}', '{"type":"constructor"}'])(
    "of %j is no signal of ours",
    (line) => expect(decodeSignal(line)).toBeNull(),
  );
});
